// The nearest f32 of a value, on a target that computes in double precision: which values are one already.
import { rangeOf } from '../index.js';
import { apply, number, type Scalar, type ScalarOp } from '../scalar.js';

/**
 * The value as an f32. Nothing is to be done where it is one already; `loads`: what is loaded counts as that, although a buffer of one row
 * may become a let.
 */
export function single(value: Scalar, loads: boolean): Scalar {
  if (value.type !== 'f32' || isSingle(value, loads)) return value;
  return value.kind === 'number' ? number(Math.fround(value.value)) : apply('single', value);
}

/** The value as it is written into a store, which rounds by itself what it stores. */
export function asStored(value: Scalar): Scalar {
  if (value.kind !== 'apply' || value.type !== 'f32') return value;
  if (value.op === 'single') return asStored(value.args[0]);
  const first = value.op === 'select' ? 1 : 0;
  if (first === 0 && !['neg', 'abs', 'min', 'max'].includes(value.op)) return value;
  const args = value.args.map((arg, i) => (i < first ? arg : asStored(arg)));
  return args.every((arg, i) => arg === value.args[i]) ? value : apply(value.op, ...args);
}

function isSingle(value: Scalar, loads: boolean): boolean {
  const again = (part: Scalar): boolean => isSingle(part, loads);
  switch (value.kind) {
    case 'number':
      return Object.is(Math.fround(value.value), value.value);
    case 'load':
      return loads || value.from.space !== 'arena';
    case 'fold':
      return ((value.op === 'max' || value.op === 'min') && again(value.body)) || isSmallInteger(value);
    case 'apply':
      if (exact.has(value.op)) return value.args.every(again);
      if (value.op === 'select') return value.args.slice(1).every(again);
      return value.op === 'single' || value.op === 'bitsFloat' || isSmallInteger(value) || isDraw(value);
    case 'index':
    case 'local':
    case 'splat':
    case 'lane':
      return false;
    default:
      return value satisfies never;
  }
}

const exact: ReadonlySet<ScalarOp> = new Set(['neg', 'abs', 'min', 'max', 'floor', 'ceil', 'round']);

/** Integers up to here are f32. */
const largestInteger = 2 ** 24;

function isSmallInteger(value: Scalar): boolean {
  return magnitudeOf(value) <= largestInteger;
}

/** The largest magnitude that an integer can have; infinity for what is none, or where nothing bounds it. */
function magnitudeOf(value: Scalar): number {
  if (value.kind === 'number') return Number.isInteger(value.value) ? Math.abs(value.value) : Infinity;
  if (value.kind === 'index') {
    const { min, max } = rangeOf(value.of);
    return Math.max(Math.abs(min), Math.abs(max));
  }
  if (value.below !== undefined) return value.below;
  if (value.kind === 'fold' && value.op === 'add')
    return value.over.reduce((n, a) => n * rangeOf(a.extent).max, magnitudeOf(value.body));
  if (value.kind !== 'apply') return Infinity;
  const [a, b] = value.args;
  switch (value.op) {
    case 'f32':
      return a.type === 'bool' ? 1 : magnitudeOf(a);
    case 'shr':
      return a.type === 'u32' && b.kind === 'number' ? 2 ** (32 - b.value) - 1 : Infinity;
    case 'add':
    case 'sub':
      return magnitudeOf(a) + magnitudeOf(b);
    case 'neg':
      return magnitudeOf(a);
    default:
      return Infinity;
  }
}

/** A small integer times 2^-24: a random number. */
function isDraw({ op, args: [a, b] }: Extract<Scalar, { kind: 'apply' }>): boolean {
  return op === 'mul' && isSmallInteger(a) && b.kind === 'number' && b.value === 2 ** -24;
}
