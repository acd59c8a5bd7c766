// The ways in which a random graph grows by a node: each takes nodes of the pool and details by choice.
import type { Builder, Node } from '../../src/ir/graph.js';
import {
  add as plus,
  constant as whole,
  constantOf,
  evaluateSizes,
  scale,
  size as sizeNamed,
  sub,
  zero,
} from '../../src/ir/index.js';
import * as arithmetic from '../../src/ir/ops/arithmetic.js';
import { filled, spread } from '../../src/ir/ops/calls.js';
import { iota, size } from '../../src/ir/ops/constants.js';
import { contract } from '../../src/ir/ops/contract.js';
import { stopGradient } from '../../src/ir/ops/control.js';
import type { Plain } from '../../src/ir/ops/elementwise.js';
import { gather, scatterAdd, takeAlong } from '../../src/ir/ops/indexing.js';
import { and, equalTo, less, lessEqual, not, or, select, toF32 } from '../../src/ir/ops/logic.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../src/ir/ops/movement.js';
import { random } from '../../src/ir/ops/random.js';
import { prod, reduceMax, reduceMin, sum } from '../../src/ir/ops/reductions.js';
import { overlapAdd, positionsIn, reachOf, window, type Windows } from '../../src/ir/ops/windows.js';
import * as transcendental from '../../src/ir/ops/transcendental.js';
import type { Op } from '../../src/ir/graph.js';
import { dim, elementCount, sameShape, type Dim, type ElementType } from '../../src/ir/types.js';

export interface Growing {
  readonly g: Builder;
  readonly pool: readonly Node[];
  readonly leaves: readonly Node[];
  /** A number in 0 … below - 1. */
  choose(below: number): number;
  readonly sizes: Readonly<Record<string, number>>;
}

/** A new node; undefined where the pool has nothing that fits. */
export type Growth = (of: Growing) => Node | undefined;

const { add, sub: minus, mul, div, pow, minimum, maximum, neg, abs, sign, floor, ceil, round, sqrt } = arithmetic;
const { exp, log, log1p, expm1, sin, cos, tanh, erf, sigmoid, softplus } = transcendental;

const make = (g: Builder, op: Op<Plain>, ...inputs: readonly Node[]): Node => g.make(op, inputs, {});

function pick({ pool, choose }: Growing, kind: ElementType['kind'] = 'f32'): Node {
  const fitting = pool.filter((node) => node.type.element.kind === kind);
  // Younger nodes rather than older ones, or graphs stay flat.
  const at = Math.max(choose(fitting.length), choose(fitting.length));
  return fitting[at];
}

/** A node of the same element kind and shape as another: one of the pool, or a number or a scalar spread out. */
function pickLike(of: Growing, like: Node): Node {
  const { g, pool, choose } = of;
  const fitting = pool.filter((node) => node.type.element.kind === 'f32' && sameShape(node.type, like.type));
  const scalars = pool.filter((node) => node.type.element.kind === 'f32' && node.type.shape.length === 0);
  if (choose(6) === 0) return spread(g, scalars[choose(scalars.length)], like.type);
  return fitting[choose(fitting.length)];
}

const numbers = [-2, -1, 0, 0.5, 1, 2, 3, 1 / 3];

/** A number, or a run-time size, in the shape of a node. */
function uniform({ g, choose }: Growing, like: Node): Node {
  if (choose(4) === 0) return spread(g, g.make(size, [], { of: sizeNamed('batch') }), like.type);
  return filled(g, numbers[choose(numbers.length)], like.type);
}

const positive = (g: Builder, x: Node): Node => make(g, add, make(g, mul, x, x), filled(g, 0.5, x.type));

function axesOf({ choose }: Growing, x: Node): number[] {
  const some = x.type.shape.map((_, i) => i).filter(() => choose(2) === 0);
  return some.length === 0 && x.type.shape.length > 0 ? [choose(x.type.shape.length)] : some;
}

const keepOrder = (x: Node): number[] => x.type.shape.map((_, i) => i);

/** The reduction's result at every place it was made from. */
const back = (g: Builder, y: Node, x: Node, axes: readonly number[]): Node =>
  g.make(broadcast, [y], { shape: x.type.shape, axes });

function elementwise(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [neg, abs, sin, cos, tanh, erf, sigmoid, softplus, stopGradient];
  return make(g, ops[choose(ops.length)], x);
}

function bounded(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [exp, expm1, exp];
  return make(g, ops[choose(ops.length)], make(g, choose(2) === 0 ? tanh : neg, make(g, softplus, x)));
}

function ofPositive(of: Growing): Node {
  const { g, choose } = of;
  const x = positive(g, pick(of));
  const ops = [log, log1p, sqrt];
  return make(g, ops[choose(ops.length)], x);
}

function power(of: Growing): Node {
  const { g, choose } = of;
  const exponents = [0, 0.5, 1, 2, 3, -1, 1.7];
  const x = pick(of);
  const exponent = exponents[choose(exponents.length)];
  return make(g, pow, Number.isInteger(exponent) && exponent > 0 ? x : positive(g, x), filled(g, exponent, x.type));
}

function binary(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [add, minus, mul, mul, minimum, maximum];
  const y = pickLike(of, x);
  return choose(2) === 0 ? make(g, ops[choose(ops.length)], x, y) : make(g, ops[choose(ops.length)], y, x);
}

function quotient(of: Growing): Node {
  const { g } = of;
  const x = pick(of);
  return make(g, div, pickLike(of, x), positive(g, x));
}

function scaled(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const y = uniform(of, x);
  switch (choose(6)) {
    case 0:
      return make(g, mul, y, x);
    case 1:
      return make(g, mul, x, y);
    case 2:
      return make(g, div, x, make(g, add, make(g, abs, y), filled(g, 1, y.type)));
    case 3:
      return make(g, div, x, filled(g, [2, 3, 4, 0.5][choose(4)], x.type));
    case 4:
      return make(g, div, x, spread(g, g.make(size, [], { of: sizeNamed('batch') }), x.type));
    default:
      return make(g, [add, minus][choose(2)], ...(choose(2) === 0 ? [x, y] : [y, x]));
  }
}

/** a / n - b / n and the like. */
function commonFactor(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const y = pickLike(of, x);
  const factor = uniform(of, x);
  const op = [mul, div][choose(2)];
  const nonzero = op === div ? make(g, add, make(g, abs, factor), filled(g, 1, x.type)) : factor;
  return make(g, [add, minus][choose(2)], make(g, op, x, nonzero), make(g, op, y, nonzero));
}

/** Comparisons stand on inputs, so that rounding does not decide them. */
function condition(of: Growing): Node {
  const { g, leaves, choose } = of;
  const leaf = (kind: ElementType['kind']): Node => {
    const fitting = leaves.filter(
      (node) => node.type.element.kind === kind && node.inputs.length === 0 && node.op.name === 'input',
    );
    return fitting[choose(fitting.length)];
  };
  const x = leaf('f32');
  switch (choose(5)) {
    case 0:
      return make(g, [less, lessEqual][choose(2)], x, filled(g, numbers[choose(numbers.length)], x.type));
    case 1: {
      const bool = pick(of, 'bool');
      return make(g, not, bool);
    }
    case 2: {
      const [a, b] = [pick(of, 'bool'), pick(of, 'bool')];
      return sameShape(a.type, b.type) ? make(g, [and, or, equalTo][choose(3)], a, b) : make(g, not, a);
    }
    default: {
      const ids = leaf('index');
      const shape = [...ids.type.shape, dim(whole(3))];
      const classes = g.make(broadcast, [g.make(iota, [], { size: whole(3) })], { shape, axes: keepOrder(ids) });
      return make(g, equalTo, g.make(broadcast, [ids], { shape, axes: [ids.type.shape.length] }), classes);
    }
  }
}

function chosen(of: Growing): Node | undefined {
  const { g, pool, choose } = of;
  const x = pick(of);
  const conditions = pool.filter((node) => node.type.element.kind === 'bool' && sameShape(node.type, x.type));
  if (conditions.length === 0) return undefined;
  return make(g, select, conditions[choose(conditions.length)], x, choose(2) === 0 ? pickLike(of, x) : uniform(of, x));
}

function number(of: Growing): Node {
  const { g, leaves, choose } = of;
  if (choose(2) === 0) return make(g, toF32, pick(of, choose(2) === 0 ? 'bool' : 'index'));
  const inputs = leaves.filter((node) => node.type.element.kind === 'f32');
  return make(g, [floor, ceil, round, sign][choose(4)], inputs[choose(inputs.length)]);
}

function reduced(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [sum, sum, reduceMax, reduceMin, prod];
  return g.make(ops[choose(ops.length)], [x], { axes: axesOf(of, x) });
}

function truthOfAll(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of, 'bool');
  return g.make([reduceMax, reduceMin][choose(2)], [x], { axes: axesOf(of, x) });
}

function softmax(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const axes = axesOf(of, x);
  const shifted = make(g, minus, x, back(g, g.make(reduceMax, [x], { axes }), x, axes));
  const total = g.make(sum, [make(g, exp, shifted)], { axes });
  if (choose(2) === 0) return make(g, minus, shifted, back(g, make(g, log, total), x, axes));
  return make(g, div, make(g, exp, shifted), back(g, total, x, axes));
}

function mean(of: Growing): Node {
  const { g, sizes } = of;
  const x = pick(of);
  const axes = axesOf(of, x);
  const total = g.make(sum, [x], { axes });
  const each = axes.reduce((n, a) => n * evaluateSizes(x.type.shape[a].size, (name) => sizes[name]), 1);
  const symbolic = axes.length === 1 && constantOf(x.type.shape[axes[0]].size) === undefined;
  const count = symbolic
    ? spread(g, g.make(size, [], { of: x.type.shape[axes[0]].size }), total.type)
    : filled(g, each, total.type);
  return make(g, div, total, count);
}

function repeated(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const added: Dim[] = [dim(sizeNamed('batch'), 'batch'), dim(whole(1)), dim(whole(3), 'copies')];
  const at = choose(x.type.shape.length + 1);
  const shape = [...x.type.shape.slice(0, at), added[choose(3)], ...x.type.shape.slice(at)];
  return g.make(broadcast, [x], { shape, axes: [at] });
}

function reshaped(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const { shape } = x.type;
  switch (choose(3)) {
    case 0:
      return g.make(reshape, [x], { shape: [dim(elementCount(x.type))] });
    case 1: {
      const at = choose(shape.length + 1);
      return g.make(reshape, [x], { shape: [...shape.slice(0, at), dim(whole(1)), ...shape.slice(at)] });
    }
    default:
      return g.make(reshape, [x], { shape: [...shape].reverse() });
  }
}

function permuted(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const left = keepOrder(x);
  const order = keepOrder(x).map(() => left.splice(choose(left.length), 1)[0]);
  return g.make(permute, [x], { order });
}

function cut(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const known = x.type.shape.map((d) => constantOf(d.size));
  const steps = known.map(() => [1, 1, 2, -1][choose(4)]);
  const starts = x.type.shape.map((d, i) =>
    steps[i] < 0 ? sub(d.size, 1) : whole(known[i] === undefined ? 0 : choose(Math.min(2, known[i]))),
  );
  const sizes = x.type.shape.map((d, i) => {
    const n = known[i];
    if (n === undefined) return d;
    const room = steps[i] < 0 ? n : Math.ceil((n - (constantOf(starts[i]) ?? 0)) / steps[i]);
    return dim(whole(1 + choose(room)));
  });
  // A run-time axis is taken whole, or turned around.
  return g.make(slice, [x], { starts, steps: steps.map((s, i) => (known[i] === undefined && s === 2 ? 1 : s)), sizes });
}

function padded(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const [low, high] = [keepOrder(x).map(() => choose(2)), keepOrder(x).map(() => choose(2))];
  return g.make(pad, [x], { low, high, value: [0, 0, 1.5][choose(3)] });
}

function spreadApart(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const known = x.type.shape.map((d) => constantOf(d.size));
  const [from, steps] = [
    known.map((n) => (n === undefined ? 0 : choose(2))),
    known.map((n) => (n === undefined ? 1 : 1 + choose(2))),
  ];
  const shape = x.type.shape.map((d, i) => {
    const n = known[i];
    return n === undefined ? d : dim(whole(from[i] + (n - 1) * steps[i] + 1 + choose(2)));
  });
  return g.make(spreadOut, [x], { starts: from.map((n) => (n === 0 ? zero : whole(n))), steps, shape });
}

/** Windows along one axis or two that are long enough; of a run-time axis, which is at least 2, of two neighbours. */
function windowsAlong({ choose, sizes }: Growing, x: Node): Windows | undefined {
  const lengths = x.type.shape.map((d) => evaluateSizes(d.size, (name) => sizes[name]));
  const axes = keepOrder(x).filter((a) => lengths[a] >= 2 && choose(3) > 0);
  if (axes.length === 0 || axes.length > 2) return undefined;
  const known = axes.map((a) => constantOf(x.type.shape[a].size));
  const windows = known.map((n) => 1 + choose(Math.min(3, n ?? 2)));
  const dilations = known.map((n, i) => (n !== undefined && reachOf(windows[i], 2) <= n ? 1 + choose(2) : 1));
  return { axes, sizes: windows, strides: axes.map(() => 1 + choose(3)), dilations };
}

function windowed(of: Growing): Node | undefined {
  const x = pick(of);
  const windows = windowsAlong(of, x);
  return windows && of.g.make(window, [x], windows);
}

/** Windows put back where they were, or along axes that are longer than those that they were taken of. */
function overlapped(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pick(of);
  const windows = windowsAlong(of, x);
  if (!windows) return undefined;
  const { axes, sizes, strides, dilations } = windows;
  const positions = axes.map((a, n) => positionsIn(x.type.shape[a].size, sizes[n], strides[n], dilations[n]));
  const lengths = positions.map((p, n) => {
    const least = plus(scale(sub(p, 1), strides[n]), reachOf(sizes[n], dilations[n]));
    return dim(plus(least, choose(strides[n])));
  });
  const shape = x.type.shape.map((d, i) => lengths[axes.indexOf(i)] ?? d);
  return g.make(overlapAdd, [g.make(window, [x], windows)], { ...windows, shape });
}

function joined(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pick(of);
  if (x.type.shape.length === 0) return undefined;
  return g.make(concat, [x, pickLike(of, x)], { axis: choose(x.type.shape.length) });
}

function contracted(of: Growing): Node {
  const { g, choose } = of;
  const [a, b] = [pick(of), pick(of)];
  const left = a.type.shape.map((_, i) => `a${i}`);
  const kept = new Set(left);
  const right = b.type.shape.map((d, j) => {
    const partner = a.type.shape.findIndex((e, i) => e.size.key === d.size.key && left[i] === `a${i}`);
    if (partner < 0 || choose(4) === 0) {
      kept.add(`b${j}`);
      return `b${j}`;
    }
    const label = `k${partner}`;
    kept.delete(left[partner]);
    left[partner] = label;
    if (choose(3) === 0) kept.add(label);
    return label;
  });
  const out = [...kept];
  return g.make(contract, [a, b], { left, right, out: choose(2) === 0 ? out : out.reverse() });
}

function taken(of: Growing): Node | undefined {
  const { g, pool, choose } = of;
  const ids = pick(of, 'index');
  // Not the seed: what indexes three rows counts to three.
  if (ids.type.element.kind !== 'index' || constantOf(ids.type.element.size) !== 3) return undefined;
  if (choose(2) === 0) {
    const shape = [...ids.type.shape, dim(whole(3))];
    const fitting = pool.filter((x) => x.type.element.kind === 'f32' && sameShape(x.type, { ...x.type, shape }));
    return fitting.length === 0 ? undefined : make(g, takeAlong, fitting[choose(fitting.length)], ids);
  }
  const tables = pool.filter(
    (x) => x.type.element.kind === 'f32' && x.type.shape.length > 0 && constantOf(x.type.shape[0].size) === 3,
  );
  return tables.length === 0 ? undefined : make(g, gather, tables[choose(tables.length)], ids);
}

function scattered({ g, pool, choose }: Growing): Node | undefined {
  const chosen = pool.flatMap((ids) => {
    const { element, shape } = ids.type;
    if (element.kind !== 'index' || constantOf(element.size) !== 3) return [];
    const fits = (x: Node): boolean =>
      x.type.element.kind === 'f32' && shape.every((d, i) => x.type.shape[i]?.size.key === d.size.key);
    return pool.filter(fits).map((x) => [x, ids] as const);
  });
  const rows = dim(whole(3));
  return chosen.length === 0 ? undefined : g.make(scatterAdd, chosen[choose(chosen.length)], { rows });
}

function drawn({ g, leaves, choose }: Growing): Node | undefined {
  const seed = leaves.find((node) => node.op.name === 'counter');
  return (
    seed && g.make(random, [seed, seed], { site: choose(3), shape: [dim(sizeNamed('batch'), 'batch'), dim(whole(3))] })
  );
}

export const growths: readonly Growth[] = [
  elementwise,
  bounded,
  ofPositive,
  power,
  binary,
  binary,
  quotient,
  scaled,
  scaled,
  commonFactor,
  condition,
  chosen,
  chosen,
  number,
  reduced,
  reduced,
  truthOfAll,
  softmax,
  mean,
  repeated,
  reshaped,
  permuted,
  cut,
  padded,
  spreadApart,
  windowed,
  overlapped,
  joined,
  contracted,
  contracted,
  taken,
  scattered,
  drawn,
];
