// Well-known compositions recognised for display: the graph stays as it is, a reader sees `softmax(logits)`.
import { axesSetting, setting, type Setting } from './formula/tree.js';
import { isOp, through, type Node, type NodeOf, type Op } from './graph.js';
import { constantOf, printIndex, product } from './index.js';
import { add, div, maximum, mul, neg, sub } from './ops/arithmetic.js';
import { again, stopGradient } from './ops/control.js';
import { counter } from './ops/leaves.js';
import { ownGradient } from './ops/ownGradient.js';
import { broadcast, reshape } from './ops/movement.js';
import { constant, iota, size } from './ops/constants.js';
import { equalTo, lessEqual, or, select } from './ops/logic.js';
import { exp, log } from './ops/transcendental.js';
import { reduceMax, reduceMin, sum } from './ops/reductions.js';

export interface Form {
  readonly name: string;
  readonly inputs: readonly Node[];
  /** Further arguments: `axis = 1`. */
  readonly rest: readonly Setting[];
  /** It stands for -name(…). */
  readonly negative?: true;
  /** Of a sum: the reduction that it is written as. */
  readonly sum?: Reduction;
}

type Reduction = NodeOf<typeof sum>;

/** The well-known function that a node is, if it is one. */
export function recognise(node: Node): Form | undefined {
  return shares(node) ?? logSumExp(node) ?? argExtreme(node) ?? mean(node) ?? relu(node) ?? lowerTriangle(node);
}

/** e^x over its sum, x being what it is `of`, or the logarithm of that. */
export interface Shares {
  readonly of: Node;
  /** The sum. */
  readonly total: Reduction;
  readonly isLogarithm: boolean;
}

/** The shares that a node is, as softmax and log_softmax give them. */
export function sharesOf(node: Node): Shares | undefined {
  return softmax(node) ?? logSoftmax(node);
}

/** exp(x - m) / sum(exp(x - m)), the maximum m subtracted */
function softmax(node: Node): Shares | undefined {
  if (!isOp(node, div)) return undefined;
  const [power, spread] = node.inputs;
  const total = shown(spread);
  if (!isOp(power, exp) || !isOp(total, sum) || total.inputs[0] !== power) return undefined;
  const of = shifted(power.inputs[0]);
  return of && { of, total, isLogarithm: false };
}

/** (x - m) - log(sum(exp(x - m))) */
function logSoftmax(node: Node): Shares | undefined {
  if (!isOp(node, sub)) return undefined;
  const [inner, spread] = node.inputs;
  const of = shifted(inner);
  const logarithm = shown(spread);
  if (!of || !isOp(logarithm, log)) return undefined;
  const total = shown(logarithm.inputs[0]);
  if (!isOp(total, sum)) return undefined;
  const [power] = total.inputs;
  return isOp(power, exp) && power.inputs[0] === inner ? { of, total, isLogarithm: true } : undefined;
}

function shares(node: Node): Form | undefined {
  const found = sharesOf(node);
  if (!found) return undefined;
  const { of, total, isLogarithm } = found;
  return { name: isLogarithm ? 'log_softmax' : 'softmax', inputs: [of], rest: axisOf(total) };
}

/** m + log(sum(exp(x - m))) */
function logSumExp(node: Node): Form | undefined {
  if (!isOp(node, add)) return undefined;
  for (const [one, other] of [node.inputs, [...node.inputs].reverse()]) {
    const total = shown(one.inputs[0] ?? one);
    if (!isOp(one, log) || !isOp(total, sum)) continue;
    const [power] = total.inputs;
    const x = isOp(power, exp) ? shifted(power.inputs[0]) : undefined;
    if (x && isOp(shown(other), reduceMax)) return { name: 'logsumexp', inputs: [x], rest: axisOf(total) };
  }
  return undefined;
}

/** x - broadcast(max(x)): the x of a shifted exponent. */
function shifted(node: Node): Node | undefined {
  if (!isOp(node, sub)) return undefined;
  const [x, m] = node.inputs;
  const max = shown(m);
  return isOp(max, reduceMax) && max.inputs[0] === x ? x : undefined;
}

/** min(if x == max(x) or x != x then range(n) else …): the first place of the largest, or of NaN */
function argExtreme(node: Node): Form | undefined {
  const [chosen] = node.inputs;
  if (!isOp(node, reduceMin) || !isOp(chosen, select)) return undefined;
  const [either, place] = chosen.inputs;
  if (!isOp(either, or) || !isOp(shown(place), iota)) return undefined;
  const [test] = either.inputs;
  if (!isOp(test, equalTo)) return undefined;
  const [x, spread] = test.inputs;
  const extreme = shown(spread);
  if (!isOp(extreme, reduceMax, reduceMin) || extreme.inputs[0] !== x) return undefined;
  const name = extreme.op === reduceMax ? 'argmax' : 'argmin';
  return { name, inputs: [x], rest: axisOf(extreme) };
}

/** sum(x) / n, n the number of elements summed; also 0.25 * sum(x), and -sum(x) / n */
function mean(node: Node): Form | undefined {
  if (!isOp(node, div, mul)) return undefined;
  const [a, b] = node.inputs;
  const [by, over] = node.op === div || !isOp(shown(a), constant) ? [b, a] : [a, b];
  const negative = isOp(over, neg);
  const total = negative ? over.inputs[0] : over;
  if (!isOp(total, sum)) return undefined;
  const summed = product(total.attrs.axes.map((i) => total.inputs[0].type.shape[i].size));
  const scale = shown(by);
  const value = isOp(scale, constant) ? scale.attrs.value : undefined;
  const known = constantOf(summed);
  const fits =
    node.op === mul
      ? value !== undefined && known !== undefined && value * known === 1
      : known === undefined
        ? isOp(scale, size) && scale.attrs.of.key === summed.key
        : value === known;
  return fits
    ? { name: 'mean', inputs: total.inputs, rest: axesOf(total), ...(negative && { negative: true as const }) }
    : undefined;
}

/** maximum(x, 0) */
function relu(node: Node): Form | undefined {
  if (!isOp(node, maximum)) return undefined;
  const [x, limit] = node.inputs;
  const floor = shown(limit);
  return isOp(floor, constant) && floor.attrs.value === 0 ? { name: 'relu', inputs: [x], rest: [] } : undefined;
}

/** column <= row, both of them range(n) */
function lowerTriangle(node: Node): Form | undefined {
  if (!isOp(node, lessEqual)) return undefined;
  const rank = node.type.shape.length;
  const [column, row] = node.inputs.map((input) => {
    if (!isOp(input, broadcast) || !isOp(input.inputs[0], iota)) return undefined;
    return input.type.shape.findIndex((_, i) => !input.attrs.axes.includes(i));
  });
  const n = node.type.shape.at(-1);
  const square = n?.size.key === node.type.shape.at(-2)?.size.key;
  return n && square && column === rank - 1 && row === rank - 2
    ? { name: 'lower_triangle', inputs: [], rest: [setting(n.name ?? printIndex(n.size))] }
    : undefined;
}

const transparent: readonly Op[] = [broadcast, reshape, stopGradient, again, ownGradient];

/** The node that a reader sees: without broadcasts, reshapes and the like. */
const shown = (node: Node): Node => through(node, transparent);

/** The axis of a softmax; the last one goes without saying. */
function axisOf(reduction: Reduction): Setting[] {
  const { axes } = reduction.attrs;
  const last = reduction.inputs[0].type.shape.length - 1;
  return axes.length === 1 && axes[0] === last ? [] : axesOf(reduction);
}

/** The axes of a reduction as an argument; none where it is over all. */
export function axesOf(reduction: Reduction): Setting[] {
  const { shape } = reduction.inputs[0].type;
  // Those of one element are not seen.
  const axes = reduction.attrs.axes.filter((axis) => constantOf(shape[axis].size) !== 1);
  const others = shape.filter(({ size: n }) => constantOf(n) !== 1).length;
  return axes.length === others ? [] : [axesSetting(axes, shape)];
}

/** The counters that schedules are made of: the same for a whole step, so that the host computes with them. */
export function countsUpdates(node: Node): boolean {
  return isOp(node, counter) && (node.attrs.name === 'update' || node.attrs.name === 'run');
}

/** What multiplies every learning rate: the same for a whole step, but no reason for the host to compute with it. */
export function scalesRates(node: Node): boolean {
  return isOp(node, counter) && node.attrs.name === 'learning_rate_scale';
}

/** A learning rate times the trainer's scale: one number, computed once a step, that multiplies every element of an update. */
export function isLearningRate(node: Node): boolean {
  return isOp(node, mul) && node.type.shape.length === 0 && scalesRates(node.inputs[1]);
}
