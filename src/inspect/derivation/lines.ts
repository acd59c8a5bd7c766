// Where nodes stand in the user's source.
import type { Node } from '../../ir/graph.js';
import type { SourceLine } from './data.js';

/** `mnist.nn:9 cross_entropy`: the line of the model, and the function whose call made the node. */
export function linesOf({ origin }: Node): SourceLine[] {
  if (!origin) return [];
  const { file, line, calls } = origin;
  return [{ file: file.slice(file.lastIndexOf('/') + 1), line, ...(calls.length > 0 && { call: calls[0] }) }];
}
