// From a planned nest to a kernel: mechanical, and right for any plan.
import type { PlannedNest } from '../../../ir/nest/plans.js';
import type { Kernel, TargetTraits } from '../../../ir/program.js';
import { lowerSerial } from './serial.js';
import { lowerWork } from './workgroups.js';

export function lower(planned: PlannedNest, target: TargetTraits): Kernel {
  switch (planned.kind) {
    case 'serial':
      return lowerSerial(planned.nest, planned.plan, target);
    case 'workgroups':
      return lowerWork(planned.nest, planned.plan, target);
    default:
      return planned satisfies never;
  }
}
