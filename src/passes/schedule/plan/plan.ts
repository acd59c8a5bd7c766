// Chooses how a nest becomes a kernel: reads the strides, and writes its choices down for lower to obey.
import type { PlannedNest } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';
import type { AnyNest, TargetTraits } from '../../../ir/program.js';
import { planSerial } from './serial.js';
import { planWorkgroups } from './workgroups.js';

export function plan(nest: AnyNest, target: TargetTraits, estimate: Estimate): PlannedNest {
  if (target.workgroups) return { kind: 'workgroups', nest, plan: planWorkgroups(nest, target, estimate) };
  return { kind: 'serial', nest, plan: planSerial(nest, target, estimate) };
}
