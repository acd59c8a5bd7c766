// Functions that WGSL lacks, or promises too little of: its own may overflow, lose digits, or hold nothing for NaN and infinity.
import {
  erfcTail,
  erfTail,
  expTail,
  fewTurns,
  logOfFour,
  logOfTwo,
  nearOfErf,
  rangeOfExp,
  twoOverPi,
} from '../../ir/coefficients.js';

/** Odd or even polynomials by Horner's rule: c0 + t·(c1 + t·(c2 + …)). */
function polynomial(variable: string, [first, ...rest]: readonly number[]): string {
  const number = Number.isInteger(first) ? `${first}.0` : String(first);
  if (rest.length === 0) return number;
  const inner = polynomial(variable, rest);
  return `${number} + ${variable} * ${rest.length === 1 && rest[0] >= 0 ? inner : `(${inner})`}`;
}

/** Its leading bits, which n times for small n is exact, the next ones, and the rest. */
function inParts(value: number): number[] {
  const cut = (x: number, bits: number): number => {
    const unit = 2 ** (Math.floor(Math.log2(x)) - bits);
    return Math.floor(x / unit) * unit;
  };
  const high = cut(value, 9);
  const middle = cut(value - high, 9);
  return [high, middle, Math.fround(value - high - middle)];
}

const [turnHigh, turnMiddle, turnLow] = inParts(Math.PI / 2);
const factorials = [1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800];
/** Taylor's series of the sine and the cosine for at most an eighth of a turn. */
const sineSeries = [1, 3, 5, 7, 9].map((n, i) => (i % 2 === 0 ? 1 : -1) / factorials[n]);
const cosineSeries = [0, 2, 4, 6, 8, 10].map((n, i) => (i % 2 === 0 ? 1 : -1) / factorials[n]);
/** 2/π in binary, behind the point and twelve zeros. */
const twoOverPiInWords = `000${twoOverPi}`.match(/.{8}/g) ?? [];
const tanhSeries = [1, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075];
const expSeries = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => 1 / factorials[n]);
const atanhSeries = [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13, 2 / 15];

/** By name; each may use others. Constant expressions must be finite, so infinity comes out of a variable. */
export const functions: Readonly<Record<string, string>> = {
  infinityBits: 'var<private> infinityBits = 0x7f800000u;',
  infinity: `fn infinity() -> f32 {
  return bitcast<f32>(infinityBits);
}`,
  notANumber: `fn notANumber() -> f32 {
  return bitcast<f32>(infinityBits | 0x00400000u);
}`,
  isNotANumber: `fn isNotANumber(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  // What is too large for a half is infinite, which a conversion does not promise; both are made of bits that no compiler knows.
  nearestHalf: `fn nearestHalf(x: f32) -> f16 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude < 0x477ff000u) {
    return f16(x);
  }
  let beyond = select((infinityBits >> 13u) & 0x7c00u, 0x7e00u, magnitude > infinityBits);
  return bitcast<vec2<f16>>(beyond | ((bits >> 16u) & 0x8000u)).x;
}`,
  exponential: `fn exponential(x: f32) -> f32 {
  if (isNotANumber(x)) {
    return x;
  }
  let y = clamp(x, ${rangeOfExp.least}.0, ${rangeOfExp.most}.0);
  // x = 2n·ln 2 + r: two factors of 2^n reach numbers that one does not.
  let n = round(y * ${Math.fround(Math.LOG2E / 2)});
  let r = (y - n * ${logOfFour.high}) - n * ${logOfFour.low.toExponential()};
  let scale = bitcast<f32>(u32(i32(n) + 127) << 23u);
  return (1.0 + (r + r * r * (${polynomial('r', expTail)}))) * scale * scale;
}`,
  naturalLogarithm: `fn naturalLogarithm(x: f32) -> f32 {
  if (x > 0.0) {
    let bits = bitcast<u32>(x);
    if (bits >= 0x7f800000u) {
      return x;
    }
    // x = m·2^e with m between √½ and √2.
    let moved = bits + (0x3f800000u - 0x3f3504f3u);
    let m = bitcast<f32>((moved & 0x7fffffu) + 0x3f3504f3u);
    let e = f32(i32(moved >> 23u) - 127);
    let s = (m - 1.0) / (m + 1.0);
    let t = s * s;
    return (s * (${polynomial('t', atanhSeries)}) - e * ${(-logOfTwo.low).toExponential(8)}) + e * ${logOfTwo.high};
  }
  return select(notANumber(), -infinity(), x == 0.0);
}`,
  hyperbolicTangent: `fn hyperbolicTangent(x: f32) -> f32 {
  let t = x * x;
  if (t < 0.16) {
    return x * (${polynomial('t', tanhSeries)});
  }
  if (isNotANumber(x)) {
    return x;
  }
  let e = exp(-2.0 * min(abs(x), 20.0));
  return select(1.0, -1.0, x < 0.0) * (1.0 - e) / (1.0 + e);
}`,
  sine: `fn sine(x: f32) -> f32 {
  return sineOfTurns(x, 0);
}`,
  cosine: `fn cosine(x: f32) -> f32 {
  return sineOfTurns(x, 1);
}`,
  sineOfTurns: `fn sineOfTurns(x: f32, quarters: i32) -> f32 {
  let far = abs(x) > ${fewTurns}.0;
  if (far && (bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) {
    return notANumber();
  }
  let n = round(x * ${Math.fround(2 / Math.PI)});
  var quarter = i32(n) + quarters;
  var r = ((x - n * ${turnHigh}) - n * ${turnMiddle}) - n * ${turnLow};
  if (far) {
    let turned = quarterTurns(x);
    quarter = i32(turned.quarters) + quarters;
    r = turned.rest;
  }
  let t = r * r;
  let wave = select(r * (${polynomial('t', sineSeries)}), ${polynomial('t', cosineSeries)}, (quarter & 1) == 1);
  return select(wave, -wave, (quarter & 2) == 2);
}`,
  QuarterTurns: `struct QuarterTurns {
  quarters: u32,
  rest: f32,
}`,
  twoOverPi: `// 2/π in binary, behind the point and twelve zeros.
const twoOverPi = array<u32, 8>(${twoOverPiInWords.map((word) => `0x${word}u`).join(', ')});`,
  timesInTwo: `// The upper and the lower half of a product.
fn timesInTwo(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let first = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
  return vec2<u32>((a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u), a * b);
}`,
  quarterTurns: `// Of a number from 2^13 on: quarters of a turn, but for whole turns, and the rest in radians. The number is an integer of 24 bits times
// a power of two, which chooses the bits of 2/π that matter (Payne and Hanek, 1983).
fn quarterTurns(x: f32) -> QuarterTurns {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  let integer = (magnitude & 0x7fffffu) | 0x800000u;
  let start = (magnitude >> 23u) - 140u;
  var words = array<u32, 3>();
  for (var i = 0u; i < 3u; i++) {
    let at = start + 32u * i;
    let by = at % 32u;
    words[i] = (twoOverPi[at / 32u] << by) | select(0u, (twoOverPi[at / 32u + 1u] >> (31u - by)) >> 1u, by > 0u);
  }
  let last = timesInTwo(integer, words[2]);
  let middle = timesInTwo(integer, words[1]);
  let low = middle.y + last.x;
  let top = integer * words[0] + middle.x + select(0u, 1u, low < middle.y);
  let quarters = (top + 0x20000000u) >> 30u;
  let left = top - (quarters << 30u);
  let negative = left >> 31u;
  let mask = 0u - negative;
  let high = left ^ mask;
  let rest = low ^ mask;
  let fraction = f32(high >> 16u) * ${2 ** -14} + (f32(high & 0xffffu) * ${2 ** -30} + (f32(rest >> 16u) * ${2 ** -46} + f32(rest & 0xffffu) * ${2 ** -62}));
  let radians = fraction * ${Math.fround(Math.PI / 2)};
  // A negative number turns the other way.
  let backwards = bits >> 31u;
  let turns = select(quarters, 0u - quarters, backwards == 1u) & 3u;
  return QuarterTurns(turns, select(radians, -radians, negative != backwards));
}`,
  power: `fn power(x: f32, y: f32) -> f32 {
  if (y == 2.0) {
    return x * x;
  }
  if (y == 0.0) {
    return 1.0;
  }
  if (x == 0.0) {
    return select(infinity(), 0.0, y > 0.0);
  }
  let magnitude = pow(abs(x), y);
  if (x > 0.0) {
    return magnitude;
  }
  if (floor(y) != y) {
    return notANumber();
  }
  return select(magnitude, -magnitude, floor(0.5 * y) != 0.5 * y);
}`,
  expMinusOne: `fn expMinusOne(x: f32) -> f32 {
  if (abs(x) < 0.5) {
    return x * (${polynomial('x', expSeries)});
  }
  return exponential(x) - 1.0;
}`,
  logOfOnePlus: `fn logOfOnePlus(x: f32) -> f32 {
  if (abs(x) < 0.5) {
    let s = x / (2.0 + x);
    let t = s * s;
    return s * (${polynomial('t', atanhSeries)});
  }
  return naturalLogarithm(1.0 + x);
}`,
  errorFunction: `fn errorFunction(x: f32) -> f32 {
  let a = min(abs(x), 4.0);
  if (a < ${nearOfErf}) {
    let t = x * x;
    return x + x * (${polynomial('t', erfTail)});
  }
  if (isNotANumber(x)) {
    return x;
  }
  let tail = exp(-(a + (${polynomial('a', erfcTail)})));
  return select(1.0 - tail, tail - 1.0, x < 0.0);
}`,
};

/** What the name of a function ends with where it is one of vectors. */
export const ofVectors = 'OfFour';

/** The function by the name: one of the table, or one of vectors, which does for each number what that does. */
function functionOf(name: string): string | undefined {
  if (Object.hasOwn(functions, name)) return functions[name];
  const single = name.endsWith(ofVectors) ? name.slice(0, -ofVectors.length) : '';
  if (!Object.hasOwn(functions, single)) return undefined;
  const [, parameters, result] = /^fn \w+\((.*?)\) -> (\w+)/.exec(functions[single]) ?? [];
  const given = parameters.split(', ').map((p) => p.split(':')[0]);
  const each = [...'xyzw'].map((part) => `${single}(${given.map((g) => `${g}.${part}`).join(', ')})`);
  return `fn ${name}(${given.map((g) => `${g}: vec4<f32>`).join(', ')}) -> vec4<${result}> {
  return vec4<${result}>(
${each.map((line) => `    ${line},`).join('\n')}
  );
}`;
}

/** Those that the text mentions, and what they mention. */
export function neededFunctions(text: string): string[] {
  const needed = new Map<string, string>();
  const need = (text: string): void => {
    for (const word of text.match(/\w+/g) ?? []) {
      const code = needed.has(word) ? undefined : functionOf(word);
      if (code === undefined) continue;
      needed.set(word, code);
      need(code);
    }
  };
  need(text);
  const own = Object.keys(functions).flatMap((name) => needed.get(name) ?? []);
  return [...own, ...[...needed].flatMap(([name, code]) => (Object.hasOwn(functions, name) ? [] : [code]))];
}
