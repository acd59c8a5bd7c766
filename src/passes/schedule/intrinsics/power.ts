// Powers by logarithms in two numbers.
import { apply, type Scalar } from '../../../ir/scalar.js';
import {
  f32,
  add,
  sub,
  mul,
  div,
  less,
  same,
  choose,
  abs,
  clamp,
  polynomial,
  magic,
  withSign,
  powerOfTwo,
  split,
  smallestNormal,
  withFewBits as high,
} from './arithmetic.js';

/** |x|^y as 2^(y·log2 |x|), the logarithm in two numbers; after e_powf.c of fdlibm (Sun Microsystems, freely granted). */
export function pow(x: Scalar, y: Scalar): Scalar {
  const simple = y.kind === 'number' ? simplePower(x, y.value) : undefined;
  if (simple) return simple;
  const magnitude = abs(x);
  const tiny = less(magnitude, smallestNormal);
  const { mantissa, exponent } = split(choose(tiny, mul(magnitude, 2 ** 24), magnitude));
  const e = sub(exponent, choose(tiny, 151, 127));
  const [t1, t2] = log2InTwo(mantissa, e);
  const finite = clamp(y, -3e38, 3e38);
  const y1 = high(finite);
  const low = add(mul(sub(finite, y1), t1), mul(finite, t2));
  const top = mul(y1, t1);
  const exponentOfResult = add(low, top);
  const result = exp2InTwo(top, low, exponentOfResult);
  const inRange = choose(
    less(exponentOfResult, 129),
    choose(less(-152, exponentOfResult), result, 0),
    choose(same(exponentOfResult, exponentOfResult), Infinity, NaN),
  );
  const grows = less(0, y);
  const ends = choose(
    same(magnitude, 0),
    choose(grows, 0, Infinity),
    choose(same(magnitude, Infinity), choose(grows, Infinity, 0), inRange),
  );
  const half = mul(y, 0.5);
  const isInteger = same(apply('floor', y), y);
  const isOdd = apply('and', isInteger, apply('not', same(apply('floor', half), half)));
  const signed = choose(isOdd, withSign(ends, x), ends);
  const real = choose(
    apply('or', apply('or', less(0, x), same(x, 0)), apply('or', isInteger, same(magnitude, Infinity))),
    signed,
    NaN,
  );
  const known = choose(apply('and', same(x, x), same(y, y)), real, NaN);
  return choose(same(y, 0), 1, known);
}

/** Powers that a few products or a root give. */
function simplePower(x: Scalar, y: number): Scalar | undefined {
  switch (y) {
    case 0:
      return f32(1);
    case 1:
      return x;
    case 2:
      return mul(x, x);
    case 3:
      return mul(mul(x, x), x);
    case 4:
      return mul(mul(x, x), mul(x, x));
    case -1:
      return div(1, x);
    case -2:
      return div(1, mul(x, x));
    default:
      return undefined;
  }
}

/** log2(m·2^e) as the sum of two numbers, the first with its low bits cleared. s = (m - 1)/(m + 1), log m = 2s + 2/3·s³ + … */
function log2InTwo(m: Scalar, e: Scalar): [Scalar, Scalar] {
  const u = sub(m, 1);
  const v = div(1, add(m, 1));
  const s = mul(u, v);
  const sHigh = high(s);
  const tHigh = high(add(m, 1));
  const tLow = sub(m, sub(tHigh, 1));
  const sLow = mul(v, sub(sub(u, mul(sHigh, tHigh)), mul(sHigh, tLow)));
  const square = mul(s, s);
  const tail = add(mul(mul(square, square), polynomial(square, atanhTail)), mul(sLow, add(sHigh, s)));
  const exact = mul(sHigh, sHigh);
  const rHigh = high(add(add(exact, 3), tail));
  const rLow = sub(tail, sub(sub(rHigh, 3), exact));
  const product = mul(sHigh, rHigh);
  const small = add(mul(sLow, rHigh), mul(rLow, s));
  const pHigh = high(add(product, small));
  const pLow = sub(small, sub(pHigh, product));
  // 2 / (3·ln 2), and its two parts.
  const zHigh = mul(pHigh, 0.9619140625);
  const zLow = add(mul(pHigh, -1.1736857402e-4), mul(pLow, 0.96179670095));
  const first = high(add(add(zHigh, zLow), e));
  return [first, sub(zLow, sub(sub(first, e), zHigh))];
}

const atanhTail = [0.6, 0.4285714328, 0.3333333135, 0.2727281153, 0.2306660116, 0.2069750428];

/** For |r| <= ln 2 / 2. */
const exp2Tail = [
  0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.008368780836462975, 0.0013814467238262296,
];

/** 2^(top + low), where whole = top + low. */
function exp2InTwo(top: Scalar, low: Scalar, whole: Scalar): Scalar {
  const within = clamp(whole, -152, 130);
  const n = apply('round', within);
  const part = sub(top, n);
  const t = high(add(part, low));
  const u = mul(t, 0.693145752);
  const v = add(mul(sub(low, sub(t, part)), 0.69314718246), mul(t, 1.42860654e-6));
  const z = add(u, v);
  const w = sub(v, sub(z, u));
  const value = add(add(add(mul(mul(z, z), polynomial(z, exp2Tail)), add(w, mul(z, w))), z), 1);
  const half = add(mul(n, 0.5), magic);
  const rest = add(sub(n, sub(half, magic)), magic);
  return mul(mul(value, powerOfTwo(half)), powerOfTwo(rest));
}
