// Where nodes stand in the user's source.
import type { Node } from '../../ir/graph.js';
import { baseName, sourceOf, type SourceLine } from '../../ir/source.js';

/** `mnist.nn:9 cross_entropy`: the line of the model, and the function whose call made the node. */
export function linesOf(node: Node): SourceLine[] {
  const source = sourceOf(node);
  return source ? [{ ...source, file: baseName(source.file) }] : [];
}
