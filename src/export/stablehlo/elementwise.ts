// Arithmetic, functions, logic: the same at every place.
import { erfcTail, erfTail, nearOfErf } from '../../ir/coefficients.js';
import type { Plain } from '../../ir/ops/elementwise.js';
import type { Block, Value } from './block.js';
import { spelling, type Spelling } from './spelled.js';
import { type } from './types.js';

/** By the operation of this name. */
export function named(name: string): Spelling<Plain> {
  return spelling((to, values) => to.elementwise(name, ...values));
}

/** By a comparison. */
export function compared(direction: 'LT' | 'LE' | 'EQ'): Spelling<Plain> {
  return spelling((to, [a, b]) => to.compare(direction, a, b));
}

/** By other operations on its operands. */
export function composed(write: (to: Block, ...values: readonly Value[]) => Value): Spelling<Plain> {
  return spelling((to, values) => write(to, ...values));
}

/** A number in the type of a value. */
function filled(to: Block, value: number, like: Value): Value {
  return to.constant(value, like.type);
}

/** (0 < x) - (x < 0), so that NaN gives 0. */
export function sign(to: Block, x: Value): Value {
  const zero = filled(to, 0, x);
  const [above, below] = [to.compare('LT', zero, x), to.compare('LT', x, zero)];
  return to.elementwise('subtract', to.convert(above, x.type.dtype), to.convert(below, x.type.dtype));
}

/** 1 / (1 + exp(-x)) */
export function sigmoid(to: Block, x: Value): Value {
  const one = filled(to, 1, x);
  const grown = to.elementwise('exponential', to.elementwise('negate', x));
  return to.elementwise('divide', one, to.elementwise('add', one, grown));
}

/** max(x, 0) + log1p(exp(-|x|)) */
export function softplus(to: Block, x: Value): Value {
  return to.elementwise('add', to.elementwise('maximum', x, filled(to, 0, x)), smallPart(to, x));
}

/** (max(a, 0) - b) + log1p(exp(-|a|)) */
export function softplusMinus(to: Block, a: Value, b: Value): Value {
  const large = to.elementwise('subtract', to.elementwise('maximum', a, filled(to, 0, a)), b);
  return to.elementwise('add', large, smallPart(to, a));
}

function smallPart(to: Block, x: Value): Value {
  const size = to.elementwise('negate', to.elementwise('abs', x));
  return to.elementwise('log_plus_one', to.elementwise('exponential', size));
}

/** An odd polynomial near 0, and 1 - e^-(a + …) with the sign of x beyond: StableHLO has no erf of its own. */
export function erf(to: Block, x: Value): Value {
  const magnitude = to.elementwise('abs', x);
  const squared = to.elementwise('multiply', x, x);
  const near = to.elementwise('add', to.elementwise('multiply', x, polynomial(to, squared, erfTail)), x);
  const a = to.elementwise('minimum', magnitude, filled(to, 4, x));
  const exponent = to.elementwise('negate', to.elementwise('add', a, polynomial(to, a, erfcTail)));
  const far = to.elementwise('subtract', filled(to, 1, x), to.elementwise('exponential', exponent));
  const signed = to.elementwise('multiply', far, to.elementwise('sign', x));
  return to.select(to.compare('LT', magnitude, filled(to, nearOfErf, x)), near, signed);
}

function polynomial(to: Block, x: Value, coefficients: readonly number[]): Value {
  const [last, ...others] = [...coefficients].reverse();
  return others.reduce<Value>(
    (sum, c) => to.elementwise('add', to.elementwise('multiply', sum, x), filled(to, c, x)),
    filled(to, last, x),
  );
}

/** A bool or an index as a number: in f64 where it is a number of a schedule. */
export function toNumber(to: Block, x: Value, wide: boolean): Value {
  return to.convert(x, wide ? 'f64' : 'f32');
}

/** Whether ids name the place along a new last axis. */
export function mask(to: Block, ids: Value, classes: number): Value {
  const dims = [...ids.type.dims, classes];
  const last = dims.length - 1;
  const wide = to.broadcast(
    ids,
    dims,
    ids.type.dims.map((_, i) => i),
  );
  return to.compare('EQ', wide, to.iota(last, type('i32', dims)));
}
