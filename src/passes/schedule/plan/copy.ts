// How the buffer of a stage is filled.
import type { CopyPlan, LoopPlan } from '../../../ir/nest/plans.js';
import { constantOf, type Axis } from '../../../ir/index.js';

/**
 * Rows: fold axes outside, the last column in lanes. Columns first: element by element, so that what depends on the column alone is
 * computed once. `over` and `columns` are axes of the copy's own.
 */
export function planCopy(kind: CopyPlan['kind'], over: readonly Axis[], columns: readonly Axis[]): CopyPlan {
  const rows = kind !== 'columnsFirst';
  const order = rows ? [...over, ...columns] : [...columns, ...over];
  const last = order[order.length - 1];
  const loops = order.map((axis): LoopPlan => {
    const wide = rows && axis === last;
    const extent = constantOf(axis.extent) ?? 4;
    return {
      axis,
      tile: wide ? (extent <= 32 && extent % 4 === 0 ? extent : extent < 4 ? 1 : 4) : 1,
      tail: 'overlap',
      ...(wide && { lanes: true as const }),
    };
  });
  return { kind, over, columns, loops };
}
