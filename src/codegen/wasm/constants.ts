// Vectors of numbers: each is built once in a function, before all other code.
import type { ScalarType } from '../../ir/scalar.js';
import { floatBytes } from './bytes.js';
import type { Emission } from './emission.js';

/** A vector of four numbers; truths are all bits or none. */
export function emitConstant(e: Emission, type: ScalarType, numbers: readonly number[]): void {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  numbers.forEach((n, i) => {
    if (type === 'f32') bytes.set(floatBytes(n), 4 * i);
    else view.setInt32(4 * i, type === 'bool' ? -n : n, true);
  });
  if (bytes.every((b) => b === 0)) return e.code.v128(bytes);
  // Engines build other constants piece by piece, so each is built once a call.
  const key = bytes.join();
  let local = e.constants.get(key);
  if (local === undefined) {
    local = e.code.local('v128');
    e.constants.set(key, local);
    const [first] = numbers;
    if (type === 'f32' && numbers.every((n) => Object.is(n, first))) {
      e.code.prologue.f32(first);
      e.code.prologue.op('f32x4.splat');
    } else e.code.prologue.v128(bytes);
    e.code.prologue.set(local);
  }
  e.code.get(local);
}
