// The derivative of a loop: another one, from the last round to the first, which carries the cotangents of what the loop carries.
import { activityOf, carriedBack } from './activity.js';
import { createRecall } from './recall.js';
import { Sums } from './sums.js';
import { add } from '../../../ir/ops/arithmetic.js';
import { filled, numberOf } from '../../../ir/ops/calls.js';
import { markCotangent } from '../../../ir/builder.js';
import { through, type Builder, type Node } from '../../../ir/graph.js';
import { ownName } from '../../../ir/labels.js';
import { permute, reshape } from '../../../ir/ops/movement.js';
import {
  bound,
  bodyRoots,
  createLoop,
  inputsOfScan,
  leavesOfLoop,
  scan,
  type Bound,
  type Loop,
  type LoopResult,
  type ScanNode,
} from '../../../ir/ops/scan.js';
import { flipped, rowsOf } from '../../../ir/ops/rows.js';
import { reachable } from '../../../ir/reachable.js';
import type { Trace } from '../trace.js';
import type { TensorType } from '../../../ir/types.js';

export interface Tools {
  readonly g: Builder;
  readonly trace?: Trace;
  readonly backpropagate: (seeds: ReadonlyMap<Node, Node>, wrt: readonly Node[]) => readonly (Node | undefined)[];
}

/** A result of a run with its cotangent. */
export interface Reached {
  readonly node: ScanNode;
  readonly cotangent: Node;
}

/**
 * The cotangent of each input of a run, from those of its results. Round by round, backwards, the body's derivative makes those of
 * slices, of what is captured, and of what is carried, which is handed on. `counts` says which inputs' are wanted.
 */
export function reverse(
  reached: readonly Reached[],
  results: readonly ScanNode[],
  counts: (input: Node) => boolean,
  { g, backpropagate, trace }: Tools,
): (Node | undefined)[] {
  const [{ node: first }] = reached;
  const { loop } = first.attrs;
  const active = activityOf(results, counts).leaves;
  const back = createBack(loop, g);
  const seeds = seedsOf(reached, active, back, g);
  const wrt = leavesOfLoop(loop).filter((leaf) => active.has(leaf));
  const before = trace?.steps.length ?? 0;
  const found = new Map(backpropagate(seeds.seeds, wrt).map((node, i) => [wrt[i] as Node, node]));

  const { sequences } = inputsOfScan(first);
  const recall = createRecall(first, reachable(bodyRoots(results)), back, g);
  const next = seeds.carried.map(({ k, type }) => found.get(loop.carried[k]) ?? filled(g, 0, type));
  const slices = loop.slices.map((leaf) => found.get(leaf));
  // What a round makes of a slice is the derivative by its row of the sequence.
  slices.forEach((node, i) => {
    if (node) markCotangent(node, through(sequences[i], [permute]));
  });
  const needed = reachable([...next, ...slices.filter((slice) => slice !== undefined)]);
  const sums = new Sums(recall, loop, new Set(needed), g);
  const terms = loop.captured.map((leaf) => {
    const term = found.get(leaf);
    return term && sums.over(term);
  });

  const all = [...next, ...sums.accumulated.map(({ next: n }) => n)].map(recall.settled);
  const emitted = new Map(
    [...slices.filter((s) => s !== undefined), ...sums.stacked].map((s) => [s, recall.settled(s)]),
  );
  const carried = [...seeds.carried, ...sums.accumulated];
  const { slices: inSlices, captured } = recall.inputs(reachable([...all, ...emitted.values()]));
  const reversed = createLoop({
    depth: loop.depth,
    length: loop.length,
    slices: inSlices.map(({ leaf }) => leaf),
    carried: carried.map(({ leaf }) => leaf),
    captured: captured.map(({ leaf }) => leaf),
    next: all,
  });
  if (trace) settleSteps(trace, before, recall.settled);
  const inputs = [...inSlices.map((s) => s.sequence), ...carried.map((c) => c.start), ...captured.map((c) => c.node)];
  const result = (of: LoopResult): Node => g.make(scan, inputs, { loop: reversed, result: of });
  const stackOf = (node: Node): Node => result({ kind: 'emit', of: emitted.get(node) ?? node });
  const finals = carried.map((_, k) => result({ kind: 'final', of: k }));
  const totals = finals.slice(seeds.carried.length);
  return [
    ...slices.map((slice) => slice && flipped(stackOf(slice), g)),
    ...loop.carried.map((_, k) => {
      const through = finals.find((__, i) => seeds.carried[i]?.k === k);
      const first = seeds.firsts.get(k);
      return through && first ? g.make(add, [through, first], {}) : (through ?? first);
    }),
    ...terms.map((term) => term?.({ stackOf, totals })),
  ];
}

/** Steps of the chain rule were taken with the body's own values, of which the reverse loop has copies. */
function settleSteps({ steps }: Trace, from: number, settled: (node: Node) => Node): void {
  const own = steps.splice(from);
  steps.push(...own.map((step) => ({ ...step, upstream: settled(step.upstream), part: settled(step.part) })));
}

/** The leaves that a reverse loop has beside those of the loop. */
export interface Back {
  readonly slices: { readonly leaf: Bound; readonly sequence: Node }[];
  leaf(name: string, type: TensorType): Bound;
}

function createBack(loop: Loop, g: Builder): Back {
  let number = Math.max(-1, ...leavesOfLoop(loop).map(({ attrs }) => attrs.number)) + 1;
  return {
    slices: [],
    leaf: (name, type) => g.make(bound, [], { depth: loop.depth, number: number++, name, type }),
  };
}

interface Carried {
  readonly k: number;
  readonly type: TensorType;
  readonly leaf: Bound;
  readonly start: Node;
}

/** What the derivative of the body starts from: leaves that stand for cotangents. */
function seedsOf(reached: readonly Reached[], active: ReadonlySet<Node>, back: Back, g: Builder) {
  const { loop } = reached[0].node.attrs;
  const seeds = new Map<Node, Node>();
  const seed = (node: Node, cotangent: Node): void => {
    const before = seeds.get(node);
    seeds.set(node, before ? g.make(add, [before, cotangent], {}) : cotangent);
  };
  const emitted: Node[] = [];
  const lasts = new Map<number, Node>();
  const firsts = new Map<number, Node>();
  const emit = (of: Node, name: string, cotangent: Node): void => {
    const leaf = back.leaf(`d_${name}`, of.type);
    back.slices.push({ leaf, sequence: flipped(cotangent, g) });
    seed(of, leaf);
    emitted.push(of);
  };
  for (const { node, cotangent } of reached) {
    const { result } = node.attrs;
    if (result.kind === 'emit') {
      emit(result.of, ownName(result.of) ?? 'emitted', cotangent);
      continue;
    }
    if (result.kind === 'final') {
      lasts.set(result.of, cotangent);
      continue;
    }
    // What a stack holds is its first row, and what each round makes.
    const { type, attrs } = loop.carried[result.of];
    emit(loop.next[result.of], `${attrs.name}_emitted`, rowsOf(cotangent, 1, loop.length, g));
    const row = rowsOf(cotangent, 0, 1, g);
    if (numberOf(row) !== 0) firsts.set(result.of, g.make(reshape, [row], { shape: type.shape }));
  }
  const read = new Set(reachable([...loop.next, ...emitted]).flatMap(({ inputs }) => inputs));
  const carried = carriedBack(loop, emitted, new Set(lasts.keys()), active).map((k): Carried => {
    const { type, attrs } = loop.carried[k];
    const next = loop.next[k];
    // What is handed on is all of the derivative, or what later rounds add to it.
    const isAll = !seeds.has(next) && (next.name !== undefined || !read.has(next));
    const leaf = back.leaf(isAll ? `d_${attrs.name}` : `part_${attrs.name}`, type);
    seed(next, leaf);
    const total = seeds.get(next);
    if (total && !isAll) markCotangent(total, loop.carried[k]);
    return { k, type, leaf, start: lasts.get(k) ?? filled(g, 0, type) };
  });
  return { seeds, carried, firsts };
}
