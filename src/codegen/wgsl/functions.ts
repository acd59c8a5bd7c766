// Functions that WGSL lacks, or promises too little of: its own may overflow, lose digits, or hold nothing for NaN and infinity.

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
const tanhSeries = [1, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075];
const expSeries = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => 1 / factorials[n]);
const atanhSeries = [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13, 2 / 15];
/** erf(x) / x - 1 by powers of x², below 0.925; -log(erfc a) - a by powers of a, above. */
const erfNear = [
  0.12837916612625122, -0.37612631916999817, 0.11283687502145767, -0.026858942583203316, 0.005199907347559929,
  -0.0008130018832162023, 8.31679644761607e-5,
];
const erfFar = [
  0.0002070176269626245, 0.12762735784053802, 0.6372658014297485, 0.10385631024837494, -0.02218974195420742,
  0.00303368316963315, -0.00019494576554279774,
];

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
  exponential: `fn exponential(x: f32) -> f32 {
  return select(exp(x), x, isNotANumber(x));
}`,
  naturalLogarithm: `fn naturalLogarithm(x: f32) -> f32 {
  if (x > 0.0) {
    return log(x);
  }
  return select(notANumber(), -infinity(), x == 0.0);
}`,
  hyperbolicTangent: `fn hyperbolicTangent(x: f32) -> f32 {
  let t = x * x;
  if (t < 0.16) {
    return x * (${polynomial('t', tanhSeries)});
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
  let n = round(x * ${Math.fround(2 / Math.PI)});
  let r = ((x - n * ${turnHigh}) - n * ${turnMiddle}) - n * ${turnLow};
  let t = r * r;
  let quarter = i32(n) + quarters;
  let wave = select(r * (${polynomial('t', sineSeries)}), ${polynomial('t', cosineSeries)}, (quarter & 1) == 1);
  return select(wave, -wave, (quarter & 2) == 2);
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
  if (a < 0.925) {
    let t = x * x;
    return x + x * (${polynomial('t', erfNear)});
  }
  let tail = exp(-(a + (${polynomial('a', erfFar)})));
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
