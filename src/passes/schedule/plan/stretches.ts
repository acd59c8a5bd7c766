// Plans in stretches: elements that are computed one by one because a comparison guards a load of theirs, as padding does.
import { axis as newAxis, constantOf, type Axis } from '../../../ir/index.js';
import { stretchOf, turnsOf } from '../../../ir/nest/stretches.js';
import type { NestPlan, Stretch, Stretches } from '../../../ir/nest/plans.js';
import { foldsOf, readsOwn } from '../../../ir/nest/strides.js';
import type { Nest } from '../../../ir/program.js';

/** More stretches of an axis are more text than they save time. */
const mostStretches = 4;

/** The axes around the stretches, and the stretches; undefined where none of some length has lanes. `order`: outermost first. */
export function chooseStretches(
  nest: Nest,
  order: readonly Axis[],
  planNest: (nest: Nest) => NestPlan,
): { readonly outer: readonly Axis[]; readonly stretches: Stretches } | undefined {
  if (foldsOf(nest).length > 0 || nest.ordered || readsOwn(nest)) return undefined;
  for (const [i, axis] of order.entries()) {
    const extent = constantOf(axis.extent);
    const turns = turnsOf(nest, axis);
    if (extent === undefined || axis.until || turns.length === 0 || turns.length >= mostStretches) continue;
    const inner = { ...nest, axes: nest.axes.filter((a) => !order.slice(0, i).includes(a)) };
    const parts = [0, ...turns].map((from, n): Stretch => {
      const within = newAxis(axis.name, (turns[n] ?? extent) - from);
      return { from, within, plan: planNest(stretchOf(inner, axis, { from, within })) };
    });
    const stretches = { axis, parts };
    return parts.some(({ plan }) => hasLanes(plan)) ? { outer: order.slice(0, i), stretches } : undefined;
  }
  return undefined;
}

function hasLanes({ loops, stretches }: NestPlan): boolean {
  return loops.some(({ lanes }) => lanes) || (stretches?.parts.some(({ plan }) => hasLanes(plan)) ?? false);
}
