// What values are made of: what is learnt, what goes round a loop, what a mask counts.
import { isOp, type Node } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { oneHot } from '../../ir/ops/indexing.js';
import { parameter } from '../../ir/ops/leaves.js';
import { toF32 } from '../../ir/ops/logic.js';
import { inputsOfScan, leavesOfLoop, scan } from '../../ir/ops/scan.js';

export interface Sources {
  /** A parameter that is trained. */
  readonly learnt: boolean;
  /** What a loop carries from round to round: of its bounds nothing is known. */
  readonly carried: boolean;
  /** Truths as numbers: sums of them count. */
  readonly truths: boolean;
}

const none: Sources = { learnt: false, carried: false, truths: false };

/** The sources of each node; what bodies of loops read comes after the loops. */
export function sourcesOf(nodes: readonly Node[], { parameters }: ModelGraph): ReadonlyMap<Node, Sources> {
  const trained = new Set(parameters.flatMap(({ name, trained: is }) => (is ? [name] : [])));
  const all = new Map<Node, Sources>();
  const of = (node: Node): Sources => all.get(node) ?? none;
  for (const node of nodes) {
    const own: Sources = {
      learnt: isOp(node, parameter) && trained.has(node.attrs.name),
      carried: false,
      truths: isOp(node, oneHot) || (isOp(node, toF32) && node.inputs[0].type.element.kind === 'bool'),
    };
    all.set(node, joined([own, of(node), ...node.inputs.map(of)]));
    if (!isOp(node, scan)) continue;
    const { sequences, starts } = inputsOfScan(node);
    leavesOfLoop(node.attrs.loop).forEach((leaf, i) => {
      const carried = i >= sequences.length && i < sequences.length + starts.length;
      // What a round makes of what is learnt goes to the next.
      const given = carried ? joined([of(node), { ...none, carried }]) : of(node.inputs[i]);
      all.set(leaf, joined([of(leaf), given]));
    });
  }
  return all;
}

function joined(all: readonly Sources[]): Sources {
  return {
    learnt: all.some(({ learnt }) => learnt),
    carried: all.some(({ carried }) => carried),
    truths: all.some(({ truths }) => truths),
  };
}
