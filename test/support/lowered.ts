// A nest's kernel: planned for a target, and lowered.
import type { Estimate } from '../../src/ir/nest/sizes.js';
import type { AnyNest, Kernel, TargetTraits } from '../../src/ir/program.js';
import { lower } from '../../src/passes/schedule/lower/lower.js';
import { planSerial } from '../../src/passes/schedule/plan/serial.js';
import { planWorkgroups } from '../../src/passes/schedule/plan/workgroups.js';

/** The loops one inside the other, whatever the target. */
export function lowerNest(nest: AnyNest, target: TargetTraits, estimate: Estimate): Kernel {
  return lower({ kind: 'serial', nest, plan: planSerial(nest, target, estimate) }, target);
}

/** All of it in one kernel of workgroups. */
export function lowerWorkgroups(nest: AnyNest, target: TargetTraits, estimate: Estimate): Kernel {
  return lower({ kind: 'workgroups', nest, plan: planWorkgroups(nest, target, estimate) }, target);
}
