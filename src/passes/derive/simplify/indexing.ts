// What is chosen by indices: one_hot, however it is written.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf, type Index } from '../../../ir/index.js';
import { filled } from '../../../ir/ops/calls.js';
import { contract } from '../../../ir/ops/contract.js';
import { idsOfPlaces, oneHot, scatterAdd } from '../../../ir/ops/indexing.js';
import { toF32 } from '../../../ir/ops/logic.js';
import { broadcast, permute } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import { given, rule, type SimplifyRule } from './rule.js';

export const indexingRules: readonly SimplifyRule[] = [
  { equation: 'f32(broadcast(ids) == range(n)) = one_hot(ids)', ops: [toF32], rewrite: writtenOut },
  rule({ equation: 'one_hot(broadcast(ids)) = broadcast(one_hot(ids))', ops: [oneHot], rewrite: beforeBroadcast }),
  rule({ equation: 'sum(one_hot(ids)) = 1', ops: [sum], rewrite: sumOfOneHot }),
  rule({
    equation: 'transpose(one_hot(ids)) @ x = scatter_add(x, ids)',
    given: given.finite,
    ops: [contract],
    rewrite: productWithOneHot,
  }),
];

function writtenOut({ inputs: [test], type }: Node, g: Builder): Node | undefined {
  const ids = test.kept ? undefined : idsOfPlaces(test);
  return ids && g.make(oneHot, [ids], { classes: type.shape[type.shape.length - 1] });
}

function beforeBroadcast({ inputs: [ids], attrs, type }: NodeOf<typeof oneHot>, g: Builder): Node | undefined {
  if (!isOp(ids, broadcast)) return undefined;
  return g.make(broadcast, [g.make(oneHot, ids.inputs, attrs)], { shape: type.shape, axes: ids.attrs.axes });
}

/** An index stands for one class and no other. */
function sumOfOneHot({ inputs: [x], attrs: { axes }, type }: NodeOf<typeof sum>, g: Builder): Node | undefined {
  if (!isOp(x, oneHot) || axes.length !== 1 || axes[0] !== x.type.shape.length - 1) return undefined;
  const { element } = x.inputs[0].type;
  return element.kind === 'index' && isWithin(element.size, x.attrs.classes.size) ? filled(g, 1, type) : undefined;
}

/** The contraction of one_hot with what has the axes of its indices, over those. */
function productWithOneHot({ inputs, attrs }: NodeOf<typeof contract>, g: Builder): Node | undefined {
  const { left, right, out } = attrs;
  for (const [chooser, own, x, others] of [
    [inputs[0], left, inputs[1], right],
    [inputs[1], right, inputs[0], left],
  ] as const) {
    if (!isOp(chooser, oneHot)) continue;
    const [places, row] = [own.slice(0, -1), own[own.length - 1]];
    if (others.includes(row) || places.some((label) => out.includes(label))) continue;
    const [ids] = chooser.inputs;
    const { element } = ids.type;
    const { classes } = chooser.attrs;
    if (element.kind !== 'index' || !isWithin(element.size, classes.size)) continue;
    const rest = others.filter((label) => !places.includes(label));
    const moved = permuted(x, others, [...places, ...rest], g);
    return permuted(g.make(scatterAdd, [moved, ids], { rows: classes }), [row, ...rest], out, g);
  }
  return undefined;
}

function permuted(x: Node, from: readonly string[], to: readonly string[], g: Builder): Node {
  const order = to.map((label) => from.indexOf(label));
  return order.every((at, i) => at === i) ? x : g.make(permute, [x], { order });
}

/** Is every index below one size below the other? */
function isWithin(size: Index, limit: Index): boolean {
  return size.key === limit.key || (constantOf(size) ?? Infinity) <= (constantOf(limit) ?? 0);
}
