// What a reverse loop needs of the rounds of the loop: kept by it, or computed again.
import { elementwise } from './elementwise.js';
import type { Around } from './outside.js';
import type { Back } from './reverse.js';
import { isOp, type Builder, type Node, type Op } from '../../../ir/graph.js';
import { ownName } from '../../../ir/labels.js';
import { constant, iota, size } from '../../../ir/ops/constants.js';
import { gather, oneHot, takeAlong } from '../../../ir/ops/indexing.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../../ir/ops/movement.js';
import { ownGradient } from '../../../ir/ops/ownGradient.js';
import { flipped, rowsOf } from '../../../ir/ops/rows.js';
import {
  bound,
  inputsOfScan,
  resultOf,
  runKey,
  runsAmong,
  scan,
  type Bound,
  type LoopResult,
  type ScanNode,
} from '../../../ir/ops/scan.js';
import { mapNode } from '../../../ir/reachable.js';

/** A few instructions on what is at hand: computed again rather than kept for every round. */
const cheap: ReadonlySet<Op> = new Set<Op>([
  ...elementwise,
  ...[
    broadcast,
    concat,
    pad,
    permute,
    reshape,
    slice,
    spreadOut,
    gather,
    oneHot,
    takeAlong,
    constant,
    iota,
    size,
    ownGradient,
  ],
]);

/** The body of a reverse loop on its way, whose nodes are over the leaves of the loop and cotangents. */
export interface Recall extends Around {
  /** The node as the reverse loop computes it. */
  readonly settled: (node: Node) => Node;
  /** Is it made of cotangents? */
  readonly isBack: (node: Node) => boolean;
  readonly leaf: Back['leaf'];
  /** What the reverse loop reads, of what is among some nodes. */
  readonly inputs: (among: readonly Node[]) => {
    readonly slices: readonly { readonly leaf: Bound; readonly sequence: Node }[];
    readonly captured: readonly { readonly leaf: Bound; readonly node: Node }[];
  };
}

/** `first` is a result of the run, `body` all that its body computes. */
export function createRecall(first: ScanNode, body: readonly Node[], back: Back, g: Builder): Recall {
  const { loop } = first.attrs;
  const inputs = inputsOfScan(first);
  const outer = new Map<Node, Node>(loop.captured.map((leaf, i) => [leaf, inputs.captured[i]]));
  const captured = new Map<Node, Bound>(loop.captured.map((leaf, i) => [inputs.captured[i], leaf]));
  const isLeaf = (node: Node): node is Bound => isOp(node, bound) && node.attrs.depth === loop.depth;
  const own = new Set<Node>([...loop.slices, ...loop.carried]);
  const isBack = remembered<boolean>((node, visit) =>
    isLeaf(node) ? !own.has(node) && !outer.has(node) : node.inputs.some(visit),
  );
  const isTimeless = remembered<boolean>((node, visit) => (isLeaf(node) ? outer.has(node) : node.inputs.every(visit)));
  const outside = remembered<Node>((node, visit) => outer.get(node) ?? mapNode(node, visit, g));
  const isSaved = savedIn(body, isLeaf);
  const sequence = sequencesOf(first, isSaved, back, g);
  const saved = new Map<Node, Bound>();
  const settled = remembered<Node>((node, visit) => {
    if (isLeaf(node)) return node;
    if (isTimeless(node) && !cheap.has(node.op)) {
      const value = outside(node);
      const leaf = captured.get(value) ?? back.leaf(ownName(value) ?? 'outer', value.type);
      captured.set(value, leaf);
      return leaf;
    }
    if (!isSaved(node)) return mapNode(node, visit, g);
    const next = loop.next.indexOf(node);
    const name = next >= 0 ? `${loop.carried[next].attrs.name}_next` : (ownName(node) ?? 'kept');
    const leaf = back.leaf(name, node.type);
    saved.set(node, leaf);
    return leaf;
  });
  return {
    settled,
    sequence,
    isTimeless,
    outside,
    isBack,
    leaf: back.leaf,
    inputs: (among) => {
      const read = new Set(among);
      const kept = [...[...own].map((leaf) => [leaf, leaf] as const), ...saved].flatMap(([node, leaf]) => {
        const found = read.has(leaf) ? sequence(node) : undefined;
        return found && isLeaf(leaf) ? [{ leaf, sequence: flipped(found, g) }] : [];
      });
      return {
        slices: [...back.slices.filter(({ leaf }) => read.has(leaf)), ...kept],
        captured: [...captured].flatMap(([node, leaf]) => (read.has(leaf) ? [{ leaf, node }] : [])),
      };
    },
  };
}

/** Which nodes of a loop's body are kept at each round for the reverse loop. */
function savedIn(body: readonly Node[], isLeaf: (node: Node) => boolean): (node: Node) => boolean {
  const forward = new Set(body);
  // Of a loop in the body its derivative may ask for more than the body did: it is not run again for that.
  const inner = runsAmong(body);
  return (node) =>
    isOp(node, scan)
      ? inner.has(runKey(node)) && !node.attrs.loop.again
      : forward.has(node) && !cheap.has(node.op) && !isLeaf(node);
}

/** What a node is at every round, in the loop's order, where that is at hand: a sequence that it reads, or what it keeps. */
function sequencesOf(
  first: ScanNode,
  isSaved: (node: Node) => boolean,
  back: Back,
  g: Builder,
): (node: Node) => Node | undefined {
  const { loop } = first.attrs;
  const { sequences } = inputsOfScan(first);
  const result = (of: LoopResult): Node => g.like(first, () => resultOf(g, first.inputs, loop, of));
  return remembered<Node | undefined>((node) => {
    const at = back.slices.find(({ leaf }) => leaf === node);
    if (at) return flipped(at.sequence, g);
    const [from, k] = [loop.slices, loop.carried].map((leaves) => leaves.findIndex((leaf) => leaf === node));
    if (from >= 0) return sequences[from];
    if (k >= 0) return rowsOf(result({ kind: 'stack', of: k }), 0, loop.length, g);
    if (!isSaved(node)) return undefined;
    // What is carried on is kept anyway.
    const next = loop.next.indexOf(node);
    if (next >= 0) return rowsOf(result({ kind: 'stack', of: next }), 1, loop.length, g);
    return result({ kind: 'emit', of: node });
  });
}

/** A function of nodes by what it is of their inputs, each found once. */
function remembered<T>(of: (node: Node, visit: (node: Node) => T) => T): (node: Node) => T {
  const known = new Map<Node, { readonly value: T }>();
  const visit = (node: Node): T => {
    const before = known.get(node);
    if (before) return before.value;
    const value = of(node, visit);
    known.set(node, { value });
    return value;
  };
  return visit;
}
