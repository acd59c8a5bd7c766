// Reverse-mode differentiation: the chain rule on graphs, in the graph's own words.
import { filled } from '../../ir/ops/calls.js';
import { add } from '../../ir/ops/arithmetic.js';
import { markCotangent } from '../../ir/builder.js';
import { isOp, type Builder, type Node } from '../../ir/graph.js';
import { runKey, runsAmong, scan, type ScanNode } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import { createActivity } from './loops/activity.js';
import { reverse } from './loops/reverse.js';
import { rangesOf } from './reach/ranges.js';
import { flowsOf, merged, type Flow } from './reach/reach.js';
import type { Trace } from './trace.js';

/**
 * The derivative of the sum of `output` with respect to each node of `wrt`, as graph nodes; undefined where it does not depend on it.
 * Only nodes on a path from `wrt` to the output get cotangents. What a choice did not take gets 0, whatever its derivative is. Since the
 * result is an ordinary graph, it can be differentiated again.
 */
export function differentiate(
  output: Node,
  wrt: readonly Node[],
  g: Builder,
  options: Options = {},
): (Node | undefined)[] {
  return backpropagate(new Map([[output, filled(g, 1, output.type)]]), wrt, g, options);
}

/** The same of several nodes, each with its cotangent; the body of a loop has some for each value that it carries or emits. */
export function backpropagate(
  seeds: ReadonlyMap<Node, Node>,
  wrt: readonly Node[],
  g: Builder,
  { by, trace }: Options = {},
): (Node | undefined)[] {
  const order = reachable([...seeds.keys()]);
  const runs = runsAmong(order);
  const onPath = pathsFrom(new Set(wrt), order, runs);
  const ranges = rangesOf(order);
  const flows = new Map<Node, Flow>();
  const give = (node: Node, part: Flow): void => {
    if (!onPath.has(node)) return;
    const before = flows.get(node);
    flows.set(node, before ? merged(before, part, g.make(add, [before.cotangent, part.cotangent], {}), g) : part);
  };
  for (const [node, cotangent] of seeds) give(node, { cotangent });
  for (const node of [...order].reverse()) {
    const flow = flows.get(node);
    if (flow && node.inputs.length > 0 && flow.cotangent !== seeds.get(node)) markCotangent(flow.cotangent, node);
    const step = (): void => {
      if (isOp(node, scan)) {
        // All that reads a run's results stands behind the first of them.
        const results = runs.get(runKey(node)) ?? [];
        if (results[0] !== node) return;
        const reached = results.flatMap((result) => {
          const found = flows.get(result);
          return found ? [{ node: result, cotangent: found.cotangent }] : [];
        });
        if (reached.length === 0) return;
        const parts = reverse(reached, results, (input) => onPath.has(input), {
          g,
          ...(trace && { trace }),
          backpropagate: (inner, leaves) => backpropagate(inner, leaves, g, { by, trace }),
        });
        node.inputs.forEach((input, i) => {
          const cotangent = parts[i];
          if (!cotangent) return;
          give(input, { cotangent });
          trace?.steps.push({ of: input, through: node, upstream: reached[0].cotangent, part: cotangent });
        });
      } else if (flow && node.op.vjp && node.inputs.some((i) => onPath.has(i))) {
        const parts = flowsOf(node, flow, ranges, g);
        node.inputs.forEach((input, i) => {
          const part = parts[i];
          if (!part) return;
          give(input, part);
          if (onPath.has(input))
            trace?.steps.push({ of: input, through: node, upstream: flow.cotangent, part: part.cotangent });
        });
      }
    };
    g.at(node.origin, step, { kind: 'cotangent', from: node, ...(by && { by }) });
  }
  return wrt.map((node) => flows.get(node)?.cotangent);
}

interface Options {
  /** What is differentiated, where that is not the loss. */
  readonly by?: Node;
  readonly trace?: Trace;
}

/** The nodes that depend on some of the others in a way that can be differentiated. */
function pathsFrom(
  wanted: ReadonlySet<Node>,
  order: readonly Node[],
  runs: ReadonlyMap<string, readonly ScanNode[]>,
): ReadonlySet<Node> {
  const found = new Set<Node>();
  const activity = createActivity();
  for (const node of order) {
    const depends = isOp(node, scan)
      ? activity(runs.get(runKey(node)) ?? [node], (input) => found.has(input)).results.has(node)
      : node.op.vjp !== undefined && node.inputs.some((i) => found.has(i));
    if (wanted.has(node) || depends) found.add(node);
  }
  return found;
}
