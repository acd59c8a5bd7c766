// WebAssembly as the text of a module holds it: taken apart, deflated and in base64.

/** The bytes of a text in base64 that deflates them. */
export async function unpackBytes(text: string): Promise<Uint8Array> {
  const packed = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Bytes that are read or written one after another. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** An instruction, and the part that holds what it takes. */
interface Instruction {
  readonly bytes: Uint8Array;
  readonly operands: Cursor;
}

/**
 * Puts a binary together whose code was taken apart, since that deflates to half. Its length comes first, and those of its parts: the bytes
 * before the functions and after them, the list of their instructions, the order of these, then what they take: locals that are read,
 * locals that are set, offsets, and numbers.
 */
export function joinBinary(packed: Uint8Array): Uint8Array & BufferSource {
  const whole: Cursor = { bytes: packed, at: 0 };
  const bytes = new Uint8Array(readNumber(whole));
  const binary: Cursor = { bytes, at: 0 };
  const lengths = Array.from({ length: 8 }, () => readNumber(whole));
  const parts = lengths.map((length): Cursor => ({ bytes: readBytes(whole, length), at: 0 }));
  const [before, after, list, , , , , numbers] = parts;
  const instructions: Instruction[] = [];
  while (list.at < list.bytes.length) {
    const operands = parts[readNumber(list)];
    instructions.push({ operands, bytes: readBytes(list, readNumber(list)) });
  }
  writeBytes(binary, before.bytes);
  while (numbers.at < numbers.bytes.length) joinFunction(binary, instructions, parts);
  writeBytes(binary, after.bytes);
  return bytes;
}

/**
 * The next function. A local stands as how many were used since, counted from 1, or as 0 where it is new; an offset as how far it is from
 * the last of the same instruction.
 */
function joinFunction(binary: Cursor, instructions: readonly Instruction[], parts: readonly Cursor[]): void {
  const [, , , order, gets, sets, offsets, numbers] = parts;
  const recent = Array.from({ length: readNumber(numbers) }, (_, i) => i);
  const last = instructions.map(() => 0);
  const length = readNumber(numbers);
  writeNumber(binary, length);
  const end = binary.at + length;
  while (binary.at < end) {
    const which = readNumber(order);
    const { bytes, operands } = instructions[which];
    writeBytes(binary, bytes);
    if (operands === gets || operands === sets) {
      const age = readNumber(operands);
      const local = age === 0 ? recent.length : recent[age - 1];
      for (let i = age === 0 ? recent.length : age - 1; i > 0; i--) recent[i] = recent[i - 1];
      recent[0] = local;
      writeNumber(binary, local);
    } else if (operands === offsets) {
      const further = readNumber(offsets);
      last[which] += further % 2 === 0 ? further / 2 : -(further + 1) / 2;
      writeNumber(binary, last[which]);
    } else if (operands === numbers) {
      // Signed or not, they stand as they do in the code.
      do binary.bytes[binary.at++] = numbers.bytes[numbers.at];
      while (numbers.bytes[numbers.at++] > 127);
    }
  }
}

function readBytes(from: Cursor, length: number): Uint8Array {
  return from.bytes.subarray(from.at, (from.at += length));
}

function writeBytes(to: Cursor, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) to.bytes[to.at++] = bytes[i];
}

/** A number in LEB128: seven bits a byte, least significant first. */
function readNumber(from: Cursor): number {
  let [value, scale] = [0, 1];
  for (;;) {
    const byte = from.bytes[from.at++];
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}

function writeNumber(to: Cursor, value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) to.bytes[to.at++] = (rest % 128) | 128;
  to.bytes[to.at++] = rest;
}
