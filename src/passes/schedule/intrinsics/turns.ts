// How far a number is from the nearest multiple of a quarter turn, however large: by the bits of 2/π that matter (Payne and Hanek, 1983).
import { twoOverPi } from '../../../ir/coefficients.js';
import { apply, type Scalar } from '../../../ir/scalar.js';
import {
  abs,
  add,
  bits,
  choose,
  sub,
  withFewBits,
  fromBits,
  minus,
  mul,
  plus,
  shl,
  shr,
  u32,
  xor,
  type Operand,
} from './arithmetic.js';

/** Numbers from 2^13 on are an integer of 24 bits times 2^s, s from here to 104: classes of eight. */
const [smallestScale, classes] = [-10, 15];

/** Of 2^s · 2/π modulo 4, for the first s of each class, bits of weight 2 to 2^-94, in three words from the top. */
const windows = Array.from({ length: classes }, (_, c): readonly number[] => {
  const window = BigInt(`0x${twoOverPi}`) << BigInt(smallestScale + 8 * c + 94);
  const whole = window >> BigInt(4 * twoOverPi.length);
  return [64n, 32n, 0n].map((at) => Number((whole >> at) & 0xffffffffn));
});

const times = (a: Scalar, b: Scalar): Scalar => apply('mul', a, b);
const lower = (x: Scalar): Scalar => shr(shl(x, 16), 16);
const upper = (x: Scalar): Scalar => shr(x, 16);
const number = (x: Scalar): Scalar => apply('f32', apply('i32', x));
const sum = (first: Scalar, ...rest: readonly Operand[]): Scalar =>
  rest.reduce<Scalar>((all, x) => plus(all, x), first);

const halfPi = Math.fround(Math.PI / 2);
const halfPiInFewBits = Math.round(halfPi * 2 ** 11) / 2 ** 11;

/** For |x| >= 2^13: |x| is, but for whole turns, so many quarter turns and a rest of at most half of one, in radians and two parts. */
export function quarterTurns(x: Scalar): { readonly quarters: Scalar; readonly rest: Scalar; readonly low: Scalar } {
  const all = bits(abs(x));
  const biased = shr(all, 23);
  const scale = minus(biased, 150 + smallestScale);
  const which = shr(scale, 3);
  const within = minus(scale, shl(which, 3));
  const power = apply('u32', apply('i32', fromBits(shl(plus(within, 127), 23))));
  const integer = times(plus(minus(all, shl(biased, 23)), 0x800000), power);
  const words = [0, 1, 2].map((word) =>
    windows
      .slice(0, -1)
      .reduceRight<Scalar>(
        (later, window, c) => choose(apply('lt', which, u32(c + 1)), u32(window[word]), later),
        u32(windows[classes - 1][word]),
      ),
  );
  // The product modulo 2^96 by digits of sixteen bits, without the last one.
  const [a0, a1] = [lower(integer), upper(integer)];
  const [w5, w4, w3, w2, w1, w0] = words.flatMap((word) => [upper(word), lower(word)]);
  const p = (a: Scalar, b: Scalar) => times(a, b);
  const [p00, p01, p02, p03, p04, p05] = [w0, w1, w2, w3, w4, w5].map((w) => p(a0, w));
  const [p10, p11, p12, p13, p14] = [w0, w1, w2, w3, w4].map((w) => p(a1, w));
  const c1 = sum(upper(p00), lower(p01), lower(p10));
  const c2 = sum(upper(c1), upper(p01), upper(p10), lower(p02), lower(p11));
  const c3 = sum(upper(c2), upper(p02), upper(p11), lower(p03), lower(p12));
  const c4 = sum(upper(c3), upper(p03), upper(p12), lower(p04), lower(p13));
  const c5 = sum(upper(c4), upper(p04), upper(p13), p05, p14);
  const top = plus(shl(c5, 16), lower(c4));
  // The nearest quarter; what is left has a sign.
  const quarters = shr(plus(top, 0x20000000), 30);
  const left = minus(top, shl(quarters, 30));
  const negative = shr(left, 31);
  const mask = minus(0, negative);
  const digits = [xor(left, mask), xor(plus(shl(c3, 16), lower(c2)), mask)].flatMap((word) => [
    upper(word),
    lower(word),
  ]);
  const [first, ...others] = digits.map((digit, i) => mul(number(digit), 2 ** (-14 - 16 * i)));
  const tail = others.reduceRight((all, digit) => add(digit, all));
  const fraction = add(first, tail);
  const lost = add(sub(first, fraction), tail);
  // Times π/2, in two numbers.
  const rest = mul(fraction, halfPi);
  const [f, g] = [withFewBits(fraction), sub(fraction, withFewBits(fraction))];
  const [h, i] = [halfPiInFewBits, halfPi - halfPiInFewBits];
  const error = add(add(add(sub(mul(f, h), rest), mul(f, i)), mul(g, h)), mul(g, i));
  const low = add(error, add(mul(fraction, Math.PI / 2 - halfPi), mul(lost, halfPi)));
  const signed = (value: Scalar): Scalar => fromBits(xor(bits(value), shl(negative, 31)));
  return { quarters, rest: signed(rest), low: signed(low) };
}
