// What some nodes are made from.
import type { Node } from './graph.js';

/** Every node that the roots reach: inputs before what reads them, in order of making. */
export function reachable(roots: readonly Node[]): Node[] {
  const found = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
