// What is known of values before they are computed: bounds, and whether they are finite where the model's inputs and weights are.
import { isOp, through, type Node, type NodeOf, type Op } from '../../../ir/graph.js';
import { div, mul, sub } from '../../../ir/ops/arithmetic.js';
import { numberOf } from '../../../ir/ops/calls.js';
import { constant, iota, literal, size } from '../../../ir/ops/constants.js';
import { again, stopGradient } from '../../../ir/ops/control.js';
import { parameter } from '../../../ir/ops/leaves.js';
import { less, lessEqual } from '../../../ir/ops/logic.js';
import { broadcast, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { ownGradient } from '../../../ir/ops/ownGradient.js';
import { reduceMax, type sum } from '../../../ir/ops/reductions.js';
import type { OpName, OpOf } from '../../../ir/ops/registry.js';
import { reachable } from '../../../ir/reachable.js';
import { exp } from '../../../ir/ops/transcendental.js';

/**
 * Bounds of a node's elements, over all finite inputs, parameters and states of ordinary size: sums and matrix products of them are
 * taken to be finite, and products with a parameter; products of two others, powers, exponentials and quotients may overflow.
 */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** Neither infinite nor NaN. */
  readonly finite: boolean;
  /** Not NaN, where nothing overflows on the way. */
  readonly number: boolean;
  /** Made of constants and sizes alone. */
  readonly fixed: boolean;
  /** As large as weights are: a parameter, or one times or over what is of moderate size. A product with it is taken to be finite. */
  readonly weight: boolean;
}

type Bounds = Omit<Range, 'fixed' | 'weight'>;

const anything: Bounds = { low: -Infinity, high: Infinity, finite: false, number: false };
const ordinary: Bounds = { low: -Infinity, high: Infinity, finite: true, number: true };
const truth: Bounds = { low: 0, high: 1, finite: true, number: true };

/** A factor up to here leaves an ordinary number finite. */
const moderate = 1e16;
/** exp overflows above, in 32 bits. */
const highestExponent = 88;

/** The range of each node; `order` has inputs before what reads them. `least`: what is known of leaves. */
export function rangesOf(
  order: readonly Node[],
  least: (leaf: Node) => number | undefined = () => undefined,
): ReadonlyMap<Node, Range> {
  const ranges = new Map<Node, Range>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => ranges.get(input) ?? { ...anything, fixed: false, weight: false });
    const known = node.inputs.length === 0 ? least(node) : undefined;
    const own = node.type.element.kind === 'bool' ? truth : boundsOf(node, inputs);
    const bounds = known === undefined ? own : { ...own, low: known };
    const fixed = constants.has(node.op) || (node.inputs.length > 0 && inputs.every((i) => i.fixed));
    ranges.set(node, { ...settled(bounds), fixed, weight: isWeight(node, inputs) });
  }
  return ranges;
}

function isWeight(node: Node, inputs: readonly Range[]): boolean {
  if (node.op === parameter) return true;
  const [a, b] = inputs;
  if (passing.includes(node.op) || isOp(node, slice, permute)) return a.weight;
  const scales = (x: Bounds): boolean => x.finite && isModerate(x);
  if (isOp(node, mul)) return (a.weight && scales(b)) || (b.weight && scales(a));
  return isOp(node, div) && a.weight && scales(quotient(at(1), b));
}

/** By the row of the node's op. */
function boundsOf(node: Node, inputs: readonly Range[]): Bounds {
  const row = rules[node.op.name] as Rule;
  return row(inputs, node);
}

/** Bounds that are no numbers say nothing; what is a number between moderate bounds is finite. */
function settled({ low, high, finite, number }: Bounds): Bounds {
  const [from, to] = [Number.isNaN(low) ? -Infinity : low, Number.isNaN(high) ? Infinity : high];
  return { low: from, high: to, finite: finite || (number && isModerate({ low: from, high: to })), number };
}

const isModerate = ({ low, high }: Pick<Bounds, 'low' | 'high'>): boolean => low >= -moderate && high <= moderate;

const constants: ReadonlySet<Op> = new Set<Op>([constant, literal, size, iota]);

type Rule<N extends Node = Node> = (inputs: readonly Range[], node: N) => Bounds;

const truthful: Rule = () => truth;
const same: Rule = ([x]) => x;
/** Of one number. */
const at = (value: number): Bounds => ({
  low: value,
  high: value,
  finite: Number.isFinite(value),
  number: !Number.isNaN(value),
});
const known =
  (low: number, high: number): Rule =>
  () => ({ low, high, finite: true, number: true });
/** A function that grows with its argument. */
const growing =
  (f: (x: number) => number): Rule =>
  ([x]) => ({ ...x, low: f(x.low), high: f(x.high) });
/** A function with values between -1 and 1, or 0 and 1, at every number. */
const squashed =
  (low: number): Rule =>
  ([x]) => ({ low, high: 1, finite: x.number, number: x.number });

function union(parts: readonly Bounds[]): Bounds {
  return {
    low: Math.min(...parts.map((p) => p.low)),
    high: Math.max(...parts.map((p) => p.high)),
    finite: parts.every((p) => p.finite),
    number: parts.every((p) => p.number),
  };
}

function times(a: Bounds, b: Bounds): Bounds {
  // An infinite bound stands for large numbers: 0 times one is 0.
  const corners = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => (x === 0 || y === 0 ? 0 : x * y)));
  const finite = a.finite && b.finite && (isModerate(a) || isModerate(b));
  return { low: Math.min(...corners), high: Math.max(...corners), finite, number: a.number && b.number };
}

function plus(a: Bounds, b: Bounds): Bounds {
  return {
    low: a.low + b.low,
    high: a.high + b.high,
    finite: a.finite && b.finite,
    number: a.number && b.number,
  };
}

const negated = (x: Bounds): Bounds => ({ ...x, low: -x.high, high: -x.low });

function quotient(a: Bounds, b: Bounds): Bounds {
  // 1 / inf is 0.
  if (b.low > 0 || b.high < 0) return times(a, { ...b, low: 1 / b.high, high: 1 / b.low, finite: b.number });
  return a.low >= 0 && b.low >= 0 ? { ...anything, low: 0 } : anything;
}

/** From `from` on the function is defined. */
const defined =
  (f: (x: number) => number, from: number): Rule =>
  ([x]) => {
    if (x.low > from) return { ...x, low: f(x.low), high: f(x.high) };
    if (x.low === from) return { low: f(x.low), high: f(x.high), finite: false, number: x.number };
    return anything;
  };

function exponential(f: (x: number) => number): Rule {
  return ([x]) => {
    const high = x.high > highestExponent ? Infinity : f(x.high);
    return { low: f(x.low), high, finite: x.number && high < Infinity, number: x.number };
  };
}

/** A sum of squares, or of what is not negative, is not negative. */
function total(x: Bounds): Bounds {
  return {
    low: x.low >= 0 ? x.low : -Infinity,
    high: x.high <= 0 ? x.high : Infinity,
    finite: x.finite,
    number: x.number,
  };
}

/** What is compared with a number, where the comparison holds, or does not: x of `if x < 1 then 1 else x` is 1 at least. */
function narrowed(bounds: Bounds, x: Node, condition: Node, holds: boolean): Bounds {
  if (!isOp(condition, less, lessEqual)) return bounds;
  const [left, right] = condition.inputs;
  const limit = numberOf(x === left ? right : left);
  if (limit === undefined || (x !== left && x !== right)) return bounds;
  return (x === left) === holds
    ? { ...bounds, high: Math.min(bounds.high, limit) }
    : { ...bounds, low: Math.max(bounds.low, limit) };
}

const passing: readonly Op[] = [broadcast, reshape, stopGradient, again, ownGradient];

/** The maximum of x - max(x), which is at most 0, and 0 somewhere. */
function shiftedBy({ op, inputs: [x, m] }: Node): NodeOf<typeof reduceMax> | undefined {
  if (op !== sub) return undefined;
  const most = through(m, passing);
  return isOp(most, reduceMax) && most.inputs[0] === x ? most : undefined;
}

/** The sum of exp(x - max(x)), over what the maximum is of: at least 1. */
function isTotalOfShifted({ inputs: [x], attrs: { axes } }: NodeOf<typeof sum>): boolean {
  const most = isOp(x, exp) ? shiftedBy(x.inputs[0]) : undefined;
  return most?.attrs.axes.join() === axes.join();
}

/** A row for each op: what is new says what it knows of its values, if only `anything`. */
const rules: { readonly [Name in OpName]: Rule<NodeOf<OpOf<Name>>> } = {
  input: () => ordinary,
  parameter: () => ordinary,
  state: () => ordinary,
  slot: () => ordinary,
  gradient: () => ordinary,
  counter: known(0, 2 ** 31),
  constant: (_, { attrs }) => at(attrs.value),
  literal: (_, { attrs: { values } }) =>
    values.length > 0 && values.every((v) => Number.isFinite(v))
      ? { ...ordinary, low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) }
      : anything,
  size: () => ({ ...ordinary, low: 1 }),
  iota: () => ({ ...ordinary, low: 0 }),
  random: known(0, 1),
  bound: () => ordinary,
  argument: () => ordinary,
  // Of ordinary values a round makes what its body does.
  scan: (inputs, { attrs: { loop, result } }) => {
    const of = result.kind === 'emit' ? result.of : loop.next[result.of];
    const round = rangesOf(reachable([of])).get(of) ?? anything;
    return result.kind === 'emit' ? round : union([round, inputs[loop.slices.length + result.of]]);
  },
  recurrence: ([x], { attrs: { form } }) =>
    form === 'sum' ? { ...x, low: x.low >= 0 ? 0 : -Infinity, high: x.high <= 0 ? 0 : Infinity } : anything,
  toF32: ([x], { inputs: [of] }) => (of.type.element.kind === 'bool' ? x : { ...ordinary, low: 0 }),
  add: ([a, b]) => plus(a, b),
  sub: ([a, b], node) => (shiftedBy(node) ? { ...a, low: -Infinity, high: 0 } : plus(a, negated(b))),
  neg: ([x]) => negated(x),
  mul: ([a, b], { inputs: [x, y] }) => {
    // As a matrix product with weights is taken to be finite.
    const weighted = a.finite && b.finite && a.weight !== b.weight;
    const product = { ...times(a, b), ...(weighted && { finite: true }) };
    return x === y ? { ...product, low: Math.max(product.low, 0) } : product;
  },
  div: ([a, b]) => quotient(a, b),
  pow: ([x], { inputs: [, power] }) => {
    const exponent = numberOf(power) ?? NaN;
    const low = x.low >= 0 || exponent % 2 === 0 ? 0 : -Infinity;
    return { ...anything, low, number: x.number && Number.isInteger(exponent) && exponent > 0 };
  },
  maximum: ([a, b]) => ({ ...union([a, b]), low: Math.max(a.low, b.low) }),
  minimum: ([a, b]) => ({ ...union([a, b]), high: Math.min(a.high, b.high) }),
  abs: ([x]) => ({ ...x, low: Math.max(0, x.low, -x.high), high: Math.max(-x.low, x.high) }),
  sign: known(-1, 1),
  floor: growing(Math.floor),
  ceil: growing(Math.ceil),
  round: growing(Math.round),
  sqrt: ([x]) => (x.low >= 0 ? { ...x, low: Math.sqrt(x.low), high: Math.sqrt(x.high) } : { ...anything, low: 0 }),
  exp: exponential(Math.exp),
  expm1: exponential(Math.expm1),
  log: defined(Math.log, 0),
  log1p: defined(Math.log1p, -1),
  sin: ([x]) => ({ low: -1, high: 1, finite: x.finite, number: x.finite }),
  cos: ([x]) => ({ low: -1, high: 1, finite: x.finite, number: x.finite }),
  tanh: squashed(-1),
  erf: squashed(-1),
  sigmoid: squashed(0),
  softplus: ([x]) => ({ ...x, low: 0, high: Math.max(x.high, 0) + 1 }),
  softplusMinus: ([a, b]) => plus({ ...a, low: 0, high: Math.max(a.high, 0) + 1 }, negated(b)),
  less: truthful,
  lessEqual: truthful,
  equalTo: truthful,
  and: truthful,
  or: truthful,
  not: truthful,
  select: ([, a, b], { inputs: [condition, x, y] }) =>
    union([narrowed(a, x, condition, true), narrowed(b, y, condition, false)]),
  stopGradient: same,
  again: same,
  ownGradient: same,
  broadcast: same,
  reshape: same,
  permute: same,
  slice: same,
  spreadOut: ([x]) => union([x, at(0)]),
  pad: ([x], { attrs }) => union([x, at(attrs.value)]),
  concat: (parts) => union(parts),
  window: same,
  overlapAdd: ([x]) => union([total(x), at(0)]),
  oneHot: truthful,
  takeAlong: same,
  gather: same,
  scatterAdd: ([x]) => union([total(x), at(0)]),
  sumAlike: ([x]) => union([total(x), at(0)]),
  putRows: ([table, , rows]) => union([table, rows]),
  sum: ([x], node) => (isTotalOfShifted(node) ? { ...total(x), low: 1 } : total(x)),
  prod: ([x]) => (x.low >= 0 && x.high <= 1 ? { ...x, low: 0 } : { ...anything, low: x.low >= 0 ? 0 : -Infinity }),
  reduceMax: same,
  reduceMin: same,
  contract: ([a, b], { inputs: [x, y], attrs: { left, right } }) => {
    const squares = x === y && left.join() === right.join();
    const low = squares || (a.low >= 0 && b.low >= 0) ? 0 : -Infinity;
    return { ...ordinary, low, finite: a.finite && b.finite, number: a.number && b.number };
  },
};
