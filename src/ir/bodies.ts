// Graphs with the bodies of their loops.
import { isOp, type Node } from './graph.js';
import { bodyRoots, scan } from './ops/scan.js';
import { reachable } from './reachable.js';

/** Every node that the roots reach, and those in the bodies of loops among them, each once. */
export function everyNode(roots: readonly Node[]): Node[] {
  const found = new Set<Node>();
  let open = roots;
  while (open.length > 0) {
    const next: Node[] = [];
    for (const node of reachable(open)) {
      if (found.has(node)) continue;
      found.add(node);
      if (isOp(node, scan)) next.push(...bodyRoots([node]));
    }
    open = next;
  }
  return [...found];
}
