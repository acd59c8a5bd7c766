// Chooses how nests become kernels: reads the strides, and writes its choices down for lower to obey.
import type { PlannedNest } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';
import type { AnyNest, TargetTraits } from '../../../ir/program.js';
import { planSerial } from './serial.js';
import { shareFolds } from './shareFolds.js';

/** The nest with its plan. On targets with workgroups it may become two: shares of a long fold, and what they come to. */
export function plan(nest: AnyNest, target: TargetTraits, estimate: Estimate): PlannedNest[] {
  if (target.workgroups) return shareFolds(nest, target, estimate);
  return [{ kind: 'serial', nest, plan: planSerial(nest, target, estimate) }];
}
