// Scalar expressions as WGSL: one spelling for each instruction, guarded where the language promises less than we do.
import type { Atom, Index } from '../../ir/index.js';
import type { Buffer, Scalar, ScalarOp, ScalarType } from '../../ir/scalar.js';
import { binary, call, negative, not, primary, type Expression, type Infix } from '../typescript/expression.js';
import { printIndex } from './addresses.js';

/** How the kernel calls what its expressions mention. */
export interface KernelNames {
  size(name: string): string;
  axis(axis: Extract<Atom, { kind: 'axis' }>): string;
  local(name: string): string;
  /** An element of a buffer. */
  element(buffer: Buffer, at: Index): string;
}

type Spelling = (args: readonly Expression[], types: readonly ScalarType[]) => Expression;

const infix =
  (operator: Infix): Spelling =>
  ([a, b]) =>
    binary(operator, a, b);
const named =
  (name: string): Spelling =>
  (args) =>
    call(name, ...args);
/** Comparisons do not chain. */
const equality =
  (operator: '==' | '!='): Spelling =>
  ([a, b]) =>
    binary(operator, inParentheses(a), inParentheses(b));
/** Of truths, the largest is whether there is one. */
const extreme =
  (name: 'min' | 'max', ofTruths: Infix): Spelling =>
  ([a, b], [type]) =>
    type === 'bool' ? binary(ofTruths, a, b) : call(name, a, b);
const shift =
  (operator: '<<' | '>>'): Spelling =>
  ([a, b], [, type]) =>
    binary(operator, a, type === 'u32' ? b : call('u32', b));

const spellings: Record<ScalarOp, Spelling> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  neg: ([a]) => negative(a),
  abs: named('abs'),
  floor: named('floor'),
  ceil: named('ceil'),
  round: named('round'),
  sqrt: named('sqrt'),
  exp: named('exponential'),
  log: named('naturalLogarithm'),
  log1p: named('logOfOnePlus'),
  expm1: named('expMinusOne'),
  sin: named('sine'),
  cos: named('cosine'),
  tanh: named('hyperbolicTangent'),
  erf: named('errorFunction'),
  pow: named('power'),
  min: extreme('min', '&&'),
  max: extreme('max', '||'),
  lt: infix('<'),
  le: infix('<='),
  // Compilers may take x == x for true.
  eq: (args, types) =>
    types[0] === 'f32' && args[0].text === args[1].text
      ? not(call('isNotANumber', args[0]))
      : equality('==')(args, types),
  and: infix('&&'),
  or: infix('||'),
  not: ([a]) => not(a),
  xor: (args, types) => (types[0] === 'bool' ? equality('!=')(args, types) : infix('^')(args, types)),
  shl: shift('<<'),
  shr: shift('>>'),
  f32: ([a], [type]) => (type === 'f32' ? a : call('f32', a)),
  i32: ([a], [type]) => (type === 'i32' ? a : call('i32', a)),
  u32: ([a], [type]) => (type === 'u32' ? a : call('u32', a)),
  floatBits: named('bitcast<u32>'),
  bitsFloat: named('bitcast<f32>'),
  // Both arms are evaluated: loads out of range give some number, which is not chosen.
  select: ([condition, yes, no]) => call('select', no, yes, condition),
};

function inParentheses(a: Expression): Expression {
  return a.level <= 9 ? primary(`(${a.text})`) : a;
}

/** One value, read by a kernel that calls things by `names`. */
export function printScalar(value: Scalar, names: KernelNames): Expression {
  switch (value.kind) {
    case 'number':
      return printNumber(value.value, value.type);
    case 'index':
      return printAddress(value.of, names);
    case 'load':
      return primary(names.element(value.from, value.at));
    case 'local':
      return primary(names.local(value.name));
    case 'apply': {
      const [a, b] = value.args;
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
      throw new Error(`a kernel for WGSL holds a ${value.kind}`);
    default:
      return value satisfies never;
  }
}

/** An address or a bound within a kernel. */
export function printAddress(index: Index, names: KernelNames): Expression {
  return printIndex(index, (part) => {
    switch (part.kind) {
      case 'size':
        return primary(names.size(part.name));
      case 'axis':
        return primary(names.axis(part));
      case 'element':
        return printScalar(part.of, names);
      default:
        return part satisfies never;
    }
  });
}

/** Literals have no infinity, and what has no point is an integer. */
function printNumber(value: number, type: ScalarType): Expression {
  switch (type) {
    case 'bool':
      return primary(value > 0 ? 'true' : 'false');
    case 'i32':
      return primary(String(value));
    case 'u32':
      return primary(`${value >>> 0}u`);
    case 'f32': {
      const rounded = Math.fround(value);
      if (Number.isNaN(rounded)) return call('notANumber');
      if (!Number.isFinite(rounded)) return rounded > 0 ? call('infinity') : negative(call('infinity'));
      const text = Object.is(value, -0) ? '-0' : String(value);
      return primary(/[.e]/.test(text) ? text : `${text}.0`);
    }
    default:
      return type satisfies never;
  }
}
