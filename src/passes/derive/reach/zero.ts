// Which values can be 0, of those whose bounds do not rule it out: by signs, by what never vanishes, and by what a choice keeps away.
import { isOp, through, type Node, type Op } from '../../../ir/graph.js';
import { abs, add, div, maximum, minimum, mul, neg, pow, sign, sqrt, sub } from '../../../ir/ops/arithmetic.js';
import { numberOf } from '../../../ir/ops/calls.js';
import { size } from '../../../ir/ops/constants.js';
import { contract } from '../../../ir/ops/contract.js';
import { again, stopGradient } from '../../../ir/ops/control.js';
import { gather, takeAlong } from '../../../ir/ops/indexing.js';
import { and, equalTo, less, lessEqual, not, or, select, toF32 } from '../../../ir/ops/logic.js';
import { broadcast, concat, pad, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { ownGradient } from '../../../ir/ops/ownGradient.js';
import { prod, reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { erf, exp, expm1, log1p, sigmoid, softplus, tanh } from '../../../ir/ops/transcendental.js';
import type { Range } from './ranges.js';

/** `vanishing`: other than 0 as a number, and 0 where it is too small to be held: exp(-200). */
export type Zero = 'never' | 'vanishing' | 'possible';

/**
 * Can a node's elements be 0? `ranges` has all nodes of `order`, in which inputs stand before what reads them. `steady`: leaves that
 * count as other than 0.
 */
export function zerosOf(
  order: readonly Node[],
  ranges: ReadonlyMap<Node, Range>,
  steady: (leaf: Node) => boolean = () => false,
): (node: Node) => Zero {
  const zeros = new Map<Node, Zero>();
  const of = (node: Node): Zero => zeros.get(node) ?? 'possible';
  const sided = (node: Node): -1 | 0 | 1 => sideOf(ranges.get(node));
  for (const node of order) {
    const range = ranges.get(node);
    const apart = range !== undefined && (range.low > 0 || range.high < 0);
    zeros.set(node, apart || (node.inputs.length === 0 && steady(node)) ? 'never' : zeroOf(node, of, sided));
  }
  return of;
}

/** On which side of 0 all of a range is, 0 itself among it. */
function sideOf(range: Range | undefined): -1 | 0 | 1 {
  if (!range) return 0;
  return range.low >= 0 ? 1 : range.high <= 0 ? -1 : 0;
}

/** Results that hold elements of their first input, or functions of them that are 0 where they are. */
const like: readonly Op[] = [
  ...[broadcast, reshape, permute, slice, stopGradient, again, ownGradient, reduceMax, reduceMin, prod, gather],
  ...[takeAlong, neg, abs, sign, sqrt, tanh, erf, expm1, log1p],
];

function zeroOf(node: Node, of: (node: Node) => Zero, sided: (node: Node) => -1 | 0 | 1): Zero {
  const { inputs } = node;
  const [x, y] = inputs;
  if (isOp(node, exp, sigmoid, softplus)) return 'vanishing';
  if (isOp(node, size)) return 'never';
  if (like.includes(node.op)) return of(x);
  if (isOp(node, sum)) return sided(x) === 0 ? 'possible' : of(x);
  if (isOp(node, contract)) return sided(x) * sided(y) === 0 ? 'possible' : worst(inputs.map(of));
  if (isOp(node, mul, concat)) return worst(inputs.map(of));
  // What is divided by may be large, so that the quotient vanishes: as a number it does not.
  if (isOp(node, div)) return of(x);
  if (isOp(node, pow)) return sided(x) > 0 || Number.isInteger(numberOf(y)) ? of(x) : 'possible';
  if (isOp(node, pad)) return node.attrs.value === 0 ? 'possible' : of(x);
  if (isOp(node, add)) return isFilledAtZero(x, y) || isFilledAtZero(y, x) ? 'never' : together(sided(x), sided(y));
  if (isOp(node, sub)) return together(sided(x), sided(y) === 1 ? -1 : sided(y) === -1 ? 1 : 0);
  if (isOp(node, maximum, minimum)) {
    const side = isOp(node, maximum) ? 1 : -1;
    // What is above 0 keeps the larger of two above it.
    const keeping = inputs.filter((input) => sided(input) === side).map(of);
    return best([...keeping, worst(inputs.map(of))]);
  }
  if (isOp(node, select)) {
    const [condition, whether, otherwise] = inputs;
    const arm = (value: Node, holds: boolean): Zero => (keepsAway(condition, holds, value) ? 'never' : of(value));
    return worst([arm(whether, true), arm(otherwise, false)]);
  }
  return 'possible';

  /** A sum of two that are on the same side. */
  function together(left: number, right: number): Zero {
    return left * right > 0 ? best(inputs.map(of)) : 'possible';
  }
}

const grades: readonly Zero[] = ['never', 'vanishing', 'possible'];
const worst = (all: readonly Zero[]): Zero => grades.findLast((grade) => all.includes(grade)) ?? 'possible';
const best = (all: readonly Zero[]): Zero => grades.find((grade) => all.includes(grade)) ?? 'possible';

/** x + f32(x == 0) */
function isFilledAtZero(x: Node, filling: Node): boolean {
  const at = filling.op === toF32 ? filling.inputs[0] : filling;
  return keepsAway(at, false, x);
}

/** Does it follow of a condition that holds, or does not, that a value beside it is other than 0? */
function keepsAway(condition: Node, holds: boolean, value: Node): boolean {
  const [left, right] = condition.inputs;
  if (isOp(condition, not)) return keepsAway(left, !holds, value);
  if (isOp(condition, and) && holds) return condition.inputs.some((part) => keepsAway(part, true, value));
  if (isOp(condition, or) && !holds) return condition.inputs.some((part) => keepsAway(part, false, value));
  if (isOp(condition, broadcast) && isOp(value, broadcast))
    return condition.attrs.axes.join() === value.attrs.axes.join() && keepsAway(left, holds, value.inputs[0]);
  if (isOp(condition, equalTo))
    return (
      !holds && ((numberOf(right) === 0 && isOfSame(left, value)) || (numberOf(left) === 0 && isOfSame(right, value)))
    );
  if (!isOp(condition, less, lessEqual)) return false;
  const [smaller, larger] = holds ? [left, right] : [right, left];
  // Where a comparison does not hold, the other way round the other one does.
  const strict = isOp(condition, less) === holds;
  const beyond = (limit: number | undefined): boolean => limit !== undefined && (limit > 0 || (strict && limit === 0));
  const [above, below] = [numberOf(smaller), numberOf(larger)];
  return (
    (isOfSame(larger, value) && beyond(above)) ||
    (isOfSame(smaller, value) && beyond(below === undefined ? below : -below))
  );
}

/** Is one 0 exactly where the other is? */
function isOfSame(one: Node, other: Node): boolean {
  return coreOf(one) === coreOf(other);
}

/** What a node's size or square is of. */
function coreOf(node: Node): Node {
  const at = through(node, [abs, neg, stopGradient, sqrt]);
  const isSquare =
    (isOp(at, mul) && at.inputs[0] === at.inputs[1]) || (isOp(at, pow) && (numberOf(at.inputs[1]) ?? 0) > 0);
  return isSquare ? coreOf(at.inputs[0]) : at;
}
