// Checks of inputs: what does not fit is an error that names the input, what was expected and what came.
import type { IntegerArray, Shaped } from './types.js';

/** The numbers of an f32 input. */
export function floats(name: string, type: string, given: Float32Array | Shaped<Float32Array>): Float32Array {
  const data = given instanceof Float32Array ? given : given?.data;
  if (data instanceof Float32Array) return data;
  throw new TypeError(`${name}: expected ${type} as Float32Array, got ${nameOf(data ?? given)}`);
}

/** The numbers of an index or bool input. */
export function integers(
  name: string,
  type: string,
  given: IntegerArray | Shaped<IntegerArray>,
): Exclude<IntegerArray, BigInt64Array | BigUint64Array> {
  if (given instanceof Int32Array || given instanceof Uint8Array) return given;
  const data = ArrayBuffer.isView(given) ? given : given?.data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Int32Array.from(data, Number);
  if (ArrayBuffer.isView(data) && /int/i.test(nameOf(data))) return data;
  throw new TypeError(`${name}: expected ${type} as an array of integers, got ${nameOf(data ?? given)}`);
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : `${value}`;
}

/** The run-time size that makes `factor * size + rest` equal to what came. */
export function solveSize(name: string, type: string, came: number, factor: number, rest: number): number {
  const size = (came - rest) / factor;
  if (size >= 1 && Number.isInteger(size)) return size;
  const multiple = rest === 0 && factor > 1 ? `, which is not a positive multiple of ${factor}` : '';
  throw new RangeError(`${name}: expected ${type}, got ${came} values${multiple}`);
}

/** The shape of an input whose length alone does not tell it. */
export function shapeOf(name: string, type: string, given: unknown, rank: number): readonly number[] {
  const shape = (given as Partial<Shaped<unknown>> | undefined)?.shape;
  if (!shape) throw new TypeError(`${name}: expected ${type} as { data, shape }, got ${nameOf(given)}`);
  if (shape.length === rank) return shape;
  throw new RangeError(`${name}: expected ${type}, got shape [${shape.join(', ')}]`);
}

/** Where a shape was given, it is the expected one. */
export function checkShape(name: string, type: string, given: unknown, expected: readonly number[]): void {
  const shape = (given as Partial<Shaped<unknown>>).shape;
  if (!shape || (shape.length === expected.length && shape.every((n, i) => n === expected[i]))) return;
  throw new RangeError(`${name}: expected ${type} = [${expected.join(', ')}], got shape [${shape.join(', ')}]`);
}

/** The error of an array whose length does not fit its shape. */
export function wrongLength(name: string, type: string, came: number, shape: readonly number[]): RangeError {
  return new RangeError(`${name}: expected ${type} = [${shape.join(', ')}], got ${came} values`);
}

/** Copies integers from 0 to below - 1; any other is an error. */
export function copyIntegers(
  name: string,
  type: string,
  from: Exclude<IntegerArray, BigInt64Array | BigUint64Array>,
  to: Int32Array,
  below: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i];
    if (!(value >= 0 && value < below))
      throw new RangeError(`${name}: expected ${type}, got ${value} at position ${i}`);
    to[i] = value;
  }
}

/** A number that an option may be. */
export function checkOption(name: string, value: unknown, least: number, expected: string): void {
  if (typeof value !== 'number') {
    const got = typeof value === 'string' ? JSON.stringify(value) : nameOf(value);
    throw new TypeError(`${name}: expected ${expected}, got ${got}`);
  }
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`${name}: expected ${expected}, got ${value}`);
}

/** Takes the arrays of some parameters over, all or none. */
export function assignParameters(
  parameters: Readonly<Record<string, Float32Array>>,
  given: Readonly<Partial<Record<string, Float32Array>>>,
): void {
  for (const [name, values] of Object.entries(given)) {
    const own = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!own) throw new RangeError(`parameters: the model has no ${name}`);
    if (!(values instanceof Float32Array))
      throw new TypeError(`parameters: expected ${name} as Float32Array, got ${nameOf(values)}`);
    if (values.length !== own.length)
      throw new RangeError(`parameters: expected ${own.length} values for ${name}, got ${values.length}`);
  }
  for (const [name, values] of Object.entries(given)) if (values) parameters[name].set(values);
}
