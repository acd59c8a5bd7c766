// What numbers of a derivation are worked with: the tensors of a checkpoint, and how far its trainer has come.
import { readHeader } from '../../codegen/runtime/safetensors.js';
import type { At } from './numbers.js';

/** Reads a checkpoint that a trainer has saved; `seed`: of a trainer that does not say its own. `refuse` makes the error of a reason. */
export function weightsIn(
  bytes: Uint8Array,
  seed: number,
  refuse: (reason: string) => Error,
): Pick<At, 'tensors' | 'counts'> {
  const { metadata, tensors } = readHeader(bytes, refuse);
  const found = new Map<string, ArrayLike<number>>();
  for (const [name, { dtype, from, to }] of tensors) {
    const part = bytes.slice(from, to).buffer;
    found.set(name, dtype === 'I32' ? new Int32Array(part) : new Float32Array(part));
  }
  const count = (name: string, otherwise: number): number => Number(metadata[name] ?? otherwise);
  return {
    tensors: found,
    counts: { update: count('update', 0) + 1, draw: count('draw', 0), seed: count('seed', seed) },
  };
}
