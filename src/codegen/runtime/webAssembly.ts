// What a module with WebAssembly inside needs from JavaScript: its code compiled, and memory that can be had or not.
/** Compiles the first of the binaries whose instructions are known here; for memory that threads share where the byte is given that tells it. */
export async function compileWebAssembly(
  name: string,
  binaries: readonly string[],
  unpack: (binary: string) => Uint8Array & BufferSource,
  sharedAt?: number,
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined')
    throw new Error(`${name} needs WebAssembly, which is missing here: compile the model with --target ts`);
  for (const binary of binaries) {
    const bytes = unpack(binary);
    if (sharedAt !== undefined) bytes[sharedAt] = 3;
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

/** Whether memory would take its buffer away from arrays over it if it grew to so many numbers. */
export function losesArrays({ buffer }: WebAssembly.Memory, words: number): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength < 4 * words;
}

/** Goes on in larger memory than that of arrays which were handed out: `lasting` words are the same at its start. */
export function moveMemory<Entries>(
  m: { memory: WebAssembly.Memory; entries: Entries; readonly over: (memory: WebAssembly.Memory) => Entries },
  memory: WebAssembly.Memory,
  lasting: number,
): void {
  m.entries = m.over(memory);
  new Int32Array(memory.buffer).set(new Int32Array(m.memory.buffer, 0, lasting));
  m.memory = memory;
}

/**
 * Arrays of parameters that were handed out, and their places in the memory that came after theirs. What is written to either is copied
 * to the other, so that arrays once handed out stay live.
 */
export type Mirrors = readonly { readonly given: Float32Array; readonly now: Float32Array }[];

export function readMirrors(mirrors: Mirrors): void {
  for (const { given, now } of mirrors) now.set(given);
}

export function writeMirrors(mirrors: Mirrors): void {
  for (const { given, now } of mirrors) given.set(now);
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

/** Gives arrays of memory one after another, each from a multiple of 16 bytes on. */
export function floatsFrom(buffer: ArrayBufferLike, start: number): (length: number) => Float32Array {
  let at = start;
  return (length) => {
    const array = new Float32Array(buffer, at, length);
    at += 16 * Math.ceil(length / 4);
    return array;
  };
}

/** A short array is copied faster by a loop. */
export function copyFloats(from: Float32Array, to: Float32Array): void {
  if (from.length > 32) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = from[i];
}
