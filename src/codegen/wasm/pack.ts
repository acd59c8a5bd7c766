// A binary taken apart for its text, in which what is alike in code lies side by side: numbers whose bits joinBinary of the runtime, which
// says how they lie, guesses from those before them.
import { joinBinary } from '../runtime/binary.js';
import { appendOperand, type Head, type Instructions, type Operand } from './code.js';

export interface Body extends Instructions {
  /** How many locals are set from the start. */
  readonly params: number;
  /** In bytes. */
  readonly length: number;
}

/** A module: the bytes before its bodies, which stand each behind its length, and those after them. */
export interface Apart {
  readonly before: Uint8Array;
  readonly bodies: readonly Body[];
  readonly after: Uint8Array;
}

/** A number that stands behind `i32.const` so often is part of the instruction. */
const often = 48;

/** An instruction of the module's own list. */
interface Listed {
  readonly bytes: readonly number[];
  readonly operand: Operand;
  count: number;
  /** In the list, whose first come most often. */
  place: number;
}

/** What they take, as joinBinary knows it. */
const numberOf: Record<Operand, number> = { none: 0, get: 1, set: 2, offset: 3, signed: 4, unsigned: 5 };

/** What bitsIn gives joinBinary. */
export function packBinary(apart: Apart): Uint8Array {
  const bits = bitsOf(numbersOf(apart));
  const bytes: number[] = [];
  let [at, low, high] = [0, 0, 2 ** 32 - 1];
  joinBinary((chance) => {
    const middle = low + Math.floor(((high - low) * chance) / 65536);
    const bit = bits[at++];
    if (bit === 1) high = middle;
    else low = middle + 1;
    for (; low >>> 24 === high >>> 24; low = (low << 8) >>> 0, high = ((high << 8) | 255) >>> 0) bytes.push(low >>> 24);
    return bit;
  });
  // Any number between the two tells the last bits.
  return Uint8Array.from([...bytes, (low >>> 24) + 1, 0, 0, 0]);
}

/** Of each number how many bits it has, as so many ones and a zero, then the bits behind the first. */
function bitsOf(numbers: readonly number[]): (0 | 1)[] {
  const bits: (0 | 1)[] = [];
  for (const value of numbers) {
    let power = 1;
    for (; power <= value; power *= 2) bits.push(1);
    bits.push(0);
    for (power /= 4; power >= 1; power /= 2) bits.push(Math.floor(value / power) % 2 === 0 ? 0 : 1);
  }
  return bits;
}

/** The numbers in order. */
function numbersOf({ before, bodies, after }: Apart): number[] {
  const { list, ofBodies } = listOf(bodies);
  const numbers: number[] = [];
  const add = (bytes: ArrayLike<number>): void => {
    numbers.push(bytes.length);
    for (let i = 0; i < bytes.length; i++) numbers.push(bytes[i]);
  };
  add(before);
  add(after);
  numbers.push(list.length);
  for (const { operand, bytes } of list) {
    numbers.push(numberOf[operand]);
    add(bytes);
  }
  numbers.push(bodies.length);
  bodies.forEach(({ params, values }, b) => {
    numbers.push(params);
    const recent = Array.from({ length: params }, (_, i) => i);
    const last: number[] = [];
    ofBodies[b].forEach(({ operand, place }, i) => {
      numbers.push(place);
      const value = values[i];
      if (operand === 'get' || operand === 'set') numbers.push(take(recent, value));
      else if (operand === 'offset') {
        numbers.push(doubled(value - (last[place] ?? 0)));
        last[place] = value;
      } else if (operand === 'signed') numbers.push(doubled(value));
      else if (operand === 'unsigned') numbers.push(value);
    });
    numbers.push(list.length);
  });
  return numbers;
}

/** Odd where it was below 0. */
function doubled(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Where the local is among those used, the last first, counted from 1; 0 where it is new. It is the first from now on. */
function take(recent: number[], local: number): number {
  const at = recent.indexOf(local);
  for (let i = at < 0 ? recent.length : at; i > 0; i--) recent[i] = recent[i - 1];
  recent[0] = local;
  return at + 1;
}

/** The module's own list of instructions, and what stands in it for each of the bodies. */
function listOf(bodies: readonly Body[]): { readonly list: readonly Listed[]; readonly ofBodies: readonly Listed[][] } {
  const numbers = new Map<number, number>();
  for (const { heads, values } of bodies)
    heads.forEach(({ operand }, i) => {
      if (operand === 'signed') numbers.set(values[i], (numbers.get(values[i]) ?? 0) + 1);
    });
  const [byHead, byNumber, byBytes] = [new Map<Head, Listed>(), new Map<number, Listed>(), new Map<string, Listed>()];
  const find = (bytes: readonly number[], operand: Operand): Listed => {
    const key = `${operand} ${bytes.join(' ')}`;
    const listed = byBytes.get(key) ?? { bytes, operand, count: 0, place: 0 };
    byBytes.set(key, listed);
    return listed;
  };
  const listed = (head: Head, value: number): Listed => {
    if (head.operand !== 'signed' || (numbers.get(value) ?? 0) < often) {
      const known = byHead.get(head) ?? find(head.bytes, head.operand);
      byHead.set(head, known);
      return known;
    }
    const known = byNumber.get(value) ?? find(bytesOf(head, value), 'none');
    byNumber.set(value, known);
    return known;
  };
  const ofBodies = bodies.map(({ heads, values }) =>
    heads.map((head, i) => {
      const one = listed(head, values[i]);
      one.count++;
      return one;
    }),
  );
  const list = [...byBytes.values()].sort((a, b) => b.count - a.count);
  list.forEach((one, place) => (one.place = place));
  return { list, ofBodies };
}

function bytesOf({ bytes, operand }: Head, value: number): number[] {
  const whole = [...bytes];
  appendOperand(whole, operand, value);
  return whole;
}
