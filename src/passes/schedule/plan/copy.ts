// How the buffer of a stage is filled.
import type { CopyPlan, LoopPlan } from '../../../ir/nest/plans.js';
import { constantOf, type Axis } from '../../../ir/index.js';

/** How many elements of a row are written out. */
const longestWritten = 32;

/**
 * Rows: fold axes outside, the last column in lanes. Columns first: element by element, so that what depends on the column alone is
 * computed once. `over` and `columns` are axes of the copy's own.
 */
export function planCopy(kind: CopyPlan['kind'], over: readonly Axis[], columns: readonly Axis[]): CopyPlan {
  const rows = kind !== 'columnsFirst';
  const order = rows ? [...over, ...columns] : [...columns, ...over];
  const last = order[order.length - 1];
  // Short runs are written out, several of them where that is still short.
  let room = longestWritten;
  const loops = [...order].reverse().map((axis): LoopPlan => {
    const wide = rows && axis === last;
    const extent = constantOf(axis.extent) ?? Infinity;
    const written = rows && extent <= room;
    room = written ? room / extent : 0;
    const tile = written ? extent : wide ? 4 : 1;
    return { axis, tile, tail: 'overlap', ...(wide && { lanes: true as const }) };
  });
  return { kind, over, columns, loops: loops.reverse() };
}
