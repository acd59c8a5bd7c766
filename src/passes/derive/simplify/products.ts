// Elementwise identities: neutral elements, powers, and signs and reciprocals inside sums and products.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { reachable } from '../../../ir/reachable.js';
import { add, div, mul, neg, pow, sqrt, sub } from '../../../ir/ops/arithmetic.js';
import { filled, numberOf, spread, spreadFrom } from '../../../ir/ops/calls.js';
import { contract } from '../../../ir/ops/contract.js';
import { broadcast, permute } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import { given, rule, type SimplifyRule } from './rule.js';
import { constant } from '../../../ir/ops/constants.js';
import { softplus, softplusMinus } from '../../../ir/ops/transcendental.js';
import { countsUpdates, scalesRates } from '../../../ir/recognise.js';

export const productRules: readonly SimplifyRule[] = [
  {
    equation: 'x - 0 = x',
    ops: [sub],
    rewrite: ({ inputs: [a, b] }) => (Object.is(numberOf(b), 0) ? a : undefined),
  },
  { equation: 'x + 0 = x; 0 - x = -x', given: given.signOfZero, ops: [add, sub], rewrite: neutralSum },
  { equation: 'x * 1 = x; x / 1 = x; x * -1 = -x', ops: [mul, div], rewrite: neutralProduct },
  {
    equation: 'x + x = 2 * x',
    ops: [add],
    rewrite: ({ inputs: [a, b], type }, g) => (a === b ? g.make(mul, [filled(g, 2, type), a], {}) : undefined),
  },
  { equation: '-(-x) = x', ops: [neg], rewrite: negOfNeg },
  { equation: '-(a - b) = b - a', given: given.signOfZero, ops: [neg], rewrite: negOfSub },
  { equation: 'x + -y = x - y; x - -y = x + y; -x + y = y - x', ops: [add, sub], rewrite: signsInSum },
  { equation: '-x - y = -(x + y)', given: given.signOfZero, ops: [sub], rewrite: bothNegative },
  {
    equation: 'x^0 = 1; x^1 = x; x^2 = x * x; x^3 = x * x * x; x^0.5 = sqrt(x); x^-1 = 1 / x',
    ops: [pow],
    rewrite: knownPower,
  },
  { equation: 'softplus(x) - y = (max(x, 0) - y) + log1p(exp(-abs(x)))', ops: [sub], rewrite: takenFromSoftplus },
  { equation: 'x * (1 / y) = x / y', ops: [mul], rewrite: timesReciprocal },
  { equation: 'x / c(t) = x * (1 / c(t))', ops: [div], rewrite: byCounted },
  rule({ equation: '(-a) · b = -(a · b)', given: given.signOfZero, ops: [contract], rewrite: signOfContract }),
  rule({
    equation: '1 · b = sum(b)',
    ops: [contract],
    rewrite: (node, g) => (onesOf(node) === 1 ? sumInstead(node, g) : undefined),
  }),
  rule({
    equation: '2 · b = 2 * sum(b); c · b = c * sum(b)',
    given: given.finite,
    ops: [contract],
    rewrite: sumInstead,
  }),
  { equation: 'x * 2 = 2 * x', ops: [mul], rewrite: numberFirst },
];

/** What is small is added last, where it is not lost: the value of a logit's loss where that is right with certainty. */
function takenFromSoftplus({ inputs: [a, b] }: Node, g: Builder): Node | undefined {
  return isOp(a, softplus) && !a.kept ? g.make(softplusMinus, [a.inputs[0], b], {}) : undefined;
}

function neutralSum(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  if (numberOf(b) === 0 && isOp(node, add)) return a;
  if (numberOf(a) !== 0) return undefined;
  return isOp(node, add) ? b : g.make(neg, [b], {});
}

function neutralProduct(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  const [left, right] = [numberOf(a), numberOf(b)];
  if (right === 1) return a;
  if (right === -1) return g.make(neg, [a], {});
  if (isOp(node, div)) return undefined;
  if (left === 1) return b;
  return left === -1 ? g.make(neg, [b], {}) : undefined;
}

function negOfNeg({ inputs: [x] }: Node): Node | undefined {
  return isOp(x, neg) && !x.kept ? x.inputs[0] : undefined;
}

function negOfSub({ inputs: [x] }: Node, g: Builder): Node | undefined {
  return isOp(x, sub) && !x.kept ? g.make(sub, [x.inputs[1], x.inputs[0]], {}) : undefined;
}

function signsInSum(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  const isAdd = isOp(node, add);
  const positive = negatedOf(b, g);
  if (positive) return g.make(isAdd ? sub : add, [a, positive], {});
  return isAdd && isOp(a, neg) ? g.make(sub, [b, a.inputs[0]], {}) : undefined;
}

function bothNegative({ inputs: [a, b] }: Node, g: Builder): Node | undefined {
  return isOp(a, neg) ? g.make(neg, [g.make(add, [a.inputs[0], b], {})], {}) : undefined;
}

/** The y of -y, repeated or not. */
function negatedOf(node: Node, g: Builder): Node | undefined {
  if (isOp(node, neg)) return node.inputs[0];
  if (!isOp(node, broadcast) || node.inputs[0].kept) return undefined;
  const inner = negatedOf(node.inputs[0], g);
  return inner && g.make(broadcast, [inner], { shape: node.type.shape, axes: node.attrs.axes });
}

function knownPower(node: Node, g: Builder): Node | undefined {
  const [x, exponent] = node.inputs;
  switch (numberOf(exponent)) {
    case 0:
      return filled(g, 1, node.type);
    case 1:
      return x;
    case 2:
      return g.make(mul, [x, x], {});
    case 3:
      return g.make(mul, [g.make(mul, [x, x], {}), x], {});
    case 0.5:
      return g.make(sqrt, [x], {});
    case -1:
      return g.make(div, [filled(g, 1, x.type), x], {});
    default:
      return undefined;
  }
}

/** The y of 1 / y, repeated or not. */
function reciprocalOf(node: Node, g: Builder): Node | undefined {
  if (isOp(node, div) && numberOf(node.inputs[0]) === 1) return node.inputs[1];
  if (!isOp(node, broadcast)) return undefined;
  const inner = reciprocalOf(node.inputs[0], g);
  return inner && g.make(broadcast, [inner], { shape: node.type.shape, axes: node.attrs.axes });
}

/**
 * A tensor over a scalar that only counts updates, such as Adam's 1 - beta^t: the host divides once a step, kernels multiply. For other
 * scalars a division stays one, so that x / max(x) is exactly 1 where x is largest.
 */
function byCounted(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  const scalar = spreadCounted(b);
  if (!scalar) return undefined;
  const reciprocal = g.make(div, [filled(g, 1, scalar.type), scalar], {});
  return g.make(mul, [a, spread(g, reciprocal, b.type)], {});
}

/** The scalar of a broadcast, where it depends on the update counter and constants alone. */
function spreadCounted(node: Node): Node | undefined {
  const [scalar] = node.inputs;
  if (!isOp(node, broadcast) || scalar.type.shape.length > 0) return undefined;
  const leaves = reachable([scalar]).filter((n) => n.inputs.length === 0);
  return leaves.some(countsUpdates) && leaves.every((n) => countsUpdates(n) || scalesRates(n) || isOp(n, constant))
    ? scalar
    : undefined;
}

function timesReciprocal(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  const over = reciprocalOf(b, g);
  if (over && !b.kept && !spreadCounted(b)) return g.make(div, [a, over], {});
  const under = reciprocalOf(a, g);
  return under && !a.kept && !spreadCounted(a) ? g.make(div, [b, under], {}) : undefined;
}

function signOfContract({ inputs: [a, b], attrs }: NodeOf<typeof contract>, g: Builder): Node | undefined {
  if (!isOp(a, neg) && !isOp(b, neg)) return undefined;
  const make = (left: Node, right: Node): Node => g.make(contract, [left, right], attrs);
  return g.make(neg, [isOp(a, neg) ? make(a.inputs[0], b) : make(a, b.inputs[0])], {});
}

/** The number that one operand of a contraction is everywhere. */
function onesOf({ inputs: [a, b] }: NodeOf<typeof contract>): number | undefined {
  return numberOf(a) ?? numberOf(b);
}

/** The scalar that a tensor is everywhere: a number, or 1 / batch. */
function scalarOf(node: Node): Node | undefined {
  const scalar = spreadFrom(node);
  return scalar.type.shape.length === 0 ? scalar : undefined;
}

/** A product with a tensor of one scalar: the sum of the other operand, which repeats where only the scalar's axes go on. */
function sumInstead(node: NodeOf<typeof contract>, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  const isLeft = scalarOf(a) !== undefined;
  const scalar = scalarOf(a) ?? scalarOf(b);
  if (!scalar) return undefined;
  const { left, right, out } = node.attrs;
  const [other, labels] = isLeft ? [b, right] : [a, left];
  const gone = labels.flatMap((label, i) => (out.includes(label) ? [] : [i]));
  const kept = labels.filter((label) => out.includes(label));
  const total = gone.length === 0 ? other : g.make(sum, [other], { axes: gone });
  const wanted = out.filter((label) => kept.includes(label));
  const order = wanted.map((label) => kept.indexOf(label));
  const turned = order.every((at, i) => at === i) ? total : g.make(permute, [total], { order });
  const axes = out.flatMap((label, i) => (kept.includes(label) ? [] : [i]));
  const { shape } = node.type;
  const wide = axes.length === 0 ? turned : g.make(broadcast, [turned], { shape, axes });
  return numberOf(scalar) === 1 ? wide : g.make(mul, [spread(g, scalar, node.type), wide], {});
}

function numberFirst(node: Node, g: Builder): Node | undefined {
  const [a, b] = node.inputs;
  return numberOf(b) !== undefined && numberOf(a) === undefined ? g.make(mul, [b, a], {}) : undefined;
}
