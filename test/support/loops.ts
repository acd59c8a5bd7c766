// Loops made by hand: graphs that hold them in every form, as the outputs of a model, with values for their inputs.
import { createBuilder } from '../../src/ir/builder.js';
import type { Builder, Node } from '../../src/ir/graph.js';
import { constant as whole, size, sub, zero, type Index } from '../../src/ir/index.js';
import { add, mul, neg } from '../../src/ir/ops/arithmetic.js';
import { filled, spread } from '../../src/ir/ops/calls.js';
import { constant, iota } from '../../src/ir/ops/constants.js';
import { contract } from '../../src/ir/ops/contract.js';
import { gather } from '../../src/ir/ops/indexing.js';
import { input } from '../../src/ir/ops/leaves.js';
import { less, select, toF32 } from '../../src/ir/ops/logic.js';
import { broadcast, permute, slice } from '../../src/ir/ops/movement.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { bound, createLoop, scan, type LoopResult } from '../../src/ir/ops/scan.js';
import { exp, sigmoid, tanh } from '../../src/ir/ops/transcendental.js';
import { bool, dim, f32, tensor, type Dim, type TensorType } from '../../src/ir/types.js';
import { modelOfOutputs, type OutputsModel } from './outputsModel.js';

/** What a body makes of its leaves. */
export interface Body {
  readonly next?: readonly Node[];
  readonly emits?: readonly Node[];
}

export interface Given {
  readonly depth?: number;
  readonly length: Dim;
  readonly sequences?: readonly Node[];
  readonly starts?: readonly Node[];
  readonly captured?: readonly Node[];
}

/** Runs a loop: its results by kind. */
export function loop(
  g: Builder,
  { depth = 0, length, sequences = [], starts = [], captured = [] }: Given,
  bodyOf: (slices: readonly Node[], carried: readonly Node[], captured: readonly Node[]) => Body,
) {
  let count = 0;
  const leaf = (name: string, type: TensorType) => g.make(bound, [], { depth, number: count++, name, type });
  const slices = sequences.map(({ type: { element, shape } }, i) => leaf(`s${i}`, tensor(shape.slice(1), element)));
  const carried = starts.map(({ type }, k) => leaf(`c${k}`, type));
  const outside = captured.map(({ type }, i) => leaf(`o${i}`, type));
  const { next = [], emits = [] } = bodyOf(slices, carried, outside);
  const made = createLoop({ depth, length, slices, carried, captured: outside, next });
  const inputs = [...sequences, ...starts, ...captured];
  const result = (of: LoopResult): Node => g.make(scan, inputs, { loop: made, result: of });
  return {
    emit: (i: number) => result({ kind: 'emit', of: emits[i] }),
    stack: (k: number) => result({ kind: 'stack', of: k }),
    final: (k: number) => result({ kind: 'final', of: k }),
    /** What a value is after each round. */
    after: (k: number) => rest(g, result({ kind: 'stack', of: k }), length),
  };
}

/** All but the first of a stack. */
function rest(g: Builder, stack: Node, length: Dim): Node {
  const { shape } = stack.type;
  const starts = shape.map((_, i): Index => (i === 0 ? whole(1) : zero));
  return g.make(slice, [stack], { starts, steps: shape.map(() => 1), sizes: [length, ...shape.slice(1)] });
}

/** A sequence from its end. */
export function flipped(g: Builder, x: Node): Node {
  const { shape } = x.type;
  return g.make(slice, [x], {
    starts: shape.map((d, i) => (i === 0 ? sub(d.size, 1) : zero)),
    steps: shape.map((_, i) => (i === 0 ? -1 : 1)),
    sizes: shape,
  });
}

export const batch = dim(size('batch'), 'batch');
export const time = dim(size('time', 1), 'time');
const of = (n: number, name?: string): Dim => dim(whole(n), name);

/** One graph of loops. */
export interface LoopCase {
  readonly name: string;
  build(make: Making): Record<string, Node>;
}

export interface Making {
  readonly g: Builder;
  /** An input: f32 unless another element type is given. */
  fed(name: string, shape: readonly Dim[], element?: TensorType['element']): Node;
}

/** A model whose outputs are what the case builds. */
export function modelOfLoops({ build }: LoopCase): OutputsModel {
  const g = createBuilder();
  const inputs: Node[] = [];
  const fed = (name: string, shape: readonly Dim[], element = f32 as TensorType['element']): Node => {
    const node = g.make(input, [], { name, type: tensor(shape, element) });
    if (!inputs.includes(node)) inputs.push(node);
    return node;
  };
  const nodes = build({ g, fed });
  return modelOfOutputs(g, inputs, nodes);
}

const plain = {};

/** x @ w, without broadcasting: rows by columns. */
function times(g: Builder, x: Node, w: Node): Node {
  return g.make(contract, [x, w], { left: ['b', 'i'], right: ['i', 'o'], out: ['b', 'o'] });
}

function rowsOf(g: Builder, bias: Node, like: Node): Node {
  return g.make(broadcast, [bias], { shape: like.type.shape, axes: [0] });
}

/** [batch, time, n] as [time, batch, n]. */
function byTime(g: Builder, x: Node): Node {
  return g.make(permute, [x], { order: [1, 0, 2] });
}

export const loopCases: readonly LoopCase[] = [
  {
    name: 'a running sum, over a length of the call',
    build({ g, fed }) {
      const x = fed('x', [time, batch]);
      const sums = loop(g, { length: time, sequences: [x], starts: [fed('h0', [batch])] }, ([xt], [h]) => ({
        next: [g.make(add, [h, xt], plain)],
      }));
      return { y: sums.after(0), last: sums.final(0), whole: sums.stack(0) };
    },
  },
  {
    name: 'a last value alone, overwritten in each round',
    build({ g, fed }) {
      const [x, d] = [fed('x', [of(7), batch, of(3)]), fed('d', [of(7), batch, of(4)])];
      const start = filled(g, 0, tensor([of(3), of(4)]));
      const sums = loop(g, { length: of(7), sequences: [x, d], starts: [start] }, ([xt, dt], [total]) => {
        const product = g.make(contract, [xt, dt], { left: ['b', 'i'], right: ['b', 'o'], out: ['i', 'o'] });
        return { next: [g.make(add, [total, product], plain)] };
      });
      return { dW: sums.final(0) };
    },
  },
  {
    name: 'a recurrent layer, batch first',
    build({ g, fed }) {
      const x = byTime(g, fed('x', [batch, time, of(3)]));
      const [w, u, b] = [fed('W', [of(3), of(5)]), fed('U', [of(5), of(5)]), fed('b', [of(5)])];
      const start = filled(g, 0, tensor([batch, of(5)]));
      const given = { length: time, sequences: [x], starts: [start], captured: [w, u, b] };
      const layer = loop(g, given, ([xt], [h], [wt, ut, bt]) => {
        const both = g.make(add, [times(g, xt, wt), times(g, h, ut)], plain);
        return { next: [g.make(tanh, [g.make(add, [both, rowsOf(g, bt, both)], plain)], plain)] };
      });
      return { y: g.make(permute, [layer.after(0)], { order: [1, 0, 2] }), last: layer.final(0) };
    },
  },
  {
    name: 'values that change places',
    build({ g, fed }) {
      const x = fed('x', [of(5), batch]);
      const starts = [fed('a0', [batch]), fed('b0', [batch]), fed('c0', [batch])];
      const swap = loop(g, { length: of(5), sequences: [x], starts }, ([xt], [a, b, c]) => ({
        next: [b, g.make(add, [a, g.make(mul, [b, xt], plain)], plain), xt],
        emits: [g.make(mul, [a, c], plain)],
      }));
      return { a: swap.final(0), b: swap.final(1), product: swap.emit(0) };
    },
  },
  {
    name: 'gates that are emitted, and values nobody reads',
    build({ g, fed }) {
      const x = byTime(g, fed('x', [batch, time, of(4)]));
      const u = fed('U', [of(4), of(4)]);
      const start = fed('h0', [batch, of(4)]);
      const given = { length: time, sequences: [x, x], starts: [start, start, start], captured: [u] };
      const layer = loop(g, given, ([xt], [h, c, unread], [ut]) => {
        const gate = g.make(sigmoid, [g.make(add, [times(g, h, ut), xt], plain)], plain);
        const cell = g.make(add, [g.make(mul, [gate, c], plain), g.make(neg, [xt], plain)], plain);
        const out = g.make(mul, [gate, g.make(tanh, [cell], plain)], plain);
        return {
          next: [out, cell, g.make(add, [unread, times(g, unread, ut)], plain)],
          emits: [gate, out, g.make(sum, [out], { axes: [1] })],
        };
      });
      return { gate: layer.emit(0), out: layer.emit(1), sums: layer.emit(2), cell: layer.final(1) };
    },
  },
  {
    name: 'two loops of one body, the second backwards over what the first gives',
    build({ g, fed }) {
      const x = fed('x', [time, batch, of(3)]);
      const u = fed('U', [of(3), of(3)]);
      const layer = (sequence: Node): Node => {
        const start = filled(g, 0.5, tensor([batch, of(3)]));
        return loop(g, { length: time, sequences: [sequence], starts: [start], captured: [u] }, ([xt], [h], [ut]) => ({
          next: [g.make(tanh, [g.make(add, [times(g, h, ut), xt], plain)], plain)],
        })).after(0);
      };
      return { y: flipped(g, layer(flipped(g, layer(x)))) };
    },
  },
  {
    name: 'a loop in a loop, whose values go on into the next round',
    build({ g, fed }) {
      const x = fed('x', [of(3), time, batch]);
      const w = fed('w', [batch]);
      const outer = { length: of(3), sequences: [x], starts: [fed('h0', [batch])], captured: [w] };
      const whole = loop(g, outer, ([rows], [h], [wt]) => {
        const scaled = g.make(mul, [h, wt], plain);
        const given = { depth: 1, length: time, sequences: [rows], starts: [scaled], captured: [wt] };
        const inner = loop(g, given, ([xt], [c], [v]) => ({
          next: [g.make(tanh, [g.make(add, [g.make(mul, [c, v], plain), xt], plain)], plain)],
        }));
        const summed = g.make(sum, [inner.after(0)], { axes: [0] });
        return { next: [g.make(add, [inner.final(0), summed], plain)], emits: [inner.stack(0)] };
      });
      return { last: whole.final(0), all: whole.emit(0) };
    },
  },
  {
    name: 'attention to what lies outside',
    build({ g, fed }) {
      const keys = fed('keys', [batch, of(6), of(4)]);
      const start = fed('q0', [batch, of(4)]);
      const given = { length: of(3), sequences: [], starts: [start], captured: [g.make(tanh, [keys], plain)] };
      const steps = loop(g, given, (_, [q], [k]) => {
        const scores = g.make(contract, [q, k], { left: ['b', 'd'], right: ['b', 's', 'd'], out: ['b', 's'] });
        const weights = g.make(exp, [scores], plain);
        const mixed = g.make(contract, [weights, k], { left: ['b', 's'], right: ['b', 's', 'd'], out: ['b', 'd'] });
        return { next: [g.make(tanh, [mixed], plain)], emits: [weights] };
      });
      return { q: steps.final(0), weights: steps.emit(0) };
    },
  },
  {
    name: 'rounds by number, conditions and rows of a table',
    build({ g, fed }) {
      const table = fed('table', [of(5), of(3)]);
      const ids = fed('ids', [time, batch], { kind: 'index', size: whole(5) });
      const open = fed('open', [time, batch], bool);
      const rounds = g.make(toF32, [g.make(iota, [], { size: time.size })], plain);
      const start = filled(g, 0, tensor([batch, of(3)]));
      const given = { length: time, sequences: [ids, open, rounds], starts: [start], captured: [table] };
      const steps = loop(g, given, ([id, on, round], [h], [rows]) => {
        const row = g.make(gather, [rows, id], plain);
        const number = spread(g, round, row.type);
        const moved = g.make(add, [h, g.make(mul, [row, number], plain)], plain);
        const where = g.make(broadcast, [on], { shape: row.type.shape, axes: [1] });
        return {
          next: [g.make(select, [where, moved, h], plain)],
          emits: [id, g.make(less, [h, moved], plain)],
        };
      });
      return { y: steps.final(0), less: steps.emit(1), ids: steps.emit(0) };
    },
  },
  {
    name: 'one round, of numbers alone',
    build({ g }) {
      const scalar = tensor([]);
      const start = g.make(constant, [], { value: 2 });
      const once = loop(g, { length: of(1), starts: [start], captured: [] }, (_, [h]) => ({
        next: [g.make(mul, [h, filled(g, 3, scalar)], plain)],
        emits: [filled(g, 4, tensor([of(2)]))],
      }));
      return { six: once.final(0), fours: once.emit(0) };
    },
  },
];
