// Less memory for loops: rounds in stretches, of which the backward pass runs each again from what was carried into it.
import { withRoots, type Graphs } from '../derive.js';
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constant as whole, constantOf, sub } from '../../../ir/index.js';
import { modeRoots, rootsOf } from '../../../ir/model.js';
import { concat, reshape, slice } from '../../../ir/ops/movement.js';
import { rowsOf } from '../../../ir/ops/rows.js';
import {
  bound,
  createLoop,
  inputsOfScan,
  resultOf,
  runKey,
  scan,
  type Bound,
  type LoopResult,
  type ScanNode,
} from '../../../ir/ops/scan.js';
import { mapNode, reachable } from '../../../ir/reachable.js';
import { dim, tensor, type Dim, type TensorType } from '../../../ir/types.js';

/** Fewer rounds than this are kept whole. */
const fewest = 9;

/**
 * A loop of the training graph over T rounds becomes one over stretches of about √T rounds, whose body is the loop over one of them: what
 * its rounds make is not kept, but what is carried into each stretch is.
 */
export function cutLoops({ written, model }: Graphs): Graphs {
  const g = model.builder;
  const roots = modeRoots(model);
  const ofTraining = rootsOf(model.training);
  const done = new Map<Node, Node>();
  const runs = new Map<string, Cut | undefined>();
  const become = (node: Node): Node => done.get(node) ?? node;
  for (const node of reachable(ofTraining)) {
    const run = cutRun(isOp(node, slice) ? node.inputs[0] : node, become, runs, g);
    const found = run && (isOp(node, scan) ? run.result(node) : isOp(node, slice) && run.sliced(node));
    done.set(node, found || mapNode(node, become, g));
  }
  return { written, model: withRoots(model, [...ofTraining.map(become), ...roots.slice(ofTraining.length)]) };
}

interface Cut {
  readonly result: (node: ScanNode) => Node;
  /** A slice of a stack that leaves out its first row. */
  readonly sliced: (node: NodeOf<typeof slice>) => Node | undefined;
}

/** The run that a node is a result of, cut; undefined where it is none, or not worth it. */
function cutRun(
  node: Node,
  become: (node: Node) => Node,
  runs: Map<string, Cut | undefined>,
  g: Builder,
): Cut | undefined {
  if (!isOp(node, scan)) return undefined;
  const key = runKey(node);
  if (!runs.has(key)) runs.set(key, cut(node, become, g));
  return runs.get(key);
}

function cut(first: ScanNode, become: (node: Node) => Node, g: Builder): Cut | undefined {
  const { loop } = first.attrs;
  const rounds = constantOf(loop.length.size) ?? 0;
  const length = stretchOf(rounds);
  if (length === undefined) return undefined;
  const [outer, inner] = [dim(whole(rounds / length)), dim(whole(length))];
  const { sequences, starts, captured } = inputsOfScan(first);
  // No other loop around or inside has this depth.
  const depth = loop.depth + 1000;
  let number = 0;
  const leaf = (of: Bound, type: TensorType): Bound =>
    g.make(bound, [], { depth, number: number++, name: of.attrs.name, type });
  const slices = loop.slices.map((of) => leaf(of, stacked(inner, of.type)));
  const carried = loop.carried.map((of) => leaf(of, of.type));
  const outside = loop.captured.map((of) => leaf(of, of.type));
  const stretch = createLoop({ ...loop, length: inner, again: true });
  const within = (of: LoopResult): Node => resultOf(g, [...slices, ...carried, ...outside], stretch, of);
  const run = createLoop({
    depth,
    length: outer,
    slices,
    carried,
    captured: outside,
    next: carried.map((_, k) => within({ kind: 'final', of: k })),
  });
  const inputs = [
    ...sequences.map((s, i) => g.make(reshape, [become(s)], { shape: [outer, ...slices[i].type.shape] })),
    ...[...starts, ...captured].map(become),
  ];
  const flat = (node: Node): Node =>
    g.make(reshape, [resultOf(g, inputs, run, { kind: 'emit', of: node })], {
      shape: [loop.length, ...node.type.shape.slice(1)],
    });
  /** A carried value after each round: [T, …]. */
  const after = (k: number): Node => flat(rowsOf(within({ kind: 'stack', of: k }), 1, inner, g));
  return {
    result(node) {
      const { result } = node.attrs;
      if (result.kind === 'final') return resultOf(g, inputs, run, result);
      if (result.kind === 'emit') return flat(within(result));
      const start = become(starts[result.of]);
      const row = g.make(reshape, [start], { shape: [dim(whole(1)), ...start.type.shape] });
      return g.make(concat, [row, after(result.of)], { axis: 0 });
    },
    sliced({ inputs: [stack], attrs: { starts: from, steps, sizes } }) {
      if (!isOp(stack, scan) || stack.attrs.result.kind !== 'stack') return undefined;
      const [at, count] = [constantOf(from[0]) ?? 0, constantOf(sizes[0].size) ?? 0];
      if (Math.min(at, at + (count - 1) * steps[0]) < 1) return undefined;
      return g.make(slice, [after(stack.attrs.result.of)], {
        starts: [sub(from[0], whole(1)), ...from.slice(1)],
        steps,
        sizes,
      });
    },
  };
}

function stacked(length: Dim, { element, shape }: TensorType): TensorType {
  return tensor([length, ...shape], element);
}

/** The length of stretches, so that as few rows as possible are kept: of one stretch, and before each. */
function stretchOf(rounds: number): number | undefined {
  if (rounds < fewest) return undefined;
  let best = rounds;
  for (let length = 2; length < rounds; length++)
    if (rounds % length === 0 && length + rounds / length < best) best = length + rounds / length;
  const found = Array.from({ length: rounds }, (_, i) => i + 1).find(
    (length) => rounds % length === 0 && length + rounds / length === best,
  );
  return best < 0.7 * rounds ? found : undefined;
}
