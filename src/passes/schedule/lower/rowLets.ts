// What one row of a loop holds for itself, where it needs no memory.
import { constantOf } from '../../../ir/index.js';
import type { NestPlan } from '../../../ir/nest/plans.js';
import { loadsOf } from '../../../ir/loads.js';
import type { Rows } from '../../../ir/program.js';
import type { Buffer } from '../../../ir/scalar.js';

/** Row buffers that can be lets: wherever one is stored or read, its address is a number. */
export function rowLets({ parts, rowLocal }: Rows, plans: readonly NestPlan[]): Set<Buffer> {
  const found = new Set(rowLocal);
  parts.forEach((part, i) => {
    if (isWrittenOut(plans[i])) return;
    for (const { to, value } of part.stores) {
      if (part.axes.length > 0) found.delete(to);
      for (const { from, at } of loadsOf(value)) if (constantOf(at) === undefined) found.delete(from);
    }
  });
  return found;
}

function isWrittenOut({ stages, loops, stretches, folds, unrolled }: NestPlan): boolean {
  const whole = loops.every(({ axis, tile, lanes }) => constantOf(axis.extent) === tile && !lanes);
  return whole && !stretches && stages.length === 0 && folds.every((a) => unrolled.includes(a));
}
