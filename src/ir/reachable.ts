// What some nodes are made from.
import { isOp, type Node } from './graph.js';
import { parameter } from './ops/leaves.js';

/** Every node that the roots reach: inputs before what reads them, in order of making. `follow` gives the inputs that count. */
export function reachable(
  roots: readonly Node[],
  follow: (node: Node) => readonly Node[] = ({ inputs }) => inputs,
): Node[] {
  const found = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...follow(node));
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** The names of the parameters among some nodes. */
export function parametersAmong(nodes: readonly Node[]): string[] {
  return nodes.flatMap((n) => (isOp(n, parameter) ? [n.attrs.name] : []));
}

/** What a node's derivative is taken by: what stands behind round, comparisons and the like has none. */
export function differentiable({ op, inputs }: Node): readonly Node[] {
  return op.vjp ? inputs.filter((input) => input.type.element.kind === 'f32') : [];
}
