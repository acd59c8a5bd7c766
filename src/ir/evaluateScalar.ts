// Scalar expressions computed in double precision, or in f32: what the reference evaluator does for each element.
import { evaluate as evaluateIndex, evaluateSizes, type Atom, type Axis, type Index } from './index.js';
import { foldIdentity, type Buffer, type Scalar, type ScalarOp } from './scalar.js';

/** Where the loops are. `tick` changes whenever one of them moves. */
export class Environment extends Map<Axis, number> {
  tick = 0;

  override set(axis: Axis, place: number): this {
    this.tick++;
    return super.set(axis, place);
  }
}
type Run = (axes: Environment) => number;

export type Rounded = (x: number) => number;
export const asItIs: Rounded = (x) => x;

/** The value of a scalar expression without loads, in double precision. */
export function evaluateScalar(value: Scalar): number {
  return closureOf(value, { data: new Map(), sizeOf: Number, rounded: asItIs, memo: new Map() })(new Environment());
}

interface Context {
  readonly data: ReadonlyMap<Buffer, Float64Array>;
  readonly sizeOf: (name: string) => number;
  /** What is done to every f32. */
  readonly rounded: Rounded;
  readonly memo: Map<string, Shared>;
}

/** Computes a value at a place of its axes; what is shared is computed once. */
export function closureOf(value: Scalar, context: Context): Run {
  const { data, sizeOf, memo } = context;
  const rounded = value.type === 'f32' ? context.rounded : asItIs;
  const known = memo.get(value.key);
  if (known) {
    known.again = true;
    return known.run;
  }
  const again = (part: Scalar): Run => closureOf(part, context);
  const run = ((): Run => {
    switch (value.kind) {
      case 'number':
        return () => rounded(value.value);
      case 'index':
        return indexClosure(value.of, again, sizeOf);
      case 'load': {
        const source = data.get(value.from);
        if (!source) throw new Error(`no data for ${value.from.name}`);
        const at = indexClosure(value.at, again, sizeOf);
        return (axes) => {
          const place = at(axes);
          if (!(place >= 0 && place < source.length)) throw new Error(`${value.from.name}[${place}] is out of range`);
          return source[place];
        };
      }
      case 'apply':
        return applyClosure(value, value.args.map(again), rounded);
      case 'fold':
        return foldClosure(value, again(value.body), context, rounded);
      case 'local':
      case 'splat':
      case 'lane':
        throw new Error(`${value.kind} comes after lowering`);
      default:
        return value satisfies never;
    }
  })();
  const shared: Shared = { run: value.kind === 'apply' ? (at) => (shared.again ? remembered(at) : run(at)) : run };
  let [tick, where, last]: [number, Environment | undefined, number] = [-1, undefined, 0];
  // A random number is a long chain in which each value is used twice: it is computed once at each place.
  const remembered = (at: Environment): number => {
    if (at.tick !== tick || at !== where) [tick, where, last] = [at.tick, at, run(at)];
    return last;
  };
  memo.set(value.key, shared);
  return shared.run;
}

/** A closure, and whether more than one value reads it. */
interface Shared {
  readonly run: Run;
  again?: true;
}

function indexClosure(index: Index, scalar: (value: Scalar) => Run, sizeOf: (name: string) => number): Run {
  const elements = new Map<Atom, Run>();
  const prepare = (of: Index): void => {
    for (const term of of.terms)
      for (const part of term.atoms) {
        if (part.kind === 'element') elements.set(part, scalar(part.of));
        else if (part.kind === 'quotient') {
          prepare(part.of);
          prepare(part.by);
        }
      }
  };
  prepare(index);
  const value = (of: Index, axes: Environment): number =>
    evaluateIndex(of, (part) => {
      if (part.kind === 'axis') return axes.get(part) ?? unbound(part.name);
      if (part.kind === 'size') return sizeOf(part.name);
      if (part.kind === 'sum') return value(part.of, axes);
      if (part.kind === 'quotient') return Math.floor(value(part.of, axes) / value(part.by, axes));
      return elements.get(part)?.(axes) ?? 0;
    });
  return (axes) => value(index, axes);
}

export function unbound(name: string): never {
  throw new Error(`${name} is bound by no loop`);
}

function foldClosure(
  { op, type, over }: Extract<Scalar, { kind: 'fold' }>,
  body: Run,
  { sizeOf }: Context,
  rounded: Rounded,
): Run {
  const extents = over.map((a) => evaluateSizes(a.extent, sizeOf));
  const combine = instructions[op];
  return (axes) => {
    let result = foldIdentity(op, type);
    const loop = (depth: number): void => {
      if (depth === over.length) {
        result = combine(result, body(axes));
        return;
      }
      for (let i = 0; i < extents[depth]; i++) {
        axes.set(over[depth], i);
        loop(depth + 1);
      }
    };
    loop(0);
    return rounded(result);
  };
}

function applyClosure({ op, type }: Extract<Scalar, { kind: 'apply' }>, args: readonly Run[], rounded: Rounded): Run {
  const [isU32, isI32] = [type === 'u32', type === 'i32'];
  const [a, b, c] = args;
  if (op === 'select') return (axes) => (a(axes) !== 0 ? b(axes) : c(axes));
  if (op === 'pack') throw new Error('lanes are not evaluated');
  const compute = op === 'mul' && (isU32 || isI32) ? Math.imul : instructions[op];
  const narrow = isU32 ? (x: number) => x >>> 0 : isI32 && op !== 'i32' ? (x: number) => x | 0 : rounded;
  if (args.length === 1) return (axes) => narrow(compute(a(axes), 0));
  return (axes) => narrow(compute(a(axes), b(axes)));
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Every scalar instruction in double precision; unary ones ignore the second argument. Bools are 0 and 1. */
export const instructions: Readonly<Record<Exclude<ScalarOp, 'select' | 'pack'>, (a: number, b: number) => number>> = {
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  round: (a) => roundHalfEven(a),
  sqrt: (a) => Math.sqrt(a),
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  log1p: (a) => Math.log1p(a),
  expm1: (a) => Math.expm1(a),
  sin: (a) => Math.sin(a),
  cos: (a) => Math.cos(a),
  tanh: (a) => Math.tanh(a),
  erf: (a) => erf(a),
  not: (a) => (a === 0 ? 1 : 0),
  any: (a) => a,
  f32: (a) => a,
  i32: (a) => Math.trunc(a),
  u32: (a) => a >>> 0,
  floatBits: (a) => {
    float[0] = a;
    return bits[0];
  },
  bitsFloat: (a) => {
    bits[0] = a;
    return float[0];
  },
  single: (a) => Math.fround(a),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  pow: (a, b) => Math.pow(a, b),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  eq: (a, b) => (a === b ? 1 : 0),
  and: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  xor: (a, b) => (a ^ b) >>> 0,
  shl: (a, b) => (a << b) >>> 0,
  shr: (a, b) => a >>> b,
};

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** So many pieces make one: around the middle of each the error function is a polynomial, to about 1e-16. */
const piecesPerOne = 8;
const degree = 13;
const piecesOfErf: Float64Array[] = [];

/** The error function to about 1e-15. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (a > 6) return Math.sign(x);
  const piece = Math.round(a * piecesPerOne);
  const middle = piece / piecesPerOne;
  const coefficients = (piecesOfErf[piece] ??= pieceOfErf(middle));
  let sum = coefficients[degree];
  for (let n = degree - 1; n >= 0; n--) sum = sum * (a - middle) + coefficients[n];
  return x < 0 ? -sum : sum;
}

/** Taylor's coefficients around c: the derivative g of erf is 2/√π e^(-x²), and g' = -2x g. */
function pieceOfErf(c: number): Float64Array {
  const coefficients = new Float64Array(degree + 1);
  coefficients[0] = slowErf(c);
  let [before, g] = [0, (2 / Math.sqrt(Math.PI)) * Math.exp(-c * c)];
  for (let n = 0; n < degree; n++) {
    coefficients[n + 1] = g / (n + 1);
    [before, g] = [g, (-2 * (c * g + before)) / (n + 1)];
  }
  return coefficients;
}

/** Its series below 3, the continued fraction of erfc above (Abramowitz and Stegun, 7.1.6 and 7.1.14). */
function slowErf(a: number): number {
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return 1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction));
}
