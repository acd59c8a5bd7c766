// The plan of a stage's copying nest.
import { constantOf } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import type { LoopPlan, NestPlan, Stage } from '../../../ir/nest/plans.js';

/** Rows: fold axes outside, the last column in lanes. Columns first: element by element, so that what depends on the column alone is computed once. */
export function planCopy(copy: Nest, stage: Stage): NestPlan {
  const over = copy.axes.slice(0, stage.over.length);
  const columns = copy.axes.slice(stage.over.length);
  const rows = stage.copy.kind !== 'columnsFirst';
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
  return {
    kind: 'nest',
    role: 'elementwise',
    shape: { split: [], axes: [], folds: [] },
    stages: [],
    mergeColumns: [],
    mergeFolds: [],
    loops,
    folds: [],
    unrolled: [],
    foldLanes: [],
    text: '',
  };
}
