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

const kinds = new WeakMap<Buffer, string>();

/** What a value depends on of a buffer, beside which it is. */
export function bufferKind(of: Buffer): string {
  let known = kinds.get(of);
  if (known === undefined) {
    const { space, dtype, length, below, scaled, order = '' } = of;
    kinds.set(of, (known = `${space} ${dtype}[${length.key}] ${below} ${scaled} ${order}`));
  }
  return known;
}
