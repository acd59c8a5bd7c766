// What is chosen by indices: one_hot, however it is written.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf, type Index } from '../../../ir/index.js';
import { filled } from '../../../ir/ops/calls.js';
import { idsOfPlaces, oneHot } from '../../../ir/ops/indexing.js';
import { toF32 } from '../../../ir/ops/logic.js';
import { broadcast } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import { rule, type SimplifyRule } from './rule.js';

export const indexingRules: readonly SimplifyRule[] = [
  { equation: 'f32(broadcast(ids) == range(n)) = one_hot(ids)', ops: [toF32], rewrite: writtenOut },
  rule({ equation: 'one_hot(broadcast(ids)) = broadcast(one_hot(ids))', ops: [oneHot], rewrite: beforeBroadcast }),
  rule({ equation: 'sum(one_hot(ids)) = 1', ops: [sum], rewrite: sumOfOneHot }),
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

/** Is every index below one size below the other? */
function isWithin(size: Index, limit: Index): boolean {
  return size.key === limit.key || (constantOf(size) ?? Infinity) <= (constantOf(limit) ?? 0);
}
