// One place in memory for all tensors of a call.

/** Memory for this many numbers of four bytes; where that cannot be had nothing has changed. */
export function makeArena(words: number): ArrayBuffer {
  try {
    return new ArrayBuffer(4 * words);
  } catch {
    throw new RangeError(`memory: ${Math.ceil(words / 262144)} MiB are needed and cannot be had; use smaller batches`);
  }
}
