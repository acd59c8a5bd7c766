// Reverse-mode differentiation: the chain rule on graphs, in the graph's own words.
import { filled } from '../../ir/ops/calls.js';
import { add } from '../../ir/ops/arithmetic.js';
import { nameNode } from '../../ir/builder.js';
import type { Builder, Node } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';
import { rangesOf } from './reach/ranges.js';
import { flowsOf, merged, type Flow } from './reach/reach.js';

/**
 * The derivative of the sum of `output` with respect to each node of `wrt`, as graph nodes; undefined where it does not depend on it.
 * Only nodes on a path from `wrt` to the output get cotangents. What a choice did not take gets 0, whatever its derivative is. The cotangent of a node named h is named d_h. Since the result is
 * an ordinary graph, it can be differentiated again.
 */
export function differentiate(output: Node, wrt: readonly Node[], g: Builder): (Node | undefined)[] {
  const order = reachable([output]);
  const wanted = new Set(wrt);
  const onPath = new Set<Node>();
  for (const node of order)
    if (wanted.has(node) || (node.op.vjp && node.inputs.some((i) => onPath.has(i)))) onPath.add(node);
  const ranges = rangesOf(order);
  const flows = new Map<Node, Flow>();
  if (onPath.has(output)) flows.set(output, { cotangent: filled(g, 1, output.type) });
  for (const node of [...order].reverse()) {
    const flow = flows.get(node);
    if (!flow) continue;
    if (flow.cotangent.inputs.length > 0 && node !== output) nameCotangent(flow.cotangent, node);
    if (!node.op.vjp || !node.inputs.some((i) => onPath.has(i))) continue;
    g.at(node.origin, () => {
      const parts = flowsOf(node, flow, ranges, g);
      node.inputs.forEach((input, i) => {
        const part = parts[i];
        if (!part || !onPath.has(input)) return;
        const before = flows.get(input);
        flows.set(input, before ? merged(before, part, g.make(add, [before.cotangent, part.cotangent], {}), g) : part);
      });
    });
  }
  return wrt.map((node) => flows.get(node)?.cotangent);
}

function nameCotangent(cotangent: Node, { name, place }: Node): void {
  if (name) nameNode(cotangent, `d_${name}`, `d_${place ?? name}`);
  // What textbooks call delta: the cotangent of what an activation is applied to.
  else if (place?.endsWith('.input')) cotangent.place ??= `delta_${place.slice(0, -'.input'.length)}`;
  else if (place) cotangent.place ??= `d_${place}`;
}
