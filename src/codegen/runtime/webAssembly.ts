// What a module with WebAssembly inside needs from JavaScript: its code compiled, and memory that can be had or not.

/** The bytes of a text in base64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** Compiles the first of the binaries, in base64 or not, whose instructions are known here. */
export function compileWebAssembly(
  name: string,
  ...binaries: readonly (string | Uint8Array<ArrayBuffer>)[]
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined')
    throw new Error(`${name} needs WebAssembly, which is missing here: compile the model with --target ts`);
  for (const binary of binaries) {
    const bytes = typeof binary === 'string' ? decodeBase64(binary) : binary;
    if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  }
  throw new Error(`${name} needs WebAssembly SIMD, which is missing here: compile the model with --target ts`);
}

/** Memory grows by pages of 64 KiB. */
const wordsOfPage = 16384;

/**
 * Memory for this many numbers of four bytes. It is made large enough at once: growing takes the old buffer away, after which engines
 * treat every typed array of the program with more care.
 */
export function makeMemory(words: number): WebAssembly.Memory {
  return orRefuse(words, () => new WebAssembly.Memory({ initial: pagesFor(words) }));
}

/** Makes room for this many numbers of four bytes; where that cannot be had nothing has changed. */
export function growMemory(memory: WebAssembly.Memory, words: number): void {
  orRefuse(words, () => {
    const missing = pagesFor(words) - memory.buffer.byteLength / (4 * wordsOfPage);
    if (missing > 0) memory.grow(missing);
  });
}

export function pagesFor(words: number): number {
  const pages = Math.ceil(words / wordsOfPage);
  // The very last page stays free: pointers may stand right behind what they have read.
  if (pages > 65535) throw new RangeError('32 bits address 4 GiB');
  return pages;
}

export function orRefuse<Result>(words: number, action: () => Result): Result {
  try {
    return action();
  } catch {
    throw new RangeError(`memory: ${Math.ceil(words / 262144)} MiB are needed and cannot be had; use smaller batches`);
  }
}

/** A short array is copied faster by a loop. */
export function copyFloats(from: Float32Array, to: Float32Array): void {
  if (from.length > 32) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = from[i];
}
