// Checks of inputs: what does not fit is an error that names the input, what was expected and what came.
import type { IntegerArray, Shaped } from './types.js';

/** The numbers of an f32 input. */
export function floats(name: string, type: string, given: Float32Array | Shaped<Float32Array>): Float32Array {
  if (given instanceof Float32Array && given.length > 0) return given;
  const data = arrayIn(name, given);
  if (data instanceof Float32Array || kindOf(data) === 'Float32Array') return data as Float32Array;
  throw wrongArray(name, `${type} as Float32Array`, given);
}

/** The numbers of an index or bool input. */
export function integers(name: string, type: string, given: IntegerArray | Shaped<IntegerArray>): IntegerArray {
  if ((given instanceof Int32Array || given instanceof Uint8Array) && given.length > 0) return given;
  const data = arrayIn(name, given);
  if (data && /int.*array/i.test(kindOf(data))) return data as IntegerArray;
  throw wrongArray(name, `${type} as an array of integers`, given);
}

/** The array of an input, alone or with its shape. */
function arrayIn(name: string, given: unknown): ArrayBufferView | undefined {
  const data = ArrayBuffer.isView(given) ? given : (given as Partial<Shaped<unknown>> | undefined | null)?.data;
  if (!ArrayBuffer.isView(data)) return undefined;
  if (data.byteLength === 0) checkAttached(name, data.buffer);
  return data;
}

/** The error of an input that is no such array. */
function wrongArray(name: string, expected: string, given: unknown): TypeError {
  const came = ArrayBuffer.isView(given)
    ? given
    : ((given as Partial<Shaped<unknown>> | undefined | null)?.data ?? given);
  return new TypeError(`${name}: expected ${expected}, got ${nameOf(came)}`);
}

/** Memory that was handed on, to a worker for one, has no numbers any more. */
function checkAttached(name: string, buffer: ArrayBufferLike): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw new TypeError(`${name}: its array is detached: its memory was transferred, or has grown`);
  }
}

/** An input by a name that every object has a member of: what is not its own was not given. */
export function ownMember<Given extends object, Name extends keyof Given>(given: Given, name: Name): Given[Name] {
  return (Object.hasOwn(given, name) ? given[name] : undefined) as Given[Name];
}

/** The error of inputs that are no object at all. */
export function noInputs(what: string, inputs: unknown, names: string): TypeError {
  return new TypeError(`${what}: expected an object of arrays (${names}), got ${nameOf(inputs)}`);
}

/** What kind of object a value is, wherever it was made: a frame's Float32Array is one, and no instance of ours. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether a value has members by name: no list, no array, and no promise that somebody forgot to wait for. */
export function isObject(value: unknown): value is object {
  return kindOf(value) === 'Object';
}

/** A value as messages tell it. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = kindOf(value);
  const { constructor } = value as { constructor?: { name?: unknown } };
  return kind === 'Object' && typeof constructor?.name === 'string' ? constructor.name : kind;
}

export function countedValues(n: number): string {
  return n === 1 ? '1 value' : `${n} values`;
}

/** The run-time size that makes `factor * size + rest` equal to what came. */
export function solveSize(name: string, type: string, came: number, factor: number, rest: number): number {
  const size = (came - rest) / factor;
  if (size >= 1 && Number.isInteger(size)) return size;
  const multiple = rest === 0 && factor > 1 ? `, which is not a positive multiple of ${factor}` : '';
  throw new RangeError(`${name}: expected ${type}, got ${countedValues(came)}${multiple}`);
}

/** The same from one axis of a shape; `what` is the size's name. */
export function solveAxis(
  name: string,
  type: string,
  shape: readonly number[],
  axis: number,
  what: string,
  factor: number,
  rest: number,
): number {
  const size = (shape[axis] - rest) / factor;
  if (size >= 1 && Number.isInteger(size)) return size;
  const reason = `its axis ${axis} is ${shape[axis]}, for which ${what} would be ${size}`;
  throw new RangeError(`${name}: expected ${type}, got shape [${shape.join(', ')}]: ${reason}`);
}

/** The shape of an input whose length alone does not tell it. */
export function shapeOf(name: string, type: string, given: unknown, rank: number): readonly number[] {
  const shape = shapeIn(name, type, given);
  if (!shape) throw new TypeError(`${name}: expected ${type} as { data, shape }, got ${nameOf(given)}`);
  if (shape.length === rank) return shape;
  throw new RangeError(`${name}: expected ${type}, got shape [${shape.join(', ')}]`);
}

/** Where a shape was given, it is the expected one. */
export function checkShape(name: string, type: string, given: unknown, expected: readonly number[]): void {
  const shape = shapeIn(name, type, given);
  if (!shape || (shape.length === expected.length && shape.every((n, i) => n === expected[i]))) return;
  throw new RangeError(`${name}: expected ${type} = [${expected.join(', ')}], got shape [${shape.join(', ')}]`);
}

/** The shape that was given with an array, if any. */
export function shapeIn(name: string, type: string, given: unknown): readonly number[] | undefined {
  const { shape } = given as { shape?: unknown };
  if (shape === undefined) return undefined;
  if (Array.isArray(shape) && shape.every((n) => typeof n === 'number')) return shape;
  const got = Array.isArray(shape) ? `[${shape.map(nameOf).join(', ').slice(0, 80)}]` : nameOf(shape);
  throw new TypeError(`${name}: expected the shape of ${type} as an array of numbers, got ${got}`);
}

/** The error of an array whose length does not fit its shape. */
export function wrongLength(name: string, type: string, came: number, shape: readonly number[]): RangeError {
  return new RangeError(`${name}: expected ${type} = [${shape.join(', ')}], got ${countedValues(came)}`);
}

/** What a layer or a function requires of the run-time sizes; `sizes` are those that it speaks of. */
export function requireSizes(holds: boolean, what: string, sizes: readonly (readonly [string, number])[]): void {
  if (holds) return;
  throw new RangeError(`${what}, got ${sizes.map(([name, size]) => `${name} = ${size}`).join(', ')}`);
}

/** Copies integers from 0 to below - 1; any other is an error. Those of 64 bits are looked at as they are. */
export function copyIntegers(name: string, type: string, from: IntegerArray, to: Int32Array, below: number): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i];
    if (!(value >= 0 && value < below))
      throw new RangeError(`${name}: expected ${type}, got ${value} at position ${i}`);
    to[i] = Number(value);
  }
}
