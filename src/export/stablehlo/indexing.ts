// Elements and rows chosen by indices.
import type { Plain } from '../../ir/ops/elementwise.js';
import type { oneHot, scatterAdd } from '../../ir/ops/indexing.js';
import type { Node } from '../../ir/graph.js';
import type { Block, Value } from './block.js';
import { mask } from './elementwise.js';
import { dimsOf, spelling, type AttrsOf, type Spelling } from './spelled.js';
import { type, type SizeOf } from './types.js';

export const spellOneHot: Spelling<AttrsOf<typeof oneHot>> = spelling((to, [ids], { attrs: { classes } }, sizeOf) =>
  to.convert(mask(to, ids, sizeOf(classes.size)), 'f32'),
);

/** Each element is the only one of its row that is kept: so rows may lie on any device, and what is not finite elsewhere does not matter. */
export const spellTakeAlong: Spelling<Plain> = spelling((to, [x, ids]) => {
  const { dims, dtype } = x.type;
  const last = dims.length - 1;
  const kept = to.select(mask(to, ids, dims[last]), x, to.constant(0, x.type));
  return to.reduce(dtype === 'i1' ? 'or' : 'add', kept, [last]);
});

export const spellGather: Spelling<Plain> = spelling((to, [table, ids]) => to.gather(table, ids));

export const spellScatterAdd: Spelling<AttrsOf<typeof scatterAdd>> = spelling((to, [x, ids], node, sizeOf) =>
  to.scatter(to.constant(0, type('f32', dimsOf(node, sizeOf))), ids, x, 'add'),
);

/** As many rows as the indices can name. */
function rowsNamed({ inputs: [, ids] }: Node, sizeOf: SizeOf): number {
  const { element } = ids.type;
  if (element.kind !== 'index') throw new Error('rows are named by indices');
  return sizeOf(element.size);
}

/** scatter_add(x, ids)[ids] */
export const spellSumAlike: Spelling<Plain> = spelling((to, [x, ids], node, sizeOf) => {
  const [, ...rest] = x.type.dims;
  const table = to.constant(0, type('f32', [rowsNamed(node, sizeOf), ...rest]));
  return to.gather(to.scatter(table, ids, x, 'add'), ids);
});

/** Of positions with one index the last tells the row for all of them, so that their order does not matter. */
export const spellPutRows: Spelling<Plain> = spelling((to, [table, ids, rows]) =>
  to.scatter(table, ids, to.gather(rows, lastAlike(to, table, ids)), 'second'),
);

/** For each position the last one with the same index. */
function lastAlike(to: Block, table: Value, ids: Value): Value {
  const nobody = to.constant(0, type('i32', [table.type.dims[0]]));
  const last = to.scatter(nobody, ids, to.iota(0, ids.type), 'maximum');
  return to.gather(last, ids);
}
