// Scalar expressions: what one element of a tensor is, in terms of loads, arithmetic and folds. Typed, immutable, keyed.
import { bufferKey } from './bufferKey.js';
import { constantOf, toIndex, type Axis, type Index } from './index.js';

export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool';

/** Where tensors live. Identity is the object. `length` counts elements of `dtype`. */
export interface Buffer {
  readonly name: string;
  /**
   * input: given at each call; parameter, state, slot, counter: live across calls; arena: planned, reused;
   * scratch: one kernel's own (packed panels); workgroup: WGSL shared memory; constant: a literal tensor (`data`).
   */
  readonly space: 'input' | 'parameter' | 'state' | 'slot' | 'counter' | 'arena' | 'scratch' | 'workgroup' | 'constant';
  /** bool tensors are stored as i32 0 and 1. f16 is storage alone: what is loaded is f32, what is stored is rounded to the nearest half. */
  readonly dtype: 'f32' | 'f16' | 'i32' | 'u32';
  readonly length: Index;
  /** space constant: the elements, row-major. */
  readonly data?: readonly number[];
  /** dtype i32 with values in 0 … below - 1, where that is known (index(N) tensors). */
  readonly below?: number;
  /** dtype f16: holds what it stands for times the scale of the loss. */
  readonly scaled?: true;
  /** Which axes of a tensor lie outermost first, where they do not lie in their own order. */
  readonly order?: readonly number[];
  /** Is it named after what it is the cotangent of? Its short name says so too. */
  readonly cotangent?: true;
}

export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'expm1'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'erf'
  | 'not'
  | 'any'
  | 'f32'
  | 'i32'
  | 'u32'
  | 'floatBits'
  | 'bitsFloat'
  | 'single';
export type BinaryOp =
  'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'pow' | 'lt' | 'le' | 'eq' | 'and' | 'or' | 'xor' | 'shl' | 'shr';
/**
 * The closed set of scalar instructions; each target spells every one (or marks it for expansion) in one exhaustive table.
 * round is to the nearest even; lt, le, eq yield bool; and, or, not are of bools; add, sub, mul, xor, shl, shr also of u32 (modulo 2^32);
 * add, sub, mul, min, max also of i32; f32, i32, u32 convert (from any type; bool to 0 or 1; f32 to i32 truncates).
 * floatBits gives the bits of an f32 as u32, bitsFloat takes them back; expansions of exp and the like are made with them.
 * single is the nearest f32, where an f32 is computed in double precision; elsewhere nothing.
 * any is one bool: of lanes, whether it holds in one of them; expansions branch on it.
 * pack is four single values as the lanes of one, after lower and where there are lanes.
 * select(c, a, b) is lazy: the arm not taken may load out of range. min and max of f32: the result is NaN if either argument is.
 */
export type ScalarOp = UnaryOp | BinaryOp | 'select' | 'pack';

interface Common {
  readonly type: ScalarType;
  /** Equal keys, equal values. */
  readonly key: string;
  /** i32 values known to be in 0 … below - 1. */
  readonly below?: number;
  /** How many operations stand one inside another in it. */
  readonly height: number;
  /** Does a fold stand in it, or is it one? */
  readonly folds: boolean;
}

export type Scalar = Common &
  /** site: the number of a random draw. Copies of a layer differ in it and are the same otherwise. */
  (
    | { readonly kind: 'number'; readonly value: number; readonly site?: true }
    /** A coordinate or size as an i32 value; lanes: of, of+1, of+2, of+3 (after lower). */
    | { readonly kind: 'index'; readonly of: Index; readonly lanes?: 4 }
    /** lanes: the four elements at, at+1, at+2, at+3 (after lower). */
    | { readonly kind: 'load'; readonly from: Buffer; readonly at: Index; readonly lanes?: 4 }
    | { readonly kind: 'apply'; readonly op: ScalarOp; readonly args: readonly Scalar[]; readonly lanes?: 4 }
    /** Before lower only. */
    | {
        readonly kind: 'fold';
        readonly op: FoldOp;
        readonly over: readonly Axis[];
        readonly body: Scalar;
        readonly lanes?: 4;
      }
    /** After lower only: a let of the kernel. */
    | { readonly kind: 'local'; readonly name: string; readonly lanes?: 4 }
    /** After lower only: one value in all four lanes; `lane` takes one of the four. */
    | { readonly kind: 'splat'; readonly of: Scalar; readonly lanes: 4 }
    | { readonly kind: 'lane'; readonly of: Scalar; readonly at: number }
  );

export type FoldOp = 'add' | 'mul' | 'max' | 'min';

/** What a fold starts from; integers have no infinity. */
export function foldIdentity(op: FoldOp, type: ScalarType): number {
  if (op === 'add') return 0;
  if (op === 'mul') return 1;
  const largest = type === 'f32' ? Infinity : type === 'u32' ? 2 ** 32 - 1 : 2 ** 31 - 1;
  const smallest = type === 'f32' ? -Infinity : type === 'u32' ? 0 : -(2 ** 31);
  return op === 'max' ? smallest : largest;
}

/** The codes of 64 digits. */
const digits = Uint8Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$', (digit) =>
  digit.charCodeAt(0),
);

/** Long keys are replaced by a 106-bit digest, so that a key stays short however large the expression. */
function keyOf(text: string): string {
  if (text.length <= 48) return text;
  let [a, b] = [0x9e3779b1 ^ 0xdeadbeef, 0x9e3779b1 ^ 0x41c6ce57];
  let [c, d] = [0x85ebca77 ^ 0xdeadbeef, 0x85ebca77 ^ 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
    c = Math.imul(c ^ code, 2654435761);
    d = Math.imul(d ^ code, 1597334677);
  }
  return `~${digest(a, b)}${digest(c, d)}`;
}

/** 53 bits of two words, mixed: nine digits of six bits, put together at once, since to write a number takes three times as long. */
function digest(first: number, second: number): string {
  let [a, b] = [first, second];
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  // prettier-ignore
  return String.fromCharCode(
    digits[a & 63], digits[(a >>> 6) & 63], digits[(a >>> 12) & 63], digits[(a >>> 18) & 63], digits[(a >>> 24) & 63],
    digits[(a >>> 30) | ((b & 15) << 2)], digits[(b >>> 4) & 63], digits[(b >>> 10) & 63], digits[(b >>> 16) & 31],
  );
}

export function number(value: number, type: ScalarType = 'f32'): Scalar {
  return {
    kind: 'number',
    value,
    type,
    key: `${Object.is(value, -0) ? '-0' : value}:${type}`,
    height: 0,
    folds: false,
  };
}

/** The number of a random draw. */
export function siteNumber(value: number): Scalar {
  return { kind: 'number', value, site: true, type: 'u32', key: `site${value}:u32`, height: 0, folds: false };
}

export function truth(value: boolean): Scalar {
  return number(value ? 1 : 0, 'bool');
}

/** A coordinate or a size as an i32 value; with lanes, it and the next three. */
export function indexValue(of: Index | Axis | number, lanes?: 4): Scalar {
  const value = toIndex(of);
  const known = lanes ? undefined : constantOf(value);
  if (known !== undefined) return number(known, 'i32');
  return {
    kind: 'index',
    of: value,
    type: 'i32',
    key: keyOf(`<${value.key}>${lanes ? 'x4' : ''}`),
    ...within(value),
    ...(lanes && { lanes }),
  };
}

export function load(from: Buffer, at: Index, lanes?: 4): Scalar {
  const { below } = from;
  const type = elementType(from);
  const key = keyOf(`${bufferKey(from)}[${at.key}]${lanes ? 'x4' : ''}`);
  const { height, folds } = within(at);
  const single: Scalar = { kind: 'load', from, at, type, below, key, height, folds };
  return lanes ? { ...single, lanes } : single;
}

/** The type of what is loaded from a buffer, and stored to it. */
export function elementType({ dtype }: Pick<Buffer, 'dtype'>): ScalarType {
  return dtype === 'f16' ? 'f32' : dtype;
}

/** How many bytes an element takes. */
export function elementBytes({ dtype }: Pick<Buffer, 'dtype'>): number {
  return dtype === 'f16' ? 2 : 4;
}

interface Depth {
  readonly height: number;
  readonly folds: boolean;
}

const flat: Depth = { height: 0, folds: false };

/** Of what is made of such parts: one operation more than the tallest of them. */
function over(parts: readonly Scalar[]): Depth {
  let height = 0;
  let folds = false;
  for (const part of parts) {
    height = Math.max(height, part.height + 1);
    folds ||= part.folds;
  }
  return { height, folds };
}

/** Of a value with that address: elements used as coordinates are its parts. */
function within({ terms }: Index): Depth {
  let found = flat;
  const join = ({ height, folds }: Depth): void => {
    if (height > found.height || (folds && !found.folds))
      found = { height: Math.max(height, found.height), folds: folds || found.folds };
  };
  for (const { atoms } of terms)
    for (const part of atoms) {
      if (part.kind === 'element') join(over([part.of]));
      else if (part.kind === 'quotient') {
        join(within(part.of));
        join(within(part.by));
      }
    }
  return found;
}

const yieldsBool: ReadonlySet<ScalarOp> = new Set(['lt', 'le', 'eq', 'and', 'or', 'not', 'any']);

/** Applies an instruction; numbers are not folded here. Throws where the argument types do not fit (our bug). */
export function apply(op: ScalarOp, ...args: readonly Scalar[]): Scalar {
  const type = typeOfApplied(op, args);
  const lanes = op === 'pack' || (op !== 'any' && args.some((a) => 'lanes' in a && a.lanes)) ? 4 : undefined;
  const below =
    op === 'select' && args[1].below !== undefined && args[2].below !== undefined
      ? Math.max(args[1].below, args[2].below)
      : undefined;
  let keys = '';
  for (const { key } of args) keys = keys === '' ? key : `${keys},${key}`;
  const { height, folds } = over(args);
  const made: Scalar = { kind: 'apply', op, args, type, key: keyOf(`${op}(${keys})`), height, folds };
  if (!lanes && below === undefined) return made;
  return { ...made, ...(lanes && { lanes }), ...(below !== undefined && { below }) };
}

/** What an instruction makes of such operands; throws where they do not fit (our bug). */
export function typeOfApplied(op: ScalarOp, args: readonly Scalar[]): ScalarType {
  if (op === 'f32' || op === 'i32' || op === 'u32') return op;
  if (op === 'floatBits') return 'u32';
  if (op === 'bitsFloat') return 'f32';
  const operands = op === 'select' ? args.slice(1) : op === 'shl' || op === 'shr' ? args.slice(0, 1) : args;
  for (const arg of operands)
    if (arg.type !== operands[0].type)
      throw new Error(`${op} of ${args.map((a) => a.type).join(', ')}: convert explicitly`);
  if (op === 'select' && args[0].type !== 'bool') throw new Error(`select on ${args[0].type}`);
  return yieldsBool.has(op) ? 'bool' : operands[0].type;
}

export function fold(op: FoldOp, axes: readonly Axis[], body: Scalar): Scalar {
  if (axes.length === 0) return body;
  return {
    kind: 'fold',
    op,
    over: axes,
    body,
    type: body.type,
    key: keyOf(`${op}{${axes.map((a) => a.id).join(',')}}(${body.key})`),
    height: body.height + 1,
    folds: true,
    ...(isLanes(body) && { lanes: 4 as const }),
  };
}

export function local(name: string, type: ScalarType, lanes?: 4): Scalar {
  return { kind: 'local', name, type, key: `%${name}`, ...flat, ...(lanes && { lanes }) };
}

export function splat(of: Scalar): Scalar {
  return { kind: 'splat', of, lanes: 4, type: of.type, key: keyOf(`splat(${of.key})`), ...over([of]) };
}

export function lane(of: Scalar, at: number): Scalar {
  return { kind: 'lane', of, at, type: of.type, key: keyOf(`lane${at}(${of.key})`), ...over([of]) };
}

/** True for a value of four lanes. */
export function isLanes(value: Scalar): boolean {
  return 'lanes' in value && value.lanes === 4;
}
