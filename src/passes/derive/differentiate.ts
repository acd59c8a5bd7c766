// Reverse-mode differentiation: the chain rule on graphs, in the graph's own words.
import { filled } from '../../ir/ops/calls.js';
import { add } from '../../ir/ops/arithmetic.js';
import { markCotangent } from '../../ir/builder.js';
import type { Builder, Node } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';
import { rangesOf } from './reach/ranges.js';
import { flowsOf, merged, type Flow } from './reach/reach.js';

/**
 * The derivative of the sum of `output` with respect to each node of `wrt`, as graph nodes; undefined where it does not depend on it.
 * Only nodes on a path from `wrt` to the output get cotangents. What a choice did not take gets 0, whatever its derivative is. Since the
 * result is an ordinary graph, it can be differentiated again.
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
    if (node.inputs.length > 0 && node !== output) markCotangent(flow.cotangent, node);
    if (!node.op.vjp || !node.inputs.some((i) => onPath.has(i))) continue;
    const step = (): void => {
      const parts = flowsOf(node, flow, ranges, g);
      node.inputs.forEach((input, i) => {
        const part = parts[i];
        if (!part || !onPath.has(input)) return;
        const before = flows.get(input);
        flows.set(input, before ? merged(before, part, g.make(add, [before.cotangent, part.cotangent], {}), g) : part);
      });
    };
    g.at(node.origin, step, { kind: 'cotangent', from: node });
  }
  return wrt.map((node) => flows.get(node)?.cotangent);
}
