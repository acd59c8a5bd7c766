// Graphs with the bodies of their loops.
import { isOp, type Node } from './graph.js';
import { bodyRoots, scan } from './ops/scan.js';
import { reachable } from './reachable.js';

/** Every node that the roots reach, and those in the bodies of loops among them, each once. */
export function everyNode(roots: readonly Node[]): Node[] {
  const first = reachable(roots);
  let open = bodyRoots(first.filter((node) => isOp(node, scan)));
  if (open.length === 0) return first;
  const found = new Set(first);
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
