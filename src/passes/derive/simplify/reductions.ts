// Sums and extremes over what repeats, over one element, and over other sums.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf, product } from '../../../ir/index.js';
import { filled, numberOf, spread } from '../../../ir/ops/calls.js';
import { mul, neg, div } from '../../../ir/ops/arithmetic.js';
import { size } from '../../../ir/ops/constants.js';
import { idsOfPlaces } from '../../../ir/ops/indexing.js';
import { select } from '../../../ir/ops/logic.js';
import { broadcast, reshape } from '../../../ir/ops/movement.js';
import { prod, reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { given, rule, type SimplifyRule } from './rule.js';

const reductions = [sum, prod, reduceMax, reduceMin] as const;

type Reduction = NodeOf<typeof sum>;

export const reductionRules: readonly SimplifyRule[] = [
  rule({
    equation: 'sum(x, no axes) = x',
    ops: reductions,
    rewrite: ({ attrs, inputs: [x] }) => (attrs.axes.length === 0 ? x : undefined),
  }),
  rule({
    equation: 'max(x, axes of one element) = reshape(x)',
    ops: [prod, reduceMax, reduceMin],
    rewrite: overOne,
  }),
  // A sum starts from 0, so that of a single -0 is 0.
  rule({ equation: 'sum(x, axes of one element) = reshape(x)', given: given.signOfZero, ops: [sum], rewrite: overOne }),
  rule({ equation: 'sum(sum(x)) = sum(x)', ops: reductions, rewrite: merge }),
  rule({ equation: 'sum(broadcast(2, n)) = 2 * n', ops: [sum], rewrite: sumOfNumber }),
  rule({ equation: 'sum(broadcast(x, n)) = x * n', given: given.signOfZero, ops: [sum], rewrite: sumOfBroadcast }),
  rule({
    equation: 'sum(broadcast(a) * x) = a * sum(x); sum(x / broadcast(a)) = sum(x) / a',
    given: given.finite,
    ops: [sum],
    rewrite: sumOfScaled,
  }),
  rule({ equation: 'sum(if one_hot(ids) then broadcast(x) else 0) = x', ops: [sum], rewrite: sumOfOnePlace }),
  rule({ equation: 'max(broadcast(x)) = x', ops: [reduceMax, reduceMin], rewrite: extremeOfBroadcast }),
  rule({ equation: 'sum(-x) = -sum(x)', given: given.signOfZero, ops: [sum], rewrite: sumOfNegative }),
];

function overOne(node: Reduction, g: Builder): Node | undefined {
  const [x] = node.inputs;
  const single = node.attrs.axes.every((a) => constantOf(x.type.shape[a].size) === 1);
  return single ? g.make(reshape, [x], { shape: node.type.shape }) : undefined;
}

function merge(node: Reduction, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (!isOp(inner, ...reductions) || inner.op !== node.op || inner.name) return undefined;
  const gone = inner.attrs.axes;
  const kept = inner.inputs[0].type.shape.map((_, i) => i).filter((i) => !gone.includes(i));
  const axes = [...gone, ...node.attrs.axes.map((a) => kept[a])].sort((a, b) => a - b);
  return g.make(node.op, [inner.inputs[0]], { axes });
}

/** The axes that a reduction shares with the broadcast below it go from both. */
function withoutShared(node: Reduction, g: Builder): { node: Node; shared: readonly number[] } | undefined {
  const [wide] = node.inputs;
  if (!isOp(wide, broadcast)) return undefined;
  const [repeated, reduced] = [wide.attrs.axes, node.attrs.axes];
  const shared = reduced.filter((a) => repeated.includes(a));
  if (shared.length === 0) return undefined;
  const renumber = (axes: readonly number[]) =>
    axes.filter((a) => !shared.includes(a)).map((a) => a - shared.filter((s) => s < a).length);
  const shape = wide.type.shape.filter((_, i) => !shared.includes(i));
  const narrow = g.make(broadcast, [wide.inputs[0]], { shape, axes: renumber(repeated) });
  return { node: g.make(node.op, [narrow], { axes: renumber(reduced) }), shared };
}

function sumOfNumber(node: Reduction, g: Builder): Node | undefined {
  return Math.abs(numberOf(node.inputs[0]) ?? 0) > 0 ? sumOfBroadcast(node, g) : undefined;
}

function sumOfBroadcast(node: Reduction, g: Builder): Node | undefined {
  const found = withoutShared(node, g);
  if (!found) return undefined;
  const times = product(found.shared.map((a) => node.inputs[0].type.shape[a].size));
  const known = constantOf(times);
  const count =
    known === undefined ? spread(g, g.make(size, [], { of: times }), node.type) : filled(g, known, node.type);
  return g.make(mul, [found.node, count], {});
}

/** What is the same all along the summed axes is applied once, to the sum. */
function sumOfScaled(node: Reduction, g: Builder): Node | undefined {
  const [x] = node.inputs;
  if (!isOp(x, mul, div) || x.kept) return undefined;
  const [a, b] = x.inputs;
  const over = narrowFactor(b, node.attrs.axes, g);
  const summed = (of: Node): Node => g.make(sum, [of], node.attrs);
  if (over) return g.make(x.op, [summed(a), over], {});
  const factor = x.op === mul ? narrowFactor(a, node.attrs.axes, g) : undefined;
  return factor && g.make(x.op, [factor, summed(b)], {});
}

/** A factor that repeats along the axes, without them. */
export function narrowFactor(node: Node, axes: readonly number[], g: Builder): Node | undefined {
  if (!isOp(node, broadcast)) return undefined;
  const { axes: repeated } = node.attrs;
  if (!axes.every((a) => repeated.includes(a))) return undefined;
  const left = repeated.filter((a) => !axes.includes(a)).map((a) => a - axes.filter((r) => r < a).length);
  const shape = node.type.shape.filter((_, i) => !axes.includes(i));
  return left.length === 0 ? node.inputs[0] : g.make(broadcast, [node.inputs[0]], { shape, axes: left });
}

/** if one_hot(ids) then d else 0 */
function sumOfOnePlace(node: Reduction, g: Builder): Node | undefined {
  const [choice] = node.inputs;
  if (!isOp(choice, select) || numberOf(choice.inputs[2]) !== 0) return undefined;
  const [chosen, part] = choice.inputs;
  const { axes } = node.attrs;
  const isLast = axes.length === 1 && axes[0] === choice.type.shape.length - 1;
  return isLast && idsOfPlaces(chosen) ? narrowFactor(part, axes, g) : undefined;
}

function extremeOfBroadcast(node: Reduction, g: Builder): Node | undefined {
  return withoutShared(node, g)?.node;
}

function sumOfNegative(node: Reduction, g: Builder): Node | undefined {
  const [x] = node.inputs;
  return isOp(x, neg) ? g.make(neg, [g.make(node.op, x.inputs, node.attrs)], {}) : undefined;
}
