// What a loop's body reads and makes at each round: slices of sequences, rows of what values are carried in, rows of what is emitted.
import { formulaOf } from '../../ir/formula.js';
import type { Element, Node } from '../../ir/graph.js';
import { add, mul, printIndex, strideOf, toIndex, zero, type Axis, type Index } from '../../ir/index.js';
import { rowAt } from '../../ir/ops/rows.js';
import { inputsOfScan, runKey, type ScanNode } from '../../ir/ops/scan.js';
import { elementCount, type TensorType } from '../../ir/types.js';
import type { Provenance } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { DecidedRun } from '../stored/decide.js';
import type { FuseRequest, Root } from './drafts.js';
import { copyOf, elementOf, fusedInto, type NestDraft, type Places } from './nests.js';
import type { View } from './views.js';

/** A run of a loop, ready for its body to be fused. */
export interface OpenLoop {
  /** The round. */
  readonly axis: Axis;
  /** What the body must have computed at the end of each round. */
  readonly request: FuseRequest;
  /** What the body's own buffers are rows of. */
  readonly views: ReadonlyMap<Buffer, View>;
  /** Buffers that stand for carried values within the body. */
  readonly inside: ReadonlySet<Buffer>;
  /** What values start from, each moved to where the loop finds it. */
  readonly starts: readonly { readonly node: Node; readonly to: Buffer }[];
  readonly startViews: ReadonlyMap<Buffer, View>;
  /** What the loop makes for others. */
  readonly writes: ReadonlySet<Buffer>;
  /** Last rows, where others need them for themselves, and how that is written. */
  readonly copies: readonly NestDraft[];
  readonly texts: ReadonlyMap<Node, string>;
}

/** How a value goes from round to round. */
interface Carried {
  readonly leaf: Node;
  readonly next: Node;
  /** What it starts from, and where the loop finds that. */
  readonly start: Node;
  readonly first: Buffer;
  /** Where a round reads and makes it: rows of the whole, or the whole itself, overwritten. */
  readonly now: Buffer;
  readonly then: Buffer;
  readonly whole: Buffer;
  readonly stacked: boolean;
}

/** Opens a run of a loop that stands among the nodes of `request`, whose elements are found by `places`. */
export function openLoop(run: DecidedRun, request: FuseRequest, places: Places): OpenLoop {
  const [first] = run.results;
  const { loop } = first.attrs;
  const key = runKey(first);
  const axis = request.roundOf(loop.depth, loop.length);
  const carried = run.carried.map((k) => carriedBy(first, k, key, axis, request));
  const stacked = carried.filter((c) => c.stacked);
  const emits = run.results.flatMap((node) => emittedBy(node, axis, request));
  const rows = (of: Node): Index => mul(toIndex(axis), elementCount(of.type));
  const views = new Map<Buffer, View>([
    ...emits.map(({ root: { node, to }, whole }) => [to, { to: whole, from: rows(node) }] as const),
    ...stacked.map(({ now, whole, leaf }) => [now, { to: whole, from: rows(leaf) }] as const),
    ...stacked.map(({ then, whole, leaf }) => {
      return [then, { to: whole, from: add(rows(leaf), elementCount(leaf.type)) }] as const;
    }),
  ]);
  return {
    axis,
    request: {
      ...request,
      roots: [...carried.map(({ next, then }): Root => ({ node: next, to: then })), ...emits.map(({ root }) => root)],
      bufferOf: (node, within = '') => request.bufferOf(node, `${key} ${within}`),
      phaseOf: () => phaseOf(run.results, request),
      recomputed: new Set(),
      leaves: leavesOf(first, carried, axis, request, places),
    },
    views,
    inside: new Set(carried.map(({ now }) => now)),
    starts: carried.map(({ start, first: to }) => ({ node: start, to })),
    startViews: new Map(carried.map((c) => [c.first, { to: c.whole, from: zero, kernel: `start_${c.whole.name}` }])),
    writes: new Set([...carried, ...emits].map(({ whole }) => whole)),
    ...lastRows(run.results, stacked, request),
  };
}

function carriedBy(node: ScanNode, k: number, key: string, axis: Axis, request: FuseRequest): Carried {
  const { loop } = node.attrs;
  const leaf = loop.carried[k];
  const { stack, final } = request.carriedAs(key, k);
  const of = { leaf, next: loop.next[k], start: inputsOfScan(node).starts[k] };
  if (stack) {
    const whole = request.bufferOf(stack);
    const row = (text: string): Buffer => rowOf(whole, leaf.type, text);
    return { ...of, first: row('0'), now: row(axis.name), then: row(`${axis.name} + 1`), whole, stacked: true };
  }
  const whole = final ? request.bufferOf(final) : request.bufferOf(leaf, key);
  return { ...of, first: { ...whole }, now: whole, then: whole, whole, stacked: false };
}

/** The row of what is emitted that a round makes. */
function emittedBy(node: ScanNode, axis: Axis, request: FuseRequest) {
  const { result } = node.attrs;
  if (result.kind !== 'emit') return [];
  const whole = request.bufferOf(node);
  return [{ whole, root: { node: result.of, to: rowOf(whole, result.of.type, axis.name) } }];
}

/** One row of a longer tensor, as a buffer. */
function rowOf(whole: Buffer, type: TensorType, text: string): Buffer {
  return { ...whole, name: `${whole.name}[${text}]`, length: elementCount(type) };
}

/** A loop is of the model's own if any of its results is. */
function phaseOf(results: readonly ScanNode[], request: FuseRequest): Provenance['phase'] {
  const phases = results.map(request.phaseOf);
  return phases.includes('forward') ? 'forward' : phases[0];
}

/** What leaves of the body are: carried values have buffers, everything else is found outside. */
function leavesOf(
  node: ScanNode,
  carried: readonly Carried[],
  axis: Axis,
  { bufferOf, leaves }: FuseRequest,
  places: Places,
): NonNullable<FuseRequest['leaves']> {
  const { loop } = node.attrs;
  const { sequences, captured } = inputsOfScan(node);
  const slices = new Map<Node, Node>(loop.slices.map((leaf, i) => [leaf, sequences[i]]));
  const others = new Map<Node, Node>(loop.captured.map((leaf, i) => [leaf, captured[i]]));
  const buffers = new Map<Node, Buffer>(carried.map(({ leaf, now }) => [leaf, now]));
  const memo = new Map();
  const outside = (leaf: Node, reader: Node): Element | undefined => {
    const sequence = slices.get(leaf);
    if (sequence) return (at) => elementOf(sequence, reader, places, memo)([toIndex(axis), ...at]);
    const other = others.get(leaf);
    return other && elementOf(other, reader, places, memo);
  };
  const nameOutside = (of: Node): string | undefined => places.bufferOf(of)?.name ?? leaves?.nameOf(of);
  // What has no name outside has the leaf's, and a line that says what it is.
  const textOf = (leaf: Node, write: (of: Node) => string | undefined): string | undefined => {
    const sequence = slices.get(leaf);
    if (!sequence) {
      const other = others.get(leaf);
      return other && write(other);
    }
    const row = rowAt(sequence, toIndex(axis));
    const text = write(row.of);
    return (
      text && `${text}[${[...Array.from({ length: row.axis }, () => ':'), positionText(row.at, axis)].join(', ')}]`
    );
  };
  return {
    bufferOf: (leaf) => buffers.get(leaf) ?? (slices.has(leaf) || others.has(leaf) ? undefined : bufferOf(leaf)),
    outside,
    nameOf: (leaf) => textOf(leaf, nameOutside),
    definitionOf: (leaf) => textOf(leaf, (of) => `(${formulaOf(of, (n) => (n === of ? undefined : nameOutside(n)))})`),
    fusedInto: (leaf) => {
      const outer = slices.get(leaf) ?? others.get(leaf);
      return outer && !places.bufferOf(outer) ? fusedInto(outer, places.bufferOf, leaves) : [];
    },
    overwritten: new Set(carried.filter((c) => !c.stacked).map(({ whole }) => whole)),
  };
}

/** `t + 1`, `63 - t`: the round first where positions rise with it. */
function positionText(at: Index, round: Axis): string {
  const rest = add(at, toIndex(round));
  return strideOf(at, round) === -1 ? `${printIndex(rest)} - ${round.name}` : printIndex(at);
}

/** What stacked values are in the end, for who asks for that alone. */
function lastRows(
  results: readonly ScanNode[],
  stacked: readonly Carried[],
  { bufferOf, axes }: FuseRequest,
): Pick<OpenLoop, 'copies' | 'texts'> {
  const copies: NestDraft[] = [];
  const texts = new Map<Node, string>();
  for (const node of results) {
    const { loop, result } = node.attrs;
    const found = result.kind === 'final' ? stacked.find(({ leaf }) => leaf === loop.carried[result.of]) : undefined;
    if (!found) continue;
    const { size } = loop.length;
    copies.push(copyOf(node, bufferOf(node), found.whole, { axes }, mul(size, elementCount(node.type))));
    texts.set(node, `${found.whole.name}[${printIndex(size)}]`);
  }
  return { copies, texts };
}
