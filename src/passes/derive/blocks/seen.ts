// Which part of a matrix of scores adds nothing to what is computed of it, because a mask hides it: worked out in intervals.
import { withinOf } from './axes.js';
import { columns, firstShared, keyOf, rows, type Exit, type Places } from './region.js';
import { isElementwise, isOp, type Node } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import * as arithmetic from '../../../ir/ops/arithmetic.js';
import { constant, iota } from '../../../ir/ops/constants.js';
import { contract } from '../../../ir/ops/contract.js';
import { again, stopGradient } from '../../../ir/ops/control.js';
import * as logic from '../../../ir/ops/logic.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import { reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { exp } from '../../../ir/ops/transcendental.js';

/** From the first to behind the last. */
export type Range = readonly [number, number];

/** All values lie between these, truths as 0 and 1. */
interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Of what nothing is known but that it is a number: not infinite, not NaN. */
type Known = Interval | undefined;

/**
 * The columns outside of which, in these rows, every element of every matrix that an exit reads is what leaves it as it is: 0 for sums
 * and products, -∞ for maxima. Taken for granted is that what is computed there is finite.
 */
export function columnsSeen(exits: readonly Exit[], ofRows: Range, width: number, step: number): Range {
  const hides = (range: Range): boolean => areHidden(exits, ofRows, range);
  const places = Math.ceil(width / step);
  const to = least(places, (n) => hides([n * step, width]));
  const from = to === 0 ? 0 : to - 1 - least(to - 1, (n) => hides([0, (to - 1 - n) * step]));
  return [from * step, Math.min(width, Math.max(1, to) * step)];
}

/** Do these columns add nothing in these rows? */
export function areHidden(exits: readonly Exit[], ofRows: Range, ofColumns: Range): boolean {
  const where = { ofRows, ofColumns, known: new Map<string, Known>() };
  return exits.every((exit) => addsNothing(exit, where));
}

/** The least number below the end that passes, and with it all that follow; the end where none does. */
function least(end: number, passes: (n: number) => boolean): number {
  let [low, high] = [0, end];
  if (end === 0 || !passes(end - 1)) return end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function addsNothing({ node, operands }: Exit, where: Where): boolean {
  const values = node.inputs.map((input, i) => {
    const isMatrix = operands[i][rows] !== undefined && operands[i][columns] !== undefined;
    return isMatrix ? valueOf(input, operands[i].slice(0, firstShared), where) : undefined;
  });
  const are = (value: number): boolean => values.some((v) => v?.low === value && v.high === value);
  if (isOp(node, sum, contract)) return are(0);
  return isOp(node, reduceMax) ? are(-Infinity) : isOp(node, reduceMin) && are(Infinity);
}

interface Where {
  readonly ofRows: Range;
  readonly ofColumns: Range;
  readonly known: Map<string, Known>;
}

function valueOf(node: Node, places: Places, where: Where): Known {
  const key = keyOf(node, places);
  if (where.known.has(key)) return where.known.get(key);
  const found = valueAnew(node, places, where);
  where.known.set(key, found);
  return found;
}

const passing = [broadcast, permute, reshape, stopGradient, again, logic.toF32];

function valueAnew(node: Node, places: Places, where: Where): Known {
  if (isOp(node, constant)) return { low: node.attrs.value, high: node.attrs.value };
  if (isOp(node, iota)) {
    const range = places[rows] ? where.ofRows : places[columns] ? where.ofColumns : undefined;
    const size = constantOf(node.attrs.size);
    if (range) return { low: range[0], high: range[1] - 1 };
    return size === undefined ? undefined : { low: 0, high: size - 1 };
  }
  if (node.op.kind !== 'element' || node.inputs.length === 0) return undefined;
  const operand = (i: number): Known => {
    const at = places.map((place) => place && withinOf(node, i, place));
    return at.some((place) => place === 'mixed')
      ? undefined
      : valueOf(
          node.inputs[i],
          at.map((place) => (place === 'mixed' ? undefined : place)),
          where,
        );
  };
  if (passing.some((op) => node.op === op)) return operand(0);
  return ofOperation(node, operand);
}

function ofOperation(node: Node, operand: (i: number) => Known): Known {
  if (isOp(node, logic.select)) {
    const [chosen, a, b] = [operand(0), operand(1), operand(2)];
    if (chosen?.low === 1) return a;
    if (chosen?.high === 0) return b;
    return a && b && { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  }
  if (isOp(node, exp)) return monotone(operand(0), Math.exp);
  if (isOp(node, arithmetic.neg)) {
    const a = operand(0);
    return a && { low: -a.high, high: -a.low };
  }
  if (isOp(node, logic.not)) {
    const a = operand(0);
    return a && { low: 1 - a.high, high: 1 - a.low };
  }
  if (node.inputs.length !== 2 || !isElementwise(node)) return undefined;
  return ofTwo(node, operand(0), operand(1));
}

function monotone(a: Known, f: (x: number) => number): Known {
  return a && { low: f(a.low), high: f(a.high) };
}

/** Of two operands of which one may be any number. */
function ofTwo(node: Node, a: Known, b: Known): Known {
  if (isOp(node, logic.and) && (a?.high === 0 || b?.high === 0)) return { low: 0, high: 0 };
  if (isOp(node, logic.or) && (a?.low === 1 || b?.low === 1)) return { low: 1, high: 1 };
  if (isOp(node, arithmetic.mul) && (isZero(a) || isZero(b))) return { low: 0, high: 0 };
  if (isOp(node, arithmetic.div) && isZero(a)) return a;
  if (isOp(node, arithmetic.add, arithmetic.sub)) {
    const [one, other] = a?.low === -Infinity && a.high === -Infinity ? [a, b] : [undefined, undefined];
    if (one && other === undefined) return one;
  }
  if (!a || !b) return undefined;
  if (isOp(node, arithmetic.add)) return interval([a.low + b.low, a.high + b.high]);
  if (isOp(node, arithmetic.sub)) return interval([a.low - b.high, a.high - b.low]);
  if (isOp(node, arithmetic.mul)) return interval([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]);
  if (isOp(node, logic.and)) return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
  if (isOp(node, logic.or)) return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
  if (isOp(node, logic.less)) return truth(a.high < b.low, a.low >= b.high);
  if (isOp(node, logic.lessEqual)) return truth(a.high <= b.low, a.low > b.high);
  return undefined;
}

function isZero(a: Known): boolean {
  return a?.low === 0 && a.high === 0;
}

/** NaN: nothing is known. */
function interval(values: readonly number[]): Known {
  return values.some(Number.isNaN) ? undefined : { low: Math.min(...values), high: Math.max(...values) };
}

function truth(always: boolean, never: boolean): Interval {
  return { low: always ? 1 : 0, high: never ? 0 : 1 };
}
