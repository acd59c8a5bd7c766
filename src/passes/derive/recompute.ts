// Less memory for more arithmetic: the backward pass computes activations again, from a few that are kept.
import { nameOf } from '../../ir/labels.js';
import { isOp, type Builder, type Node } from '../../ir/graph.js';
import { again } from '../../ir/ops/control.js';
import { equalTo } from '../../ir/ops/logic.js';
import { broadcast, reshape } from '../../ir/ops/movement.js';
import { reduceMax, reduceMin } from '../../ir/ops/reductions.js';
import { mapNode, reachable } from '../../ir/reachable.js';
import { elementCount } from '../../ir/types.js';
import { becomesOf, withGradients, withUpdates, type Gradients } from './derive.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';
import { decide } from '../stored/decide.js';
import { segmentsOf, type Tensor } from './segments.js';
import { counter, input } from '../../ir/ops/leaves.js';

/**
 * The forward pass is cut into segments. What one segment hands to later ones is kept, and the whole of the last one, whose backward
 * pass comes next. For any other activation, gradients and updates read a copy that starts from what is kept. Since copies compute
 * what the originals do, gradients stay the same; random draws too, which depend on the step and their index alone.
 */
export function recompute(derived: Gradients): Gradients {
  const { model } = derived;
  const estimate: Estimate = () => model.train.batch;
  const { loss, losses, metrics, states } = model.training;
  const forwardRoots = [...(loss ? [loss] : []), ...[...losses, ...metrics, ...states].map((n) => n.node)];
  const backwardRoots = [...derived.gradients.values(), ...becomesOf(derived).map((b) => b.node)];
  const forward = reachable(forwardRoots);
  const varying = varyingOf(forward);
  const { stored } = decide([...forwardRoots, ...backwardRoots], estimate);

  const tensors = tensorsOf(forward, (node) => stored.has(node) && varying.has(node), estimate);
  const { segments, last, kept } = inSegments(forward, tensors);
  const isKept = (node: Node): boolean =>
    node.op.kind === 'leaf' || !varying.has(node) || segments.get(node) === last || kept.has(node);
  const copied = copy(forward, isKept, (node) => varying.has(node), model.builder);

  const moved = rebuild(backwardRoots, new Set(forward), copied, model.builder);
  const { gradients, players } = withGradients(derived, (nodes) => nodes.map(moved));
  return {
    model,
    gradients,
    players: players.map((player) => withUpdates(player, (nodes) => nodes.map(moved))),
    recomputed: copied.made,
  };
}

/** What differs from call to call: all but parameters, states, constants, and what is made from them alone. */
function varyingOf(forward: readonly Node[]): Set<Node> {
  const varying = new Set<Node>();
  for (const node of forward)
    if (isOp(node, input, counter) || node.inputs.some((i) => varying.has(i))) varying.add(node);
  return varying;
}

interface Stored extends Tensor {
  readonly node: Node;
}

/** The stored nodes in order, each with the position of its last reader among them. */
function tensorsOf(forward: readonly Node[], isStored: (node: Node) => boolean, estimate: Estimate): Stored[] {
  const list: { node: Node; size: number; lastReader: number }[] = [];
  // The stored nodes that one reads, through nodes that are not.
  const sources = new Map<Node, ReadonlySet<number>>();
  for (const node of forward) {
    const reads = new Set(node.inputs.flatMap((i) => [...(sources.get(i) ?? [])]));
    if (!isStored(node)) {
      sources.set(node, reads);
      continue;
    }
    const place = list.length;
    for (const read of reads) list[read].lastReader = place;
    list.push({ node, size: estimated(elementCount(node.type), estimate), lastReader: place });
    sources.set(node, new Set([place]));
  }
  return list;
}

/** The segment of each node, and the nodes that later segments read. */
function inSegments(
  forward: readonly Node[],
  tensors: readonly Stored[],
): { readonly segments: ReadonlyMap<Node, number>; readonly last: number; readonly kept: ReadonlySet<Node> } {
  const segmentOf = segmentsOf(tensors);
  const own = new Map(tensors.map(({ node }, i) => [node, segmentOf[i]]));
  const segments = new Map<Node, number>();
  for (const node of forward)
    segments.set(node, own.get(node) ?? Math.max(0, ...node.inputs.map((i) => segments.get(i) ?? 0)));
  const kept = tensors.filter(({ lastReader }, i) => segmentOf[lastReader] > segmentOf[i]).map(({ node }) => node);
  return { segments, last: segmentOf.at(-1) ?? 0, kept: new Set(kept) };
}

interface Copies {
  readonly copies: ReadonlyMap<Node, Node>;
  /** All nodes that copies take. */
  readonly made: Set<Node>;
}

/** A copy of each node that is not kept. */
function copy(
  forward: readonly Node[],
  isKept: (node: Node) => boolean,
  isVarying: (node: Node) => boolean,
  g: Builder,
): Copies {
  const copies = new Map<Node, Node>();
  const made = new Set<Node>();
  const start = (node: Node): Node => {
    const found = g.make(again, [node], {});
    made.add(found);
    return found;
  };
  for (const node of forward) {
    if (isKept(node)) continue;
    const inputs = node.inputs.map(
      (i) => compared(node, i, { copies, made }, g) ?? copies.get(i) ?? (isVarying(i) ? start(i) : i),
    );
    const found = g.like(node, () => g.make(node.op, inputs, node.attrs));
    found.name ??= `${nameOf(node)}_again`;
    copies.set(node, found);
    made.add(found);
  }
  return { copies, made };
}

/** What reads nodes of the forward pass reads their copies instead. In order of making, which the order of nests follows. */
function rebuild(roots: readonly Node[], forward: ReadonlySet<Node>, copied: Copies, g: Builder): (node: Node) => Node {
  const done = new Map<Node, Node>();
  for (const node of reachable(roots)) {
    if (forward.has(node)) continue;
    const become = (part: Node): Node =>
      compared(node, part, copied, g) ?? (forward.has(part) ? copied.copies.get(part) : done.get(part)) ?? part;
    const found = mapNode(node, become, g);
    if (found !== node) done.set(node, found);
  }
  return (node) => done.get(node) ?? node;
}

/**
 * What a comparison reads where that is the largest or smallest of what is computed again: taken from the copy too, though it is kept
 * itself. Copies are the same but for rounding, by which no element might be as large as what was largest before.
 */
function compared({ op }: Node, input: Node, { copies, made }: Copies, g: Builder): Node | undefined {
  const extreme = (node: Node): Node | undefined => {
    const { inputs, attrs } = node;
    const from =
      node.op === reduceMax || node.op === reduceMin
        ? !copies.has(node) && copies.get(inputs[0])
        : (node.op === broadcast || node.op === reshape) && extreme(inputs[0]);
    if (!from) return undefined;
    const found = g.make(node.op, [from], attrs);
    made.add(found);
    return found;
  };
  return op === equalTo ? extreme(input) : undefined;
}
