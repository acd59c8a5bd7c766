// Short spellings for arithmetic on numbers and their bits, and what several functions are made of.
import { apply, number, type Scalar } from '../../../ir/scalar.js';

export type Operand = Scalar | number;

export const f32 = (x: Operand): Scalar => (typeof x === 'number' ? number(x) : x);
export const u32 = (x: Operand): Scalar => (typeof x === 'number' ? number(x, 'u32') : x);
export const add = (a: Operand, b: Operand): Scalar => apply('add', f32(a), f32(b));
export const sub = (a: Operand, b: Operand): Scalar => apply('sub', f32(a), f32(b));
export const mul = (a: Operand, b: Operand): Scalar => apply('mul', f32(a), f32(b));
export const div = (a: Operand, b: Operand): Scalar => apply('div', f32(a), f32(b));
export const less = (a: Operand, b: Operand): Scalar => apply('lt', f32(a), f32(b));
export const same = (a: Operand, b: Operand): Scalar => apply('eq', f32(a), f32(b));
export const choose = (c: Scalar, a: Operand, b: Operand): Scalar => apply('select', c, f32(a), f32(b));
export const abs = (x: Scalar): Scalar => apply('abs', x);
export const bits = (x: Scalar): Scalar => apply('floatBits', x);
export const fromBits = (x: Scalar): Scalar => apply('bitsFloat', x);
export const plus = (a: Operand, b: Operand): Scalar => apply('add', u32(a), u32(b));
export const minus = (a: Operand, b: Operand): Scalar => apply('sub', u32(a), u32(b));
export const xor = (a: Scalar, b: Scalar): Scalar => apply('xor', a, b);
export const shl = (x: Scalar, places: number): Scalar => apply('shl', x, u32(places));
export const shr = (x: Scalar, places: number): Scalar => apply('shr', x, u32(places));

/** A NaN stays one. */
export function clamp(x: Scalar, low: number, high: number): Scalar {
  return apply('min', apply('max', x, f32(low)), f32(high));
}

/** The number with its low twelve bits cleared: products of two such are exact. */
export function withFewBits(x: Scalar): Scalar {
  return fromBits(shl(shr(bits(x), 12), 12));
}

/** c0 + c1·x + c2·x² + … */
export function polynomial(x: Scalar, coefficients: readonly number[]): Scalar {
  return (
    coefficients.reduceRight<Scalar | undefined>((sum, c) => (sum ? add(mul(sum, x), c) : f32(c)), undefined) ?? f32(0)
  );
}

/** Adding it leaves the nearest integer in the low bits. */
export const magic = 12582912;

/** The magnitude with the sign bit of `of`. */
export function withSign(magnitude: Scalar, of: Scalar): Scalar {
  return fromBits(xor(bits(magnitude), xor(bits(of), bits(abs(of)))));
}

/** 2^n for the integer n that `shifted` holds in its low bits. */
export function powerOfTwo(shifted: Scalar): Scalar {
  return fromBits(plus(shl(bits(shifted), 23), 0x3f800000));
}

const squareRootOfHalf = 0x3f3504f3;

/** x = m·2^e with m between √½ and √2, for normal x > 0; the exponent is biased by 127. */
export function split(x: Scalar): { readonly mantissa: Scalar; readonly exponent: Scalar } {
  const moved = plus(bits(x), 0x3f800000 - squareRootOfHalf);
  const exponent = shr(moved, 23);
  return {
    mantissa: fromBits(plus(minus(moved, shl(exponent, 23)), squareRootOfHalf)),
    exponent: apply('f32', apply('i32', exponent)),
  };
}

export const smallestNormal = 2 ** -126;
