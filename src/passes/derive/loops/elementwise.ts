// Operations that a few instructions make, element by element.
import type { Op } from '../../../ir/graph.js';
import * as arithmetic from '../../../ir/ops/arithmetic.js';
import { again, stopGradient } from '../../../ir/ops/control.js';
import * as logic from '../../../ir/ops/logic.js';

export const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...[arithmetic.add, arithmetic.sub, arithmetic.mul, arithmetic.div, arithmetic.neg, arithmetic.abs, arithmetic.sign],
  ...[arithmetic.maximum, arithmetic.minimum, arithmetic.floor, arithmetic.ceil, arithmetic.round],
  ...[logic.less, logic.lessEqual, logic.equalTo, logic.and, logic.or, logic.not, logic.select, logic.toF32],
  ...[stopGradient, again],
]);
