// What a trainer starts from: a checkpoint as bytes, or arrays by parameter.
import { countedValues, isObject, kindOf, nameOf } from './checks.js';
import type { ModelInfo } from './types.js';

/** A checkpoint's bytes, as files and responses have them. */
export function isCheckpoint(given: unknown): given is Uint8Array | ArrayBuffer {
  return (ArrayBuffer.isView(given) ? /^Uint8Array$/ : /^(Shared)?ArrayBuffer$/).test(kindOf(given));
}

/** The bytes of a checkpoint, in an array of this realm. */
export function bytesOf(given: unknown): Uint8Array {
  if (!isCheckpoint(given))
    throw new TypeError(`checkpoint: expected a Uint8Array or an ArrayBuffer, got ${nameOf(given)}`);
  try {
    if (!ArrayBuffer.isView(given)) return new Uint8Array(given);
    return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  } catch {
    throw new TypeError('checkpoint: its memory was transferred to somewhere else');
  }
}

/** Takes the arrays of some parameters over, all or none. */
export function assignParameters(parameters: Readonly<Record<string, Float32Array>>, given: unknown): void {
  if (!isObject(given))
    throw new TypeError(
      `parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got ${nameOf(given)}`,
    );
  const arrays = Object.entries(given).map(([name, values]): [Float32Array, Float32Array] => {
    const own = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!own) throw new RangeError(`parameters: the model has no ${name.slice(0, 80)}`);
    if (!ArrayBuffer.isView(values) || kindOf(values) !== 'Float32Array')
      throw new TypeError(`parameters: expected ${name} as Float32Array, got ${nameOf(values)}`);
    const from = values as Float32Array;
    if (from.length !== own.length)
      throw new RangeError(`parameters: expected ${countedValues(own.length)} for ${name}, got ${from.length}`);
    return [own, from];
  });
  for (const [own, values] of arrays) own.set(values);
}

/** An array for each of these parameters, by name. */
export function arraysOf(
  parameters: ModelInfo['parameters'],
  array: (length: number, at: number) => Float32Array,
): Record<string, Float32Array> {
  return Object.fromEntries(parameters.map(({ name, count }, i) => [name, array(count, i)]));
}

/** The same arrays, copied. */
export function copiesOf(arrays: Readonly<Record<string, Float32Array>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, data.slice()]));
}

/** What so many copies of a layer hold, in one list. */
export function listOfCopies<T>(count: number, of: (copy: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, copy) => of(copy)).flat();
}
