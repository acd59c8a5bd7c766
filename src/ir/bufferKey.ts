// What tells buffers apart.
import type { Buffer } from './scalar.js';

const numbers = new WeakMap<Buffer, number>();
let buffers = 0;

/** Its number in the order in which buffers are first asked for. Only which of two is less means something. */
export function bufferNumber(of: Buffer): number {
  let number = numbers.get(of);
  if (number === undefined) numbers.set(of, (number = buffers++));
  return number;
}

/** The same for keys. */
export function bufferKey(of: Buffer): string {
  return `@${bufferNumber(of)}`;
}
