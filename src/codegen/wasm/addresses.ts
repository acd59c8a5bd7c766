// Index arithmetic in i32, and addresses: a variable part on the stack, the constant part in the instruction.
import { add, constantOf, rangeOf, scale, strideOf, sub, type Atom, type Index } from '../../ir/index.js';
import type { Buffer } from '../../ir/scalar.js';
import { someOfIndex } from '../../ir/walk.js';
import { keepAddress, knownAddress, knownNear, takeLocal, type Emission } from './emission.js';
import { emitScalar } from './values.js';

export interface Address {
  /** In words. Never negative, since an instruction's own offset must not have to bring it back. */
  readonly variable: Index;
  /** In bytes. */
  readonly offset: number;
  /** The part of it by which a round further on is further on. */
  readonly further: number;
}

/** The address of an element of a buffer. */
export function addressOf(e: Emission, buffer: Buffer, at: Index): Address {
  const start = e.offsets.get(buffer);
  if (!start) throw new Error(`${buffer.name} has no offset in memory`);
  const whole = add(start, at);
  const further = e.ahead ? 4 * e.ahead.by * (strideOf(at, e.ahead.axis) ?? 0) : 0;
  const last = whole.terms.at(-1);
  const known = last && last.atoms.length === 0 ? last.factor : 0;
  const variable = sub(whole, known);
  if (known < 0 || rangeOf(variable).min < 0) return { variable: whole, offset: further, further };
  return { variable, offset: 4 * known + further, further };
}

/** Puts the variable part on the stack, in bytes, and returns the offset for the instruction. */
export function emitAddress(e: Emission, buffer: Buffer, at: Index): number {
  const { variable, offset, further } = addressOf(e, buffer, at);
  if (variable.terms.length === 0) {
    e.code.i32(0);
    return offset;
  }
  const near = knownNear(e, variable.key, offset - further);
  if (near) {
    e.code.get(near.local);
    return offset - near.base;
  }
  const known = knownAddress(e, variable.key);
  if (known !== undefined) {
    e.code.get(known);
    return offset;
  }
  emitIndex(e, scale(variable, 4));
  // What an element holds may change; all else is fixed while the frame is open.
  if (!someOfIndex(variable, () => true)) {
    const local = takeLocal(e, 'i32');
    e.code.tee(local);
    keepAddress(e, variable.key, local);
  }
  return offset;
}

/** Puts the value of an index on the stack. */
export function emitIndex(e: Emission, index: Index): void {
  const known = constantOf(index);
  if (known !== undefined) return e.code.i32(known);
  // A positive term first, so that the negative ones are subtracted.
  const terms = [...index.terms].sort((a, b) => Number(a.factor < 0) - Number(b.factor < 0));
  if (terms[0].factor < 0) e.code.i32(0);
  terms.forEach((term, n) => {
    const magnitude = Math.abs(term.factor);
    if (term.atoms.length === 0) e.code.i32(magnitude);
    else {
      term.atoms.forEach((part, m) => {
        emitAtom(e, part);
        if (m > 0) e.code.op('i32.mul');
      });
      emitTimes(e, magnitude);
    }
    if (term.factor < 0) e.code.op('i32.sub');
    else if (n > 0) e.code.op('i32.add');
  });
}

function emitTimes(e: Emission, factor: number): void {
  if (factor === 1) return;
  const power = Math.log2(factor);
  e.code.i32(Number.isInteger(power) ? power : factor);
  e.code.op(Number.isInteger(power) ? 'i32.shl' : 'i32.mul');
}

function emitAtom(e: Emission, part: Atom): void {
  switch (part.kind) {
    case 'axis':
    case 'size': {
      const local = part.kind === 'axis' ? e.axes.get(part) : e.sizes.get(part.name);
      if (local === undefined) throw new Error(`${part.name} is not known here`);
      return e.code.get(local);
    }
    case 'sum':
      return emitIndex(e, part.of);
    case 'quotient': {
      emitIndex(e, part.of);
      const by = constantOf(part.by);
      const power = by === undefined ? NaN : Math.log2(by);
      if (Number.isInteger(power)) {
        e.code.i32(power);
        return e.code.op('i32.shr_u');
      }
      emitIndex(e, part.by);
      return e.code.op('i32.div_u');
    }
    case 'element':
      return emitScalar(e, part.of);
    default:
      return part satisfies never;
  }
}

/** The index as a number of the stack's i32, in a local of the innermost frame, unless it is a constant. */
export function emitBound(e: Emission, index: Index): () => void {
  const known = constantOf(index);
  if (known !== undefined) return () => e.code.i32(known);
  const [only] = index.terms;
  if (index.terms.length === 1 && only.factor === 1 && only.atoms.length === 1) {
    const [part] = only.atoms;
    const local = part.kind === 'size' ? e.sizes.get(part.name) : part.kind === 'axis' ? e.axes.get(part) : undefined;
    if (local !== undefined) return () => e.code.get(local);
  }
  emitIndex(e, index);
  const local = takeLocal(e, 'i32');
  e.code.set(local);
  return () => e.code.get(local);
}
