// Index arithmetic in i32, and addresses: a variable part on the stack, the constant part in the instruction.
import { add, constantOf, rangeOf, scale, strideOf, sub, type Atom, type Index } from '../../ir/index.js';
import type { Buffer } from '../../ir/scalar.js';
import { someOfIndex } from '../../ir/walk.js';
import { keepAddress, knownAddress, knownNear, takeLocal, type Emission } from './emission.js';
import { emitScalar } from './values.js';

export interface Address {
  /** What it counts, in bytes: words, or halves. */
  readonly unit: 2 | 4;
  /** In units. Never negative, since an instruction's own offset must not have to bring it back. */
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
  const unit = buffer.dtype === 'f16' ? 2 : 4;
  const whole = add(unit === 2 ? scale(start, 2) : start, at);
  const further = e.ahead ? unit * e.ahead.by * (strideOf(at, e.ahead.axis) ?? 0) : 0;
  const last = whole.terms.at(-1);
  const known = last && last.atoms.length === 0 ? last.factor : 0;
  const variable = sub(whole, known);
  if (known < 0 || rangeOf(variable).min < 0) return { unit, variable: whole, offset: further, further };
  return { unit, variable, offset: unit * known + further, further };
}

/** The variable part, for who knows where it lies. */
export function keyOf({ unit, variable }: Address): string {
  return unit === 4 ? variable.key : `halves ${variable.key}`;
}

/** Puts the variable part on the stack, in bytes, and returns the offset for the instruction. */
export function emitAddress(e: Emission, buffer: Buffer, at: Index): number {
  const address = addressOf(e, buffer, at);
  const { unit, variable, offset, further } = address;
  if (variable.terms.length === 0) {
    e.code.i32(0);
    return offset;
  }
  const key = keyOf(address);
  const near = knownNear(e, key, offset - further);
  if (near) {
    e.code.get(near.local);
    return offset - near.base;
  }
  const known = knownAddress(e, key);
  if (known !== undefined) {
    e.code.get(known);
    return offset;
  }
  emitIndex(e, scale(variable, unit));
  // What an element holds may change; all else is fixed while the frame is open.
  if (!someOfIndex(variable, () => true)) {
    const local = takeLocal(e, 'i32');
    e.code.tee(local);
    keepAddress(e, key, local);
  }
  return offset;
}

/** Puts the value of an index on the stack. */
export function emitIndex(e: Emission, index: Index): void {
  const known = constantOf(index);
  if (known !== undefined) return e.code.i32(known);
  // A positive term first, so that the negative ones are subtracted.
  const negative = index.terms.some((term) => term.factor < 0);
  const terms = negative ? [...index.terms].sort((a, b) => Number(a.factor < 0) - Number(b.factor < 0)) : index.terms;
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
