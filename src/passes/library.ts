// The standard library, of which each definition is parsed when it is first used.
import { library as sources } from '../embedded.js';
import { outline, type Outline } from '../parser/outline.js';

let outlines: readonly Outline[] | undefined;

/** Its files, in one list for all compilations. */
export function library(): readonly Outline[] {
  outlines ??= sources.map(outline);
  return outlines;
}
