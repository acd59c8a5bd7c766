// WebAssembly as the text of a module holds it: taken apart, in numbers that are guessed, in base64.
import { numbersFrom, type Numbers, type TellBit } from './guesses.js';

/** The bytes of a text in base64. */
export function bytesIn(text: string): Uint8Array & BufferSource {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The same of one in which they are packed. */
export function unpackBinary(text: string): Uint8Array & BufferSource {
  return joinBinary(bitsIn(text));
}

/** The bits of a text in base64, each of which takes the less of it the likelier it was. */
function bitsIn(text: string): TellBit {
  const bytes = atob(text);
  let [at, code, low, high] = [0, 0, 0, 2 ** 32 - 1];
  const shift = (): void => {
    low = (low << 8) >>> 0;
    high = ((high << 8) | 255) >>> 0;
    code = ((code << 8) | bytes.charCodeAt(at++)) >>> 0;
  };
  while (at < 4) shift();
  [low, high] = [0, 2 ** 32 - 1];
  return (chance) => {
    const middle = low + Math.floor(((high - low) * chance) / 65536);
    const bit = code <= middle ? 1 : 0;
    if (bit === 1) high = middle;
    else low = middle + 1;
    while (low >>> 24 === high >>> 24) shift();
    return bit;
  };
}

/** An instruction, and what it takes. */
interface Instruction {
  readonly bytes: readonly number[];
  readonly operand: number;
}

/** The kind of numbers that no instruction takes. */
const otherNumbers = 6;

/**
 * Puts a binary together whose code was taken apart, since that packs to half: the bytes before the functions and after them, the list of
 * their instructions, and of each function how many parameters it has, its instructions by their places in the list, and a place behind it.
 */
export function joinBinary(tell: TellBit): Uint8Array & BufferSource {
  const numbers = numbersFrom(tell);
  const [binary, after] = [readBytes(numbers), readBytes(numbers)];
  const instructions = Array.from({ length: numbers.next(otherNumbers, 0) }, (): Instruction => ({
    operand: numbers.next(otherNumbers, 2),
    bytes: readBytes(numbers),
  }));
  for (let functions = numbers.next(otherNumbers, 0); functions > 0; functions--) {
    const body = joinFunction(numbers, instructions);
    writeUnsigned(binary, body.length);
    for (const byte of body) binary.push(byte);
  }
  return Uint8Array.from(binary.concat(after));
}

/**
 * A local stands as how many were used since, counted from 1, or as 0 where it is new; an offset as how far it is from the last of the same
 * instruction. What may be below 0 is doubled, and odd where it is.
 */
function joinFunction(numbers: Numbers, instructions: readonly Instruction[]): number[] {
  // What instructions take is of these kinds.
  const [none, get, set, offset, signed, unsigned] = [0, 1, 2, 3, 4, 5];
  const recent = Array.from({ length: numbers.next(otherNumbers, 3) }, (_, i) => i);
  const last = instructions.map(() => 0);
  const body: number[] = [];
  for (;;) {
    const which = numbers.next(none, 0);
    if (which === instructions.length) return body;
    const { bytes, operand } = instructions[which];
    for (const byte of bytes) body.push(byte);
    const value = operand === none ? 0 : numbers.next(operand, which);
    const whole = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    if (operand === get || operand === set) {
      const [local] = value === 0 ? [recent.length] : recent.splice(value - 1, 1);
      recent.unshift(local);
      writeUnsigned(body, local);
    } else if (operand === offset) writeUnsigned(body, (last[which] += whole));
    else if (operand === signed) writeSigned(body, whole);
    else if (operand === unsigned) writeUnsigned(body, value);
    numbers.note(which, value);
  }
}

function readBytes(numbers: Numbers): number[] {
  return Array.from({ length: numbers.next(otherNumbers, 0) }, () => {
    const byte = numbers.next(otherNumbers, 1);
    numbers.note(byte, 0);
    return byte;
  });
}

/** A number in LEB128: seven bits a byte, least significant first. */
function writeUnsigned(to: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) to.push((rest % 128) | 128);
  to.push(rest);
}

/** The same where the last bit is the sign. */
function writeSigned(to: number[], value: number): void {
  let rest = value;
  for (; rest < -64 || rest > 63; rest >>= 7) to.push((rest & 127) | 128);
  to.push(rest & 127);
}
