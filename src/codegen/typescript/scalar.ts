// Scalar expressions as TypeScript: one spelling for each instruction. Floats are computed in double precision and rounded where they are stored.
import type { Axis, Index } from '../../ir/index.js';
import type { Buffer, Scalar, ScalarOp, ScalarType } from '../../ir/scalar.js';
import {
  binary,
  call,
  conditional,
  infix,
  named,
  negative,
  not,
  primary,
  type Expression,
} from '../text/expression.js';
import { partsIn, printIndex } from '../text/addresses.js';

/** How the kernel calls what its expressions mention. */
export interface KernelNames {
  size(name: string): string;
  axis(axis: Axis): string;
  buffer(buffer: Buffer): string;
  local(name: string): string;
}

type Spelling = (args: readonly Expression[], types: readonly ScalarType[]) => Expression;

const zero = primary('0');
const signed = (a: Expression): Expression => binary('|', a, zero);
const unsigned = (a: Expression): Expression => binary('>>>', a, zero);

/** Integers stay in 32 bits. */
const arithmetic =
  (operator: '+' | '-'): Spelling =>
  ([a, b], [type]) => {
    const result = binary(operator, a, b);
    return type === 'f32' ? result : type === 'u32' ? unsigned(result) : signed(result);
  };

const spellings: Record<ScalarOp, Spelling> = {
  add: arithmetic('+'),
  sub: arithmetic('-'),
  mul: ([a, b], [type]) => {
    if (type === 'f32') return binary('*', a, b);
    return type === 'u32' ? unsigned(call('Math.imul', a, b)) : call('Math.imul', a, b);
  },
  div: ([a, b], [type]) =>
    type === 'f32' ? binary('/', a, b) : (type === 'u32' ? unsigned : signed)(binary('/', a, b)),
  neg: ([a], [type]) => (type === 'f32' ? negative(a) : (type === 'u32' ? unsigned : signed)(negative(a))),
  abs: named('Math.abs'),
  floor: named('Math.floor'),
  ceil: named('Math.ceil'),
  round: named('roundEven'),
  sqrt: named('Math.sqrt'),
  exp: named('Math.exp'),
  log: named('Math.log'),
  log1p: named('Math.log1p'),
  expm1: named('Math.expm1'),
  sin: named('Math.sin'),
  cos: named('Math.cos'),
  tanh: named('Math.tanh'),
  erf: named('erf'),
  pow: named('Math.pow'),
  min: named('Math.min'),
  max: named('Math.max'),
  lt: infix('<'),
  le: infix('<='),
  eq: infix('==='),
  and: infix('&&'),
  or: infix('||'),
  not: ([a]) => not(a),
  any: ([a]) => a,
  xor: ([a, b], [type]) => {
    if (type === 'bool') return binary('!==', a, b);
    return type === 'u32' ? unsigned(binary('^', a, b)) : binary('^', a, b);
  },
  shl: ([a, b], [type]) => (type === 'u32' ? unsigned(binary('<<', a, b)) : binary('<<', a, b)),
  shr: ([a, b], [type]) => binary(type === 'u32' ? '>>>' : '>>', a, b),
  f32: ([a], [type]) => (type === 'bool' ? conditional(a, primary('1'), zero) : a),
  i32: ([a], [type]) => (type === 'bool' ? conditional(a, primary('1'), zero) : type === 'i32' ? a : signed(a)),
  u32: ([a], [type]) => (type === 'bool' ? conditional(a, primary('1'), zero) : type === 'u32' ? a : unsigned(a)),
  floatBits: named('floatBits'),
  bitsFloat: named('bitsFloat'),
  single: named('Math.fround'),
  select: ([condition, yes, no]) => conditional(condition, yes, no),
  pack: () => {
    throw new Error('a kernel for TypeScript holds lanes');
  },
};

/** Names that a kernel's own must not hide. */
export const scalarFunctions: readonly string[] = ['erf', 'roundEven', 'floatBits', 'bitsFloat'];

/** One value, read by a kernel that calls things by `names`. */
export function printScalar(value: Scalar, names: KernelNames): Expression {
  switch (value.kind) {
    case 'number':
      return printNumber(value.value, value.type);
    case 'index':
      return printAddress(value.of, names);
    case 'load':
      return primary(`${names.buffer(value.from)}[${printAddress(value.at, names).text}]`);
    case 'local':
      return primary(names.local(value.name));
    case 'apply': {
      const [a, b] = value.args;
      // !(a === b)
      if (value.op === 'not' && a.kind === 'apply' && a.op === 'eq')
        return binary('!==', printScalar(a.args[0], names), printScalar(a.args[1], names));
      if (value.op === 'add' && value.type === 'f32' && b.kind === 'apply' && b.op === 'neg')
        return binary('-', printScalar(a, names), printScalar(b.args[0], names));
      return spellings[value.op](
        value.args.map((arg) => printScalar(arg, names)),
        value.args.map((arg) => arg.type),
      );
    }
    case 'fold':
    case 'splat':
    case 'lane':
      throw new Error(`a kernel for TypeScript holds a ${value.kind}`);
    default:
      return value satisfies never;
  }
}

/** An address or a bound within a kernel. */
export function printAddress(index: Index, names: KernelNames): Expression {
  return printIndex(
    index,
    partsIn(names, (value) => printScalar(value, names)),
  );
}

function printNumber(value: number, type: ScalarType): Expression {
  if (type === 'bool') return primary(value ? 'true' : 'false');
  return primary(Object.is(value, -0) ? '-0' : String(value));
}
