// Positions in loops: letters for them, and what stands at them.
import { atPlaces } from '../../ir/formula/places.js';
import { standingFor, type Formula } from '../../ir/formula/tree.js';
import type { Dim } from '../../ir/types.js';

/** A letter for a position: that of the axis, where the loops around have another. */
export function letterOf({ name: axis }: Dim, taken: readonly string[]): string {
  const own = axis === undefined ? [] : [axis.charAt(0).toLowerCase()];
  return [...own, 't', 's', 'r', 'q', 'p'].find((letter) => !taken.includes(letter)) ?? `t_${taken.length}`;
}

/** x[t], x[t, s] */
export function placed(of: Formula, places: readonly string[]): Formula {
  if (places.length === 0) return of;
  // The row of a product is that of its left factor.
  if (of.kind === 'infix' && of.operator === 'matrix' && of.left.kind !== 'transpose' && places.length === 1)
    return { ...of, left: placed(of.left, places) };
  const whole = atPlaces(of, places);
  return of.node ? standingFor(of.node, whole) : whole;
}
