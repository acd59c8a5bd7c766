// Elementary functions as polynomials after a reduction of their argument.
import { erfcTail, erfTail, expTail, fewTurns, logOfFour, logOfTwo, nearOfErf } from '../../../ir/coefficients.js';
import { apply, type Scalar } from '../../../ir/scalar.js';
import {
  type Operand,
  f32,
  u32,
  add,
  sub,
  mul,
  div,
  less,
  same,
  choose,
  abs,
  bits,
  fromBits,
  plus,
  minus,
  xor,
  shl,
  shr,
  clamp,
  polynomial,
  magic,
  withSign,
  powerOfTwo,
  split,
  smallestNormal,
} from './arithmetic.js';
import { quarterTurns } from './turns.js';

/** e^r - 1 for |r| <= ln 2. */
function expm1Near0(r: Scalar): Scalar {
  return add(mul(mul(r, r), polynomial(r, expTail)), r);
}

/** x = 2n·ln 2 + r: two factors of 2^n reach numbers that one does not, those below the normal ones too. */
function reduceExp(x: Scalar): { readonly rest: Scalar; readonly scale: Scalar } {
  const shifted = add(mul(x, Math.LOG2E / 2), magic);
  const n = sub(shifted, magic);
  const r = sub(sub(x, mul(n, logOfFour.high)), mul(n, logOfFour.low));
  return { rest: expm1Near0(r), scale: powerOfTwo(shifted) };
}

/** For -104 <= x <= 89; infinite at the upper end. */
export function exp(x: Scalar): Scalar {
  const { rest, scale } = reduceExp(x);
  return mul(mul(add(rest, 1), scale), scale);
}

/** s²·(e^r - 1) + s² - 1, for x <= 89. */
export function expm1(x: Scalar): Scalar {
  const { rest, scale } = reduceExp(x);
  const inverse = fromBits(minus(0x7f000000, bits(scale)));
  return mul(add(mul(rest, scale), sub(scale, inverse)), scale);
}

/** m / (m + 2) for m = e^2|x| - 1; where 2|x| = n·ln 2 + r, m = 2^n·(e^r - 1) + 2^n - 1. */
export function tanh(x: Scalar): Scalar {
  const magnitude = abs(x);
  const y = apply('min', add(magnitude, magnitude), f32(20));
  const shifted = add(mul(y, Math.LOG2E), magic);
  const n = sub(shifted, magic);
  const r = sub(sub(y, mul(n, logOfTwo.high)), mul(n, logOfTwo.low));
  const rest = add(mul(mul(r, r), polynomial(r, expm1Tail)), r);
  const scale = powerOfTwo(shifted);
  const m = add(mul(rest, scale), sub(scale, 1));
  return withSign(div(m, add(m, 2)), x);
}

/** For |r| <= ln 2 / 2. */
const expm1Tail = [
  0.4999999701976776, 0.1666654348373413, 0.04166720062494278, 0.008366547524929047, 0.0013882516650483012,
];

/** log x for normal x > 0, plus something small; `bias` is taken off the exponent. */
function logOf(x: Scalar, bias: Operand, small?: Scalar): Scalar {
  const { mantissa, exponent } = split(x);
  const e = sub(exponent, bias);
  const f = sub(mantissa, 1);
  const square = mul(f, f);
  const tail = mul(mul(f, square), polynomial(f, logTail));
  const low = add(tail, mul(e, logOfTwo.low));
  const sum = sub(small ? add(low, small) : low, mul(square, 0.5));
  return add(add(f, sum), mul(e, logOfTwo.high));
}

const logTail = [
  0.3333333134651184, -0.2500082850456238, 0.20001259446144104, -0.16623061895370483, 0.14200730621814728,
  -0.1316218376159668, 0.12770335376262665, -0.07640295475721359,
];

export function log(x: Scalar): Scalar {
  const tiny = less(x, smallestNormal);
  const result = logOf(choose(tiny, mul(x, 2 ** 23), x), choose(tiny, 150, 127));
  return choose(less(0, x), choose(less(x, Infinity), result, x), choose(same(x, 0), -Infinity, NaN));
}

/** log u + (x - (u - 1)) / u where u = 1 + x, rounded. */
export function log1p(x: Scalar): Scalar {
  const u = add(x, 1);
  const result = logOf(u, 127, div(sub(x, sub(u, 1)), u));
  return choose(less(-1, x), choose(less(x, Infinity), result, x), choose(same(x, -1), -Infinity, NaN));
}

/** sin(x + quarters·π/2). */
export function sine(x: Scalar, quarters: 0 | 1): Scalar {
  const far = less(fewTurns, abs(x));
  const near = sineNear(x, quarters);
  return choose(apply('any', far), choose(far, sineFar(x, quarters), near), near);
}

/** x = k·π/2 + r + low, π/2 in four parts of which the first three have few bits; low is what rounding takes from r. */
function sineNear(x: Scalar, quarters: 0 | 1): Scalar {
  const shifted = add(mul(x, 2 / Math.PI), magic);
  const k = sub(shifted, magic);
  const [first, second, third, fourth] = halfPi.map((part) => mul(k, part));
  const whole = sub(sub(x, first), second);
  const most = sub(whole, third);
  const remainder = sub(sub(sub(whole, most), third), fourth);
  const sum = add(most, remainder);
  const low = add(sub(most, sum), remainder);
  return sineOf({ quarters: bits(shifted), rest: clamp(sum, -0.79, 0.79), low }, quarters);
}

function sineFar(x: Scalar, quarters: 0 | 1): Scalar {
  const wave = sineOf(quarterTurns(x), quarters);
  const signed = quarters === 0 ? fromBits(xor(bits(wave), xor(bits(x), bits(abs(x))))) : wave;
  return choose(less(abs(x), Infinity), signed, NaN);
}

/** The sine of so many quarter turns and a rest of two parts. */
function sineOf(
  turned: { readonly quarters: Scalar; readonly rest: Scalar; readonly low: Scalar },
  quarters: 0 | 1,
): Scalar {
  const { rest: r, low } = turned;
  const z = mul(r, r);
  const sin = add(add(mul(mul(r, z), polynomial(z, sinTail)), low), r);
  const cos = add(sub(sub(mul(mul(z, z), polynomial(z, cosTail)), mul(r, low)), mul(z, 0.5)), 1);
  const quadrant = quarters === 0 ? turned.quarters : plus(turned.quarters, 1);
  const even = apply('eq', shl(quadrant, 31), u32(0));
  return fromBits(xor(bits(choose(even, sin, cos)), shl(shr(quadrant, 1), 31)));
}

const halfPi = splitHalfPi();
const sinTail = [-0.16666655242443085, 0.008332155644893646, -0.0001951463200384751];
const cosTail = [0.04166664555668831, -0.0013887309469282627, 2.443241282890085e-5];

/** Parts of eleven bits, so that k times a part is exact up to k = 8192, and the rest. */
function splitHalfPi(): number[] {
  const parts: number[] = [];
  let rest = Math.PI / 2;
  for (const scale of [2 ** 9, 2 ** 20, 2 ** 31]) {
    const part = Math.round(rest * scale) / scale;
    parts.push(part);
    rest -= part;
  }
  return [...parts, Math.fround(rest + 6.123233995736766e-17)];
}

export function erf(x: Scalar): Scalar {
  const magnitude = abs(x);
  const near = add(mul(x, polynomial(mul(x, x), erfTail)), x);
  const a = apply('min', magnitude, f32(4));
  const far = sub(1, exp(apply('neg', add(a, polynomial(a, erfcTail)))));
  return choose(less(magnitude, nearOfErf), near, withSign(far, x));
}
