// exp, log, tanh and the like written with arithmetic and the bits of numbers, for targets that cannot spell them.
import type { Kernel, Statement } from '../ir/program.js';
import { rewriteScalar } from '../ir/rewrite.js';
import { apply, number, type Scalar, type ScalarOp } from '../ir/scalar.js';

/**
 * Measured over the whole range of f32, in units in the last place of the exact value: tanh at most 2.5, expm1 2, exp, erf 1.5,
 * log, log1p, pow 1; sin and cos 1.5 up to |x| = 12,000, beyond that the error grows, and from 4 million on they are only bounded.
 * What the library makes of them: sigmoid 3, softplus 2.5.
 */
export type Intrinsic = 'exp' | 'expm1' | 'log' | 'log1p' | 'sin' | 'cos' | 'tanh' | 'erf' | 'pow';

const expansions: Record<Intrinsic, (x: Scalar, y: Scalar) => Scalar> = {
  exp: (x) => exp(clamp(x, -104, 89)),
  expm1: (x) => expm1(clamp(x, -30, 89)),
  log,
  log1p,
  sin: (x) => sine(x, 0),
  cos: (x) => sine(x, 1),
  tanh,
  erf,
  pow,
};

/** The kernel with every intrinsic expanded. Shared parts are equal by key: the emitter computes them once. */
export function expandIntrinsics(kernel: Kernel): Kernel {
  const memo = new Map<string, Scalar>();
  const expand = (value: Scalar): Scalar => expandScalar(value, memo);
  return { ...kernel, body: kernel.body.map((statement) => expandStatement(statement, expand)) };
}

/** The value with every intrinsic expanded. */
function expandScalar(value: Scalar, memo: Map<string, Scalar> = new Map()): Scalar {
  const expand = (part: Scalar): Scalar =>
    rewriteScalar(
      part,
      {
        scalar: (v) => {
          if (v.kind !== 'apply' || !isIntrinsic(v.op)) return undefined;
          const [x, y] = v.args.map(expand);
          return expansions[v.op](x, y);
        },
      },
      memo,
    );
  return expand(value);
}

function isIntrinsic(op: ScalarOp): op is Intrinsic {
  return op in expansions;
}

function expandStatement(statement: Statement, expand: (value: Scalar) => Scalar): Statement {
  const inside = (body: readonly Statement[]): Statement[] => body.map((s) => expandStatement(s, expand));
  switch (statement.kind) {
    case 'loop':
      return { ...statement, body: inside(statement.body) };
    case 'let':
    case 'set':
    case 'store':
      return { ...statement, value: expand(statement.value) };
    case 'if':
      return { ...statement, then: inside(statement.then), else: inside(statement.else) };
    case 'index':
    case 'transpose':
    case 'barrier':
      return statement;
    default:
      return statement satisfies never;
  }
}

type Operand = Scalar | number;

const f32 = (x: Operand): Scalar => (typeof x === 'number' ? number(x) : x);
const u32 = (x: Operand): Scalar => (typeof x === 'number' ? number(x, 'u32') : x);
const add = (a: Operand, b: Operand): Scalar => apply('add', f32(a), f32(b));
const sub = (a: Operand, b: Operand): Scalar => apply('sub', f32(a), f32(b));
const mul = (a: Operand, b: Operand): Scalar => apply('mul', f32(a), f32(b));
const div = (a: Operand, b: Operand): Scalar => apply('div', f32(a), f32(b));
const less = (a: Operand, b: Operand): Scalar => apply('lt', f32(a), f32(b));
const same = (a: Operand, b: Operand): Scalar => apply('eq', f32(a), f32(b));
const choose = (c: Scalar, a: Operand, b: Operand): Scalar => apply('select', c, f32(a), f32(b));
const abs = (x: Scalar): Scalar => apply('abs', x);
const bits = (x: Scalar): Scalar => apply('floatBits', x);
const fromBits = (x: Scalar): Scalar => apply('bitsFloat', x);
const plus = (a: Operand, b: Operand): Scalar => apply('add', u32(a), u32(b));
const minus = (a: Operand, b: Operand): Scalar => apply('sub', u32(a), u32(b));
const xor = (a: Scalar, b: Scalar): Scalar => apply('xor', a, b);
const shl = (x: Scalar, places: number): Scalar => apply('shl', x, u32(places));
const shr = (x: Scalar, places: number): Scalar => apply('shr', x, u32(places));

/** A NaN stays one. */
function clamp(x: Scalar, low: number, high: number): Scalar {
  return apply('min', apply('max', x, f32(low)), f32(high));
}

/** c0 + c1·x + c2·x² + … */
function polynomial(x: Scalar, coefficients: readonly number[]): Scalar {
  return (
    coefficients.reduceRight<Scalar | undefined>((sum, c) => (sum ? add(mul(sum, x), c) : f32(c)), undefined) ?? f32(0)
  );
}

/** Adding it leaves the nearest integer in the low bits. */
const magic = 12582912;

/** The magnitude with the sign bit of `of`. */
function withSign(magnitude: Scalar, of: Scalar): Scalar {
  return fromBits(xor(bits(magnitude), xor(bits(of), bits(abs(of)))));
}

/** 2^n for the integer n that `shifted` holds in its low bits. */
function powerOfTwo(shifted: Scalar): Scalar {
  return fromBits(plus(shl(bits(shifted), 23), 0x3f800000));
}

/** e^r - 1 for |r| <= ln 2. */
function expm1Near0(r: Scalar): Scalar {
  return add(mul(mul(r, r), polynomial(r, expTail)), r);
}

const expTail = [
  0.5000003576278687, 0.16666613519191742, 0.04166125878691673, 0.008336109109222889, 0.0014104676665738225,
  0.00019611344032455236,
];

/** x = 2n·ln 2 + r: two factors of 2^n reach numbers that one does not, those below the normal ones too. */
function reduceExp(x: Scalar): { readonly rest: Scalar; readonly scale: Scalar } {
  const shifted = add(mul(x, Math.LOG2E / 2), magic);
  const n = sub(shifted, magic);
  const r = sub(sub(x, mul(n, 1.38629150390625)), mul(n, 2.857213530660374e-6));
  return { rest: expm1Near0(r), scale: powerOfTwo(shifted) };
}

/** For -104 <= x <= 89; infinite at the upper end. */
function exp(x: Scalar): Scalar {
  const { rest, scale } = reduceExp(x);
  return mul(mul(add(rest, 1), scale), scale);
}

/** s²·(e^r - 1) + s² - 1, for x <= 89. */
function expm1(x: Scalar): Scalar {
  const { rest, scale } = reduceExp(x);
  const inverse = fromBits(minus(0x7f000000, bits(scale)));
  return mul(add(mul(rest, scale), sub(scale, inverse)), scale);
}

/** m / (m + 2) for m = e^2|x| - 1; where 2|x| = n·ln 2 + r, m = 2^n·(e^r - 1) + 2^n - 1. */
function tanh(x: Scalar): Scalar {
  const magnitude = abs(x);
  const y = apply('min', add(magnitude, magnitude), f32(20));
  const shifted = add(mul(y, Math.LOG2E), magic);
  const n = sub(shifted, magic);
  const r = sub(sub(y, mul(n, 0.693359375)), mul(n, -2.1219444e-4));
  const rest = add(mul(mul(r, r), polynomial(r, expm1Tail)), r);
  const scale = powerOfTwo(shifted);
  const m = add(mul(rest, scale), sub(scale, 1));
  return withSign(div(m, add(m, 2)), x);
}

/** For |r| <= ln 2 / 2. */
const expm1Tail = [
  0.4999999701976776, 0.1666654348373413, 0.04166720062494278, 0.008366547524929047, 0.0013882516650483012,
];

const squareRootOfHalf = 0x3f3504f3;

/** x = m·2^e with m between √½ and √2, for normal x > 0; the exponent is biased by 127. */
function split(x: Scalar): { readonly mantissa: Scalar; readonly exponent: Scalar } {
  const moved = plus(bits(x), 0x3f800000 - squareRootOfHalf);
  const exponent = shr(moved, 23);
  return {
    mantissa: fromBits(plus(minus(moved, shl(exponent, 23)), squareRootOfHalf)),
    exponent: apply('f32', apply('i32', exponent)),
  };
}

/** log x for normal x > 0, plus something small; `bias` is taken off the exponent. */
function logOf(x: Scalar, bias: Operand, small?: Scalar): Scalar {
  const { mantissa, exponent } = split(x);
  const e = sub(exponent, bias);
  const f = sub(mantissa, 1);
  const square = mul(f, f);
  const tail = mul(mul(f, square), polynomial(f, logTail));
  const low = add(tail, mul(e, -2.1219444e-4));
  const sum = sub(small ? add(low, small) : low, mul(square, 0.5));
  return add(add(f, sum), mul(e, 0.693359375));
}

const logTail = [
  0.3333333134651184, -0.2500082850456238, 0.20001259446144104, -0.16623061895370483, 0.14200730621814728,
  -0.1316218376159668, 0.12770335376262665, -0.07640295475721359,
];

const smallestNormal = 2 ** -126;

function log(x: Scalar): Scalar {
  const tiny = less(x, smallestNormal);
  const result = logOf(choose(tiny, mul(x, 2 ** 23), x), choose(tiny, 150, 127));
  return choose(less(0, x), choose(less(x, Infinity), result, x), choose(same(x, 0), -Infinity, NaN));
}

/** log u + (x - (u - 1)) / u where u = 1 + x, rounded. */
function log1p(x: Scalar): Scalar {
  const u = add(x, 1);
  const result = logOf(u, 127, div(sub(x, sub(u, 1)), u));
  return choose(less(-1, x), choose(less(x, Infinity), result, x), choose(same(x, -1), -Infinity, NaN));
}

/**
 * sin(x + quarters·π/2): x = k·π/2 + r + low, π/2 in four parts of which the first three have few bits;
 * low is what rounding takes from r.
 */
function sine(x: Scalar, quarters: 0 | 1): Scalar {
  const shifted = add(mul(x, 2 / Math.PI), magic);
  const k = sub(shifted, magic);
  const [first, second, third, fourth] = halfPi.map((part) => mul(k, part));
  const whole = sub(sub(x, first), second);
  const most = sub(whole, third);
  const remainder = sub(sub(sub(whole, most), third), fourth);
  const sum = add(most, remainder);
  const low = add(sub(most, sum), remainder);
  const r = clamp(sum, -0.79, 0.79);
  const z = mul(r, r);
  const sin = add(add(mul(mul(r, z), polynomial(z, sinTail)), low), r);
  const cos = add(sub(sub(mul(mul(z, z), polynomial(z, cosTail)), mul(r, low)), mul(z, 0.5)), 1);
  const quadrant = quarters === 0 ? bits(shifted) : plus(bits(shifted), 1);
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

/** Below 0.925 an odd polynomial, above 1 - e^-(a + …). */
function erf(x: Scalar): Scalar {
  const magnitude = abs(x);
  const near = add(mul(x, polynomial(mul(x, x), erfTail)), x);
  const a = apply('min', magnitude, f32(4));
  const far = sub(1, exp(apply('neg', add(a, polynomial(a, erfcTail)))));
  return choose(less(magnitude, 0.925), near, withSign(far, x));
}

const erfTail = [
  0.12837916612625122, -0.37612631916999817, 0.11283687502145767, -0.026858942583203316, 0.005199907347559929,
  -0.0008130018832162023, 8.31679644761607e-5,
];
/** -log(erfc a) - a. */
const erfcTail = [
  0.0002070176269626245, 0.12762735784053802, 0.6372658014297485, 0.10385631024837494, -0.02218974195420742,
  0.00303368316963315, -0.00019494576554279774,
];

/** The number with its low twelve bits cleared: products of two such are exact. */
function high(x: Scalar): Scalar {
  return fromBits(shl(shr(bits(x), 12), 12));
}

/** |x|^y as 2^(y·log2 |x|), the logarithm in two numbers; after e_powf.c of fdlibm (Sun Microsystems, freely granted). */
function pow(x: Scalar, y: Scalar): Scalar {
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
