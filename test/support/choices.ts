// Random formulas full of choices over functions that are singular somewhere, and their derivatives along the branches taken alone.
import fc from 'fast-check';

/** A number with its derivative by each element of x and y; undefined by those that it does not depend on. */
export interface Dual {
  readonly value: number;
  readonly by: readonly (number | undefined)[];
}

/** A formula over x, y: [width], as text and as what one element of it is. */
export interface Formula {
  readonly text: string;
  at(inputs: Inputs, i: number): Dual;
}

export interface Inputs {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export const width = 3;

const none: readonly undefined[] = Array.from({ length: 2 * width }, () => undefined);

/** A number as it is written. */
const fixed = (value: number): Dual => ({ value, by: none });
/** A value that nothing moves here. */
const flat = (value: number): Dual => ({ value, by: [...none] });

/** f(a) with its slope there. */
function chain(a: Dual, value: number, slope: number): Dual {
  return { value, by: a.by.map((d) => times(d, slope)) };
}

const times = (d: number | undefined, slope: number): number | undefined => (d === undefined ? undefined : d * slope);

const plus = (d: number | undefined, e: number | undefined): number | undefined => (d === undefined ? e : d + (e ?? 0));

function sum(a: Dual, b: Dual, sign = 1): Dual {
  return { value: a.value + sign * b.value, by: a.by.map((d, i) => plus(d, times(b.by[i], sign))) };
}

function product(a: Dual, b: Dual): Dual {
  return { value: a.value * b.value, by: a.by.map((d, i) => plus(times(d, b.value), times(b.by[i], a.value))) };
}

function quotient(a: Dual, b: Dual): Dual {
  return product(a, chain(b, 1 / b.value, -1 / b.value ** 2));
}

const half = (a: Dual, b: Dual): Dual => ({ value: a.value, by: a.by.map((d, i) => times(plus(d, b.by[i]), 0.5)) });

const unknown: Dual = { value: NaN, by: none.map(() => NaN) };

const unfixed = ({ value, by }: Dual): Dual => ({ value, by: [...by] });

/** The larger or smaller of two: a tie is shared, and against a number it gives nothing. */
function extreme(a: Dual, b: Dual, most: boolean): Dual {
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) return unknown;
  if (a.value !== b.value) return unfixed(a.value > b.value === most ? a : b);
  if (a.by === none || b.by === none) return flat(a.value);
  // What has no slope here may be a number to the compiler, or not.
  return [a, b].some(({ by }) => by.every((d) => d === undefined || d === 0))
    ? { value: a.value, by: unknown.by }
    : half(a, b);
}

type Slope = readonly [f: (x: number) => number, slope: (x: number, y: number) => number];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const functions: Readonly<Record<string, Slope>> = {
  exp: [Math.exp, (_, y) => y],
  log: [Math.log, (x) => 1 / x],
  sqrt: [Math.sqrt, (_, y) => 0.5 / y],
  abs: [Math.abs, Math.sign],
  sin: [Math.sin, Math.cos],
  tanh: [Math.tanh, (_, y) => 1 - y * y],
  sigmoid: [sigmoid, (_, y) => y * (1 - y)],
  log1p: [Math.log1p, (x) => 1 / (1 + x)],
  expm1: [Math.expm1, (x) => Math.exp(x)],
  rsqrt: [(x) => 1 / Math.sqrt(x), (x) => -0.5 * x ** -1.5],
  softplus: [(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid],
};

const number = fc.constantFrom(0, 1, -1, 0.5, 2, 1e-3);
const exponent = fc.constantFrom(0.5, 1.5, 2, 3, -1, -0.5);

const leaf: fc.Arbitrary<Formula> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constant<Formula>({
      text: 'x',
      at: ({ x }, i) => ({ value: x[i], by: none.map((_, k) => (k === i ? 1 : undefined)) }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constant<Formula>({
      text: 'y',
      at: ({ y }, i) => ({ value: y[i], by: none.map((_, k) => (k === width + i ? 1 : undefined)) }),
    }),
  },
  number.map((n): Formula => ({ text: `(${n})`, at: () => fixed(n) })),
);

interface Condition {
  readonly text: string;
  holds(inputs: Inputs, i: number): boolean;
}

/** A tensor, as `if` wants it where a branch is a number. */
const spread = ({ text }: Formula): string => `(${text} + 0 * ones([${width}]))`;

const compared = (a: Formula, symbol: '>' | '<=' | '==', n: number): Condition => ({
  text: `${a.text} ${symbol} ${n}`,
  holds: (inputs, i) => {
    const { value } = a.at(inputs, i);
    return symbol === '>' ? value > n : symbol === '<=' ? value <= n : value === n;
  },
});

const chosen = (c: Condition, a: Formula, b: Formula): Formula => ({
  text: `(if ${c.text} then ${a.text} else ${b.text})`,
  at: (inputs, i) => unfixed((c.holds(inputs, i) ? a : b).at(inputs, i)),
});

const applied = (name: string, a: Formula): Formula => ({
  text: `${name}(${a.text})`,
  at: (inputs, i) => {
    const inner = a.at(inputs, i);
    const [f, slope] = functions[name];
    const value = f(inner.value);
    return chain(inner, value, slope(inner.value, value));
  },
});

const combined = (symbol: '+' | '-' | '*' | '/', a: Formula, b: Formula): Formula => ({
  text: `(${a.text} ${symbol} ${b.text})`,
  at: (inputs, i) => {
    const [p, q] = [a.at(inputs, i), b.at(inputs, i)];
    return symbol === '*' ? product(p, q) : symbol === '/' ? quotient(p, q) : sum(p, q, symbol === '-' ? -1 : 1);
  },
});

const raised = (a: Formula, n: number): Formula => ({
  text: `(${a.text})^(${n})`,
  at: (inputs, i) => {
    const inner = a.at(inputs, i);
    return chain(inner, inner.value ** n, n * inner.value ** (n - 1));
  },
});

const limited = (name: 'max' | 'min', a: Formula, n: number): Formula => ({
  text: `${name}(${a.text}, ${n})`,
  at: (inputs, i) => extreme(a.at(inputs, i), fixed(n), name === 'max'),
});

const larger = (name: 'max' | 'min', a: Formula, b: Formula): Formula => ({
  text: `${name}(${a.text}, ${b.text})`,
  at: (inputs, i) => extreme(a.at(inputs, i), b.at(inputs, i), name === 'max'),
});

const clamped = (a: Formula): Formula => ({
  text: `clamp(${a.text}, -2, 3)`,
  at: (inputs, i) => {
    const inner = a.at(inputs, i);
    return inner.value > 3 ? flat(3) : inner.value < -2 ? flat(-2) : inner;
  },
});

const totalled = (a: Formula): Formula => ({
  text: `sum(${spread(a)})`,
  at: (inputs) => Array.from({ length: width }, (_, i) => a.at(inputs, i)).reduce((p, q) => sum(p, q)),
});

/** Functions where they are defined, something else where not. */
const guarded = (name: string, a: Formula, b: Formula): Formula => {
  switch (name) {
    case 'reciprocal':
      return chosen(compared(a, '==', 0), b, combined('/', { text: '1', at: () => fixed(1) }, a));
    case 'exp':
      return chosen(compared(a, '<=', 2), applied('exp', a), b);
    default:
      return chosen(compared(a, '>', 0), applied(name, a), b);
  }
};

export const formula: fc.Arbitrary<Formula> = fc.letrec<{ any: Formula }>((tie) => {
  const any = tie('any');
  const two = fc.tuple(any, any);
  return {
    any: fc.oneof(
      { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.tuple(fc.constantFrom('+', '-', '*', '/'), two).map(([symbol, [a, b]]) => combined(symbol, a, b)),
      fc.tuple(fc.constantFrom(...Object.keys(functions)), any).map(([name, a]) => applied(name, a)),
      fc
        .tuple(fc.constantFrom('log', 'sqrt', 'rsqrt', 'reciprocal', 'exp'), two)
        .map(([name, [a, b]]) => guarded(name, a, b)),
      fc
        .tuple(fc.constantFrom('>', '<=', '=='), any, number, two)
        .map(([symbol, a, n, [b, c]]) => chosen(compared(a, symbol, n), b, c)),
      fc.tuple(fc.constantFrom('max', 'min'), any, number).map(([name, a, n]) => limited(name, a, n)),
      fc.tuple(fc.constantFrom('max', 'min'), two).map(([name, [a, b]]) => larger(name, a, b)),
      any.map(clamped),
      fc.tuple(any, exponent).map(([a, n]) => raised(a, n)),
      any.map(totalled),
    ),
  };
}).any;

export const inputs: fc.Arbitrary<Inputs> = fc.record({
  x: fc.array(fc.constantFrom(0, 1, -1, 0.5, 2, -2, 0, 1000, -1000), { minLength: width, maxLength: width }),
  y: fc.array(fc.constantFrom(0, 1, -1, 0.25, 3, 0, -100), { minLength: width, maxLength: width }),
});

/** A model whose loss is the sum of a formula. */
export function modelOf({ text }: Formula): string {
  return `model choices {
  input one: [${width}]
  param x: [${width}] = 0
  param y: [${width}] = 0
  loss = sum((${text}) * one) + 0 * (sum(x) + sum(y))
  train { optimizer = sgd(lr = 0.1) }
}
`;
}
