// A binary taken apart for its text: what is alike in code lies side by side, so that it deflates to half. joinBinary of the runtime, which
// says how it lies, puts it together again.
import { appendUnsigned, joined, unsigned, unsignedLength } from './bytes.js';
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

/** An instruction of the module's own list, by the part in which its operands are. */
interface Listed {
  readonly bytes: readonly number[];
  readonly part: number;
  count: number;
  /** In the list, whose first come most often. */
  place: number;
}

/** The part of each operand; that of the bytes before the code, 0, holds none. */
const partOf: Record<Operand, number> = { none: 0, get: 4, set: 5, offset: 6, unsigned: 7, signed: 7 };

/** Pieces that deflate best each by itself: one after another they are what joinBinary takes. */
export function packBinary({ before, bodies, after }: Apart): Uint8Array[] {
  const { list, ofBodies } = listOf(bodies);
  const [table, order, gets, sets, offsets, numbers]: number[][] = Array.from({ length: 6 }, () => []);
  for (const { part, bytes } of list) table.push(part, ...unsigned(bytes.length), ...bytes);
  bodies.forEach(({ params, length, heads, values }, b) => {
    appendUnsigned(numbers, params);
    appendUnsigned(numbers, length);
    const recent = Array.from({ length: params }, (_, i) => i);
    const last: number[] = [];
    const listed = ofBodies[b];
    for (let i = 0; i < listed.length; i++) {
      const { part, place } = listed[i];
      appendUnsigned(order, place);
      if (part === partOf.get) appendUnsigned(gets, take(recent, values[i]));
      else if (part === partOf.set) appendUnsigned(sets, take(recent, values[i]));
      else if (part === partOf.offset) {
        const further = values[i] - (last[place] ?? 0);
        appendUnsigned(offsets, further < 0 ? -2 * further - 1 : 2 * further);
        last[place] = values[i];
      } else if (part !== partOf.none) appendOperand(numbers, heads[i].operand, values[i]);
    }
  });
  const parts = [before, after, table, order, gets, sets, offsets, numbers];
  const length = bodies.reduce((sum, body) => sum + unsignedLength(body.length) + body.length, 0);
  const head = [unsigned(before.length + length + after.length), ...parts.map((part) => unsigned(part.length))];
  return [joined([...head, before]), ...parts.slice(1).map((part) => joined([part]))];
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
  const find = (bytes: readonly number[], part: number): Listed => {
    const key = `${part} ${bytes.join(' ')}`;
    const listed = byBytes.get(key) ?? { bytes, part, count: 0, place: 0 };
    byBytes.set(key, listed);
    return listed;
  };
  const listed = (head: Head, value: number): Listed => {
    if (head.operand !== 'signed' || (numbers.get(value) ?? 0) < often) {
      let known = byHead.get(head);
      if (!known) byHead.set(head, (known = find(head.bytes, partOf[head.operand])));
      return known;
    }
    let known = byNumber.get(value);
    if (!known) byNumber.set(value, (known = find(bytesOf(head, value), partOf.none)));
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
