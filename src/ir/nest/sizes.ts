// Sizes and counts for decisions: run-time sizes are taken to be as estimated.
import { evaluateSizes, type Axis, type Index } from '../index.js';

/** A run-time size, as it may be assumed for costs. */
export type Estimate = (size: string) => number;

/** A size or an extent. */
export function estimated(size: Index, estimate: Estimate): number {
  return evaluateSizes(size, estimate);
}

/** How many iterations a loop nest over the axes has: the product of their extents. */
export function iterationsOf(axes: readonly Axis[], estimate: Estimate): number {
  return axes.reduce((n, a) => n * estimated(a.extent, estimate), 1);
}
