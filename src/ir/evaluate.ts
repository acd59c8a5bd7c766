// The reference evaluator: graphs in double precision, or in f32, from the ops' element rules alone.
import { loadElement } from './elements.js';
import { asItIs, closureOf, Environment, unbound, type Rounded } from './evaluateScalar.js';
import { isOp, type ElementOp, type Node, type NodeOf } from './graph.js';
import { add, axis, evaluateSizes, mul, toIndex, type Axis } from './index.js';
import { literal } from './ops/constants.js';
import { stopGradient } from './ops/control.js';
import { bodyRoots, inputsOfScan, runKey, runsAmong, scan, type ScanNode } from './ops/scan.js';
import { recurrence, startOf } from './ops/recurrence.js';
import { reachable } from './reachable.js';
import type { Buffer, Scalar } from './scalar.js';
import { elementCount, stridesOf } from './types.js';

/** What an evaluation needs besides the nodes. */
export interface Feed {
  /** The elements of a leaf (input, parameter, state, slot, gradient, counter, literal), row-major. */
  leaf(node: Node): ArrayLike<number>;
  readonly sizes?: Readonly<Record<string, number>>;
  /** Every f32 is the nearest one after each instruction; sums are exact until they are done. What comparisons are judged by. */
  readonly singles?: true;
  /** How elements are computed, where not from closures. */
  readonly elements?: Elements;
}

/** The elements of each node, row-major, in double precision; bools are 0 and 1. Each node is computed once. */
export function evaluate(nodes: readonly Node[], { leaf, ...how }: Feed): Float64Array[] {
  return evaluationOf(nodes, how)(leaf);
}

/** The same as a function of the leaves, for many of them: what it has given is overwritten by the next call. */
export function evaluationOf(
  nodes: readonly Node[],
  { sizes = {}, singles, elements = elementsByClosures }: Omit<Feed, 'leaf'>,
): (leaf: Feed['leaf']) => Float64Array[] {
  const sizeOf = (name: string): number => {
    const size = sizes[name];
    if (size === undefined) throw new Error(`no size for ${name}`);
    return size;
  };
  let given: Feed['leaf'] = (node) => unbound(node.op.name);
  const rounded = singles ? Math.fround : asItIs;
  const { values, steps } = prepare(nodes, { leaf: (node) => given(node), sizeOf, rounded, elements });
  return (leaf) => {
    given = leaf;
    for (const { run } of steps) run();
    return nodes.map((node) => values.get(node) ?? new Float64Array(0));
  };
}

export interface Around {
  readonly leaf: Feed['leaf'];
  readonly sizeOf: (name: string) => number;
  readonly rounded: Rounded;
  readonly elements: Elements;
  /**
   * Elements are computed again and again with other leaves, and what no gradient flows through keeps, also within loops, the values
   * that it had first.
   */
  readonly held?: true;
}

/** Makes what computes every element of a node into its room, each time that it is called, from the rooms of its inputs. */
export type Elements = (
  node: Node,
  op: ElementOp,
  rooms: ReadonlyMap<Node, Float64Array>,
  around: Around,
) => () => void;

/** A graph that is ready to be computed, any number of times: the body of a loop at each round. */
export interface Prepared {
  /** Where each node's elements are once it has run. */
  readonly values: ReadonlyMap<Node, Float64Array>;
  /** In order: inputs before what reads them. */
  readonly steps: readonly { readonly node: Node; run(): void }[];
  /** What is held begins with the first of its values again. */
  rewind(): void;
}

/** Rooms for all nodes that the roots reach, and what computes each. */
export function prepare(roots: readonly Node[], around: Around): Prepared {
  return prepared(roots, around, false);
}

/** `inside`: of a loop. */
function prepared(roots: readonly Node[], around: Around, inside: boolean): Prepared {
  const order = reachable(roots);
  const runs = runsAmong(order);
  const values = new Map<Node, Float64Array>();
  for (const node of order) values.set(node, new Float64Array(evaluateSizes(elementCount(node.type), around.sizeOf)));
  const rewinds: (() => void)[] = [];
  const steps = order.map((node): (() => void) => {
    const { op } = node;
    const room = roomOf(node, values);
    switch (op.kind) {
      case 'leaf':
        return () => fill(room, isOp(node, literal) ? node.attrs.values : around.leaf(node), node);
      case 'element': {
        const run = around.elements(node, op, values, around);
        if (!around.held || !inside || !isOp(node, stopGradient)) return run;
        const held = holding(room, run);
        rewinds.push(held.rewind);
        return held.run;
      }
      case 'structured': {
        if (isOp(node, recurrence)) return recurrenceStep(node, room, values, around);
        const results = isOp(node, scan) ? (runs.get(runKey(node)) ?? []) : [];
        // The results of one run of a loop are made with the first of them.
        if (results[0] !== node) return () => undefined;
        const loop = loopStep(results, values, around);
        if (inside) rewinds.push(loop.rewind);
        else return () => (loop.rewind(), loop.run());
        return loop.run;
      }
      default:
        return op satisfies never;
    }
  });
  return {
    values,
    steps: order.map((node, i) => ({ node, run: steps[i] })),
    rewind: () => rewinds.forEach((rewind) => rewind()),
  };
}

/** The values that a node had one after another, which it has again after each rewinding. */
function holding(room: Float64Array, run: () => void): { run(): void; rewind(): void } {
  const held: Float64Array[] = [];
  let at = 0;
  return {
    run() {
      if (at < held.length) room.set(held[at]);
      else {
        run();
        held.push(room.slice());
      }
      at++;
    },
    rewind: () => (at = 0),
  };
}

function bufferOf(node: Node): Buffer {
  return {
    name: node.name ?? node.op.name,
    space: 'arena',
    dtype: node.type.element.kind === 'f32' ? 'f32' : 'i32',
    length: elementCount(node.type),
  };
}

function roomOf(node: Node, values: ReadonlyMap<Node, Float64Array>): Float64Array {
  const room = values.get(node);
  if (!room) throw new Error('a node comes after what reads it');
  return room;
}

function fill(room: Float64Array, elements: ArrayLike<number>, node: Node): void {
  if (elements.length !== room.length)
    throw new Error(`${node.name ?? node.op.name} has ${elements.length} elements, its type says ${room.length}`);
  room.set(elements);
}

/** Goes along the axis of a recurrence, for each place of the others. */
function recurrenceStep(
  node: NodeOf<typeof recurrence>,
  room: Float64Array,
  values: ReadonlyMap<Node, Float64Array>,
  { sizeOf, rounded }: Around,
): () => void {
  const { axis, reverse, form } = node.attrs;
  const [x, added] = node.inputs.map((input) => roomOf(input, values));
  const sizes = node.type.shape.map((d) => evaluateSizes(d.size, sizeOf));
  const count = sizes[axis];
  const inner = sizes.slice(axis + 1).reduce((n, size) => n * size, 1);
  return () => {
    for (let first = 0; first < room.length; first++) {
      if (Math.floor(first / inner) % count !== 0) continue;
      let carried = startOf(node.attrs);
      for (let i = 0; i < count; i++) {
        const at = first + (reverse ? count - 1 - i : i) * inner;
        if (form === 'sum') carried = rounded(carried + x[at]);
        else carried = rounded(carried * x[at]);
        if (form === 'linear') carried = rounded(carried + added[at]);
        room[at] = carried;
      }
    }
  };
}

/** One element of a node as its op states it, over axes of its own, from buffers of its inputs. */
export interface ElementRule {
  readonly axes: readonly Axis[];
  readonly value: Scalar;
  /** By input. */
  readonly buffers: ReadonlyMap<Node, Buffer>;
}

export function elementRule(node: Node, op: ElementOp): ElementRule {
  const axes = node.type.shape.map((d, i) => axis(`i${i}`, d.size));
  const buffers = new Map(node.inputs.map((input) => [input, bufferOf(input)]));
  const value = op.element(
    axes.map((a) => toIndex(a)),
    node.inputs.map((input) => (at) => {
      const strides = stridesOf(input.type);
      const place = add(...at.map((i, n) => mul(i, strides[n])));
      return loadElement(buffers.get(input) ?? bufferOf(input), place, input.type);
    }),
    node,
  );
  return { axes, value, buffers };
}

export const elementsByClosures: Elements = (node, op, rooms, { sizeOf, rounded }) => {
  const room = roomOf(node, rooms);
  const { axes, value, buffers } = elementRule(node, op);
  const data = new Map([...buffers].map(([input, buffer]) => [buffer, roomOf(input, rooms)]));
  const run = closureOf(value, { data, sizeOf, rounded, memo: new Map() });
  const extents = axes.map((a) => evaluateSizes(a.extent, sizeOf));
  return () => {
    const environment = new Environment();
    let at = 0;
    const loop = (depth: number): void => {
      if (depth === axes.length) {
        room[at++] = run(environment);
        return;
      }
      for (let i = 0; i < extents[depth]; i++) {
        environment.set(axes[depth], i);
        loop(depth + 1);
      }
    };
    loop(0);
  };
};

/** Runs a loop, round by round, into the rooms of its results. */
function loopStep(
  results: readonly ScanNode[],
  values: ReadonlyMap<Node, Float64Array>,
  around: Around,
): { run(): void; rewind(): void } {
  const [first] = results;
  const { loop } = first.attrs;
  const { sequences, starts, captured } = inputsOfScan(first);
  const rounds = evaluateSizes(loop.length.size, around.sizeOf);
  const leaves = new Map<Node, ArrayLike<number>>();
  const leaf: Feed['leaf'] = (node) => leaves.get(node) ?? unbound(node.op.name);
  const body = prepared(bodyRoots(results), { ...around, leaf }, true);
  const rowOf = (room: Float64Array, row: number, node: Node): Float64Array => {
    const width = evaluateSizes(elementCount(node.type), around.sizeOf);
    return room.subarray(row * width, (row + 1) * width);
  };
  const run = (): void => {
    loop.captured.forEach((leaf, i) => leaves.set(leaf, roomOf(captured[i], values)));
    let state = starts.map((start) => roomOf(start, values));
    const stack = (row: number): void => {
      for (const node of results) {
        const { result } = node.attrs;
        if (result.kind === 'stack') rowOf(roomOf(node, values), row, loop.carried[result.of]).set(state[result.of]);
      }
    };
    for (let round = 0; round < rounds; round++) {
      stack(round);
      loop.slices.forEach((leaf, i) => leaves.set(leaf, rowOf(roomOf(sequences[i], values), round, leaf)));
      loop.carried.forEach((leaf, k) => leaves.set(leaf, state[k]));
      for (const step of body.steps) step.run();
      for (const node of results) {
        const { result } = node.attrs;
        if (result.kind === 'emit') rowOf(roomOf(node, values), round, result.of).set(roomOf(result.of, body.values));
      }
      state = loop.next.map((next) => Float64Array.from(roomOf(next, body.values)));
    }
    stack(rounds);
    for (const node of results)
      if (node.attrs.result.kind === 'final') roomOf(node, values).set(state[node.attrs.result.of]);
  };
  return { run, rewind: body.rewind };
}
