// Sizes and counts for decisions: run-time sizes are taken to be as estimated.
import { evaluate, evaluateSizes, type Axis, type Index } from '../index.js';

/** A run-time size, as it may be assumed for costs. */
export type Estimate = (size: string) => number;

/** A size or an extent. */
export function estimated(size: Index, estimate: Estimate): number {
  return evaluateSizes(size, estimate);
}

/** How many iterations a loop nest over the axes has: the product of their extents, or of how much of them is needed in the mean. */
export function iterationsOf(axes: readonly Axis[], estimate: Estimate): number {
  return axes.reduce((n, a) => n * lengthOf(a, estimate), 1);
}

function lengthOf({ extent, until }: Axis, estimate: Estimate): number {
  if (!until) return estimated(extent, estimate);
  return evaluate(until, (part) => (part.kind === 'axis' ? (estimated(part.extent, estimate) - 1) / 2 : 1));
}
