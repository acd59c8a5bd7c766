// What an author's `if` stands before: values that count only where it chooses them.
import { isOp, type Node } from '../../../ir/graph.js';
import { select } from '../../../ir/ops/logic.js';
import { bodyRoots, scan } from '../../../ir/ops/scan.js';
import { sameShape } from '../../../ir/types.js';

/** What is read, element by element, by nothing but an `if` that may choose something else. `roots` are read by others as well. */
export function chosenAmong(nodes: readonly Node[], roots: ReadonlySet<Node>): ReadonlySet<Node> {
  const chosen = new Set<Node>();
  const loose = new Set<Node>(roots);
  // Readers come after what they read.
  for (const node of [...nodes].sort((a, b) => b.id - a.id)) {
    if (!loose.has(node)) chosen.add(node);
    const safe = (input: Node): boolean =>
      isOp(node, select) ? input !== node.inputs[0] : chosen.has(node) && sameShape(input.type, node.type);
    for (const input of node.inputs) if (!safe(input)) loose.add(input);
    if (isOp(node, scan)) for (const root of bodyRoots([node])) loose.add(root);
  }
  return chosen;
}
