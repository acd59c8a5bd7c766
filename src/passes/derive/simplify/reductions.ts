// Sums and extremes over what repeats, over one element, and over other sums.
import type { Builder, Node } from '../../../ir/graph.js';
import { constantOf, product } from '../../../ir/index.js';
import { filled, numberOf, spread } from '../../../ir/ops/calls.js';
import { mul, neg } from '../../../ir/ops/arithmetic.js';
import { size } from '../../../ir/ops/constants.js';
import { broadcast, reshape } from '../../../ir/ops/movement.js';
import { recognise } from '../../../ir/recognise.js';
import { given, type SimplifyRule } from './rule.js';

const reductions = ['sum', 'prod', 'reduceMax', 'reduceMin'];

export const reductionRules: readonly SimplifyRule[] = [
  {
    equation: 'sum(x, no axes) = x',
    ops: reductions,
    rewrite: (node) => (axesOf(node).length === 0 ? node.inputs[0] : undefined),
  },
  {
    equation: 'max(x, axes of one element) = reshape(x)',
    ops: reductions.filter((name) => name !== 'sum'),
    rewrite: overOne,
  },
  // A sum starts from 0, so that of a single -0 is 0.
  { equation: 'sum(x, axes of one element) = reshape(x)', given: given.signOfZero, ops: ['sum'], rewrite: overOne },
  { equation: 'sum(sum(x)) = sum(x)', ops: reductions, rewrite: merge },
  { equation: 'sum(broadcast(2, n)) = 2 * n', ops: ['sum'], rewrite: sumOfNumber },
  { equation: 'sum(broadcast(x, n)) = x * n', given: given.signOfZero, ops: ['sum'], rewrite: sumOfBroadcast },
  {
    equation: 'sum(broadcast(a) * x) = a * sum(x); sum(x / broadcast(a)) = sum(x) / a',
    given: given.finite,
    ops: ['sum'],
    rewrite: sumOfScaled,
  },
  { equation: 'sum(one_hot(ids)) = 1', ops: ['sum'], rewrite: sumOfOneHot },
  { equation: 'max(broadcast(x)) = x', ops: ['reduceMax', 'reduceMin'], rewrite: extremeOfBroadcast },
  { equation: 'sum(-x) = -sum(x)', given: given.signOfZero, ops: ['sum'], rewrite: sumOfNegative },
];

function axesOf(node: Node): readonly number[] {
  const { axes } = node.attrs;
  return Array.isArray(axes) ? axes : [];
}

function overOne(node: Node, g: Builder): Node | undefined {
  const [x] = node.inputs;
  const single = axesOf(node).every((a) => constantOf(x.type.shape[a].size) === 1);
  return single ? g.make(reshape, [x], { shape: node.type.shape }) : undefined;
}

function merge(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (inner.op !== node.op || inner.name) return undefined;
  const gone = axesOf(inner);
  const kept = inner.inputs[0].type.shape.map((_, i) => i).filter((i) => !gone.includes(i));
  const axes = [...gone, ...axesOf(node).map((a) => kept[a])].sort((a, b) => a - b);
  return g.make(node.op, [inner.inputs[0]], { axes });
}

/** The axes that a reduction shares with the broadcast below it go from both. */
function withoutShared(node: Node, g: Builder): { node: Node; shared: readonly number[] } | undefined {
  const [wide] = node.inputs;
  if (wide.op.name !== 'broadcast') return undefined;
  const [repeated, reduced] = [axesOf(wide), axesOf(node)];
  const shared = reduced.filter((a) => repeated.includes(a));
  if (shared.length === 0) return undefined;
  const renumber = (axes: readonly number[]) =>
    axes.filter((a) => !shared.includes(a)).map((a) => a - shared.filter((s) => s < a).length);
  const shape = wide.type.shape.filter((_, i) => !shared.includes(i));
  const narrow = g.make(broadcast, [wide.inputs[0]], { shape, axes: renumber(repeated) });
  return { node: g.make(node.op, [narrow], { axes: renumber(reduced) }), shared };
}

function sumOfNumber(node: Node, g: Builder): Node | undefined {
  return Math.abs(numberOf(node.inputs[0]) ?? 0) > 0 ? sumOfBroadcast(node, g) : undefined;
}

function sumOfBroadcast(node: Node, g: Builder): Node | undefined {
  const found = withoutShared(node, g);
  if (!found) return undefined;
  const times = product(found.shared.map((a) => node.inputs[0].type.shape[a].size));
  const known = constantOf(times);
  const count =
    known === undefined ? spread(g, g.make(size, [], { of: times }), node.type) : filled(g, known, node.type);
  return g.make(mul, [found.node, count], {});
}

/** What is the same all along the summed axes is applied once, to the sum. */
function sumOfScaled(node: Node, g: Builder): Node | undefined {
  const [x] = node.inputs;
  if ((x.op.name !== 'mul' && x.op.name !== 'div') || x.kept) return undefined;
  const [a, b] = x.inputs;
  const over = narrowFactor(b, axesOf(node), g);
  const sum = (of: Node): Node => g.make(node.op, [of], node.attrs);
  if (over) return g.make(x.op, [sum(a), over], {});
  const factor = x.op.name === 'mul' ? narrowFactor(a, axesOf(node), g) : undefined;
  return factor && g.make(x.op, [factor, sum(b)], {});
}

/** A factor that repeats along the axes, without them. */
function narrowFactor(node: Node, axes: readonly number[], g: Builder): Node | undefined {
  const repeated = axesOf(node);
  if (node.op.name !== 'broadcast' || !axes.every((a) => repeated.includes(a))) return undefined;
  const left = repeated.filter((a) => !axes.includes(a)).map((a) => a - axes.filter((r) => r < a).length);
  const shape = node.type.shape.filter((_, i) => !axes.includes(i));
  return left.length === 0 ? node.inputs[0] : g.make(broadcast, [node.inputs[0]], { shape, axes: left });
}

/** An index stands for one class and no other. */
function sumOfOneHot(node: Node, g: Builder): Node | undefined {
  const [x] = node.inputs;
  const last = x.type.shape.length - 1;
  if (recognise(x)?.name !== 'one_hot' || axesOf(node).length !== 1 || axesOf(node)[0] !== last) return undefined;
  return filled(g, 1, node.type);
}

function extremeOfBroadcast(node: Node, g: Builder): Node | undefined {
  return withoutShared(node, g)?.node;
}

function sumOfNegative(node: Node, g: Builder): Node | undefined {
  const [x] = node.inputs;
  return x.op.name === 'neg' ? g.make(neg, [g.make(node.op, x.inputs, node.attrs)], {}) : undefined;
}
