// What values cost to compute.
import type { Scalar, ScalarOp } from '../scalar.js';
import { partsOf } from '../walk.js';
import { iterationsOf, type Estimate } from './sizes.js';

/** Functions, which count as ten instructions. */
const dear: ReadonlySet<ScalarOp> = new Set(['exp', 'log', 'log1p', 'expm1', 'sin', 'cos', 'tanh', 'erf', 'pow']);

export function isDear(op: ScalarOp): boolean {
  return dear.has(op);
}

/** Instructions of one operation: arithmetic 1, select 2, a function 10. */
export function costOfOp(op: ScalarOp): number {
  return dear.has(op) ? 10 : op === 'select' ? 2 : 1;
}

/** Instructions to evaluate the values once, shared parts counted once; a fold counts its extent times. */
export function costOf(values: readonly Scalar[], estimate: Estimate, seen: Set<string> = new Set()): number {
  let cost = 0;
  for (const value of values) {
    if (seen.has(value.key)) continue;
    seen.add(value.key);
    if (value.kind === 'fold') {
      const extent = iterationsOf(value.over, estimate);
      cost += extent * (1 + costOf([value.body], estimate, new Set(seen)));
      continue;
    }
    if (value.kind === 'load') cost += 1;
    if (value.kind === 'apply') cost += costOfOp(value.op);
    cost += costOf(partsOf(value), estimate, seen);
  }
  return cost;
}
