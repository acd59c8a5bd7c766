// Names that mean something to one builtin alone.
import type { Argument, Identifier } from '../../parser/tree.js';
import type { Builtin } from './values.js';

/** The word that an argument of a builtin is, if it is one; `isKnown` says whether something else bears a name. */
export function wordIn(
  { name, value }: Argument,
  { words }: Pick<Builtin, 'words'>,
  isKnown: (name: string) => boolean,
): Identifier | undefined {
  if (value.kind !== 'name' || !words?.names.includes(value.name)) return undefined;
  const isMeant = (name !== undefined && words.isFor(name.name)) || !isKnown(value.name);
  return isMeant ? value : undefined;
}
