// Bytes of a binary: numbers, and pieces one after another.

/** Bytes one after another. Engines copy whole arrays at once, and single bytes slowly while the code of a compiler is new to them. */
export type Pieces = (readonly number[] | Uint8Array)[];

export function lengthOf(pieces: Readonly<Pieces>): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

export function joined(pieces: Readonly<Pieces>): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** In blocks: so many arguments as a table has bytes exhaust the stack. */
export function append(to: number[], bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 4096) to.push(...bytes.subarray(i, i + 4096));
}

/** LEB128: seven bits a byte, least significant first. */
export function appendUnsigned(to: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) to.push((rest & 127) | 128);
  to.push(rest);
}

/** How many bytes that are. */
export function unsignedLength(value: number): number {
  return Math.ceil((32 - Math.clz32(value | 1)) / 7);
}

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  appendUnsigned(bytes, value);
  return bytes;
}

export function appendSigned(to: number[], value: number): void {
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)) {
      to.push(low);
      return;
    }
    to.push(low | 128);
  }
}

/** How many bytes a number takes whose last bit is its sign. */
export function signedLength(value: number): number {
  return unsignedLength(2 * (value < 0 ? ~value : value));
}

/** The four bytes of a number in single precision. */
export function floatBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}
