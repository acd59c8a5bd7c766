// Scalar expressions as WGSL: one spelling for each instruction, guarded where the language promises less than we do. Values of
// lanes are vectors of four, to which the same spellings apply.
import type { Axis, Index } from '../../ir/index.js';
import { isLanes, type Buffer, type Scalar, type ScalarOp, type ScalarType } from '../../ir/scalar.js';
import { binary, call, infix, named, negative, not, primary, type Expression } from '../text/expression.js';
import { partsIn } from '../text/addresses.js';
import { printIndex } from './addresses.js';
import { ofVectors } from './functions.js';

/** How the kernel calls what its expressions mention. */
export interface KernelNames {
  size(name: string): string;
  axis(axis: Axis): string;
  local(name: string): string;
  /** An element of a buffer. */
  element(buffer: Buffer, at: Index): string;
  /** Four neighbouring elements from a multiple of four. */
  vector(buffer: Buffer, at: Index): string;
}

/** What instructions are spelled for: values of these types, in lanes or not. */
interface Operands {
  readonly types: readonly ScalarType[];
  readonly lanes: boolean;
}

type Spelling = (args: readonly Expression[], operands: Operands) => Expression;

/** One of our functions, which are of single numbers: beside each stands one of vectors. */
const ours =
  (name: string): Spelling =>
  (args, { lanes }) =>
    call(lanes ? `${name}${ofVectors}` : name, ...args);
/** Comparisons do not chain. */
const equality =
  (operator: '==' | '!='): Spelling =>
  ([a, b]) =>
    binary(operator, inParentheses(a), inParentheses(b));
/** Vectors of truths take all their parts. */
const logical =
  (operator: '&&' | '||'): Spelling =>
  ([a, b], { lanes }) =>
    lanes ? primary(`(${inParentheses(a).text} ${operator[0]} ${inParentheses(b).text})`) : binary(operator, a, b);
/** Of truths, the largest is whether there is one. */
const extreme =
  (name: 'min' | 'max', ofTruths: '&&' | '||'): Spelling =>
  (args, operands) =>
    operands.types[0] === 'bool' ? logical(ofTruths)(args, operands) : call(name, ...args);
const shift =
  (operator: '<<' | '>>'): Spelling =>
  ([a, b], { types: [, type], lanes }) =>
    binary(operator, a, lanes ? call('vec4<u32>', b) : type === 'u32' ? b : call('u32', b));
const conversion =
  (to: 'f32' | 'i32' | 'u32'): Spelling =>
  ([a], { types: [type], lanes }) =>
    type === to ? a : call(lanes ? `vec4<${to}>` : to, a);
const reinterpreted =
  (to: 'f32' | 'u32'): Spelling =>
  (args, { lanes }) =>
    call(`bitcast<${lanes ? `vec4<${to}>` : to}>`, ...args);

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
  exp: ours('exponential'),
  log: ours('naturalLogarithm'),
  log1p: ours('logOfOnePlus'),
  expm1: ours('expMinusOne'),
  sin: ours('sine'),
  cos: ours('cosine'),
  tanh: ours('hyperbolicTangent'),
  erf: ours('errorFunction'),
  pow: ours('power'),
  min: extreme('min', '&&'),
  max: extreme('max', '||'),
  lt: infix('<'),
  le: infix('<='),
  // Compilers may take x == x for true.
  eq: (args, operands) =>
    operands.types[0] === 'f32' && args[0].text === args[1].text
      ? not(ours('isNotANumber')([args[0]], operands))
      : equality('==')(args, operands),
  and: logical('&&'),
  or: logical('||'),
  not: ([a]) => not(a),
  any: ([a]) => a,
  xor: (args, operands) => (operands.types[0] === 'bool' ? equality('!=') : infix('^'))(args, operands),
  shl: shift('<<'),
  shr: shift('>>'),
  f32: conversion('f32'),
  i32: conversion('i32'),
  u32: conversion('u32'),
  floatBits: reinterpreted('u32'),
  bitsFloat: reinterpreted('f32'),
  single: ([a]) => a,
  // Both arms are evaluated: loads out of range give some number, which is not chosen.
  select: ([condition, yes, no]) => call('select', no, yes, condition),
  pack: (args, { types: [type] }) => call(`vec4<${type}>`, ...args),
};

function inParentheses(a: Expression): Expression {
  return a.level <= 9 ? primary(`(${a.text})`) : a;
}

/** Arithmetic takes a number beside a vector. */
const mixed: ReadonlySet<ScalarOp> = new Set(['add', 'sub', 'mul', 'div']);

/** One value, read by a kernel that calls things by `names`. */
export function printScalar(value: Scalar, names: KernelNames): Expression {
  switch (value.kind) {
    case 'number':
      return printNumber(value.value, value.type);
    case 'index': {
      const first = printAddress(value.of, names);
      return value.lanes ? binary('+', call('vec4<i32>', first), primary('vec4<i32>(0, 1, 2, 3)')) : first;
    }
    case 'load':
      return printLoad(value, names);
    case 'local':
      return primary(names.local(value.name));
    case 'apply': {
      const lanes = isLanes(value);
      const argument = (arg: Scalar): Expression =>
        printScalar(mixed.has(value.op) && arg.kind === 'splat' && value.args.some(isVector) ? arg.of : arg, names);
      const [a, b] = value.args;
      if (value.op === 'add' && value.type === 'f32' && b.kind === 'apply' && b.op === 'neg')
        return binary('-', argument(a), argument(b.args[0]));
      return spellings[value.op](value.args.map(argument), { types: value.args.map((arg) => arg.type), lanes });
    }
    case 'splat':
      return call(`vec4<${value.type}>`, printScalar(value.of, names));
    case 'lane':
      return primary(`${inParentheses(printScalar(value.of, names)).text}.${'xyzw'[value.at]}`);
    case 'fold':
      throw new Error(`a kernel for WGSL holds a ${value.kind}`);
    default:
      return value satisfies never;
  }
}

/** Halves are f32 from where they are loaded on. */
function printLoad({ from, at, lanes }: Scalar & { readonly kind: 'load' }, names: KernelNames): Expression {
  const text = primary(lanes ? names.vector(from, at) : names.element(from, at));
  return from.dtype === 'f16' ? call(lanes ? 'vec4<f32>' : 'f32', text) : text;
}

/** The half next to a value, for its place in memory. */
export function printHalf(value: Scalar, names: KernelNames): string {
  return call(isLanes(value) ? `nearestHalf${ofVectors}` : 'nearestHalf', printScalar(value, names)).text;
}

function isVector(value: Scalar): boolean {
  return isLanes(value) && value.kind !== 'splat';
}

/** An address or a bound within a kernel. */
export function printAddress(index: Index, names: KernelNames): Expression {
  return printIndex(
    index,
    partsIn(names, (value) => printScalar(value, names)),
  );
}

/** Literals have no infinity, and what has no point is an integer. */
export function printNumber(value: number, type: ScalarType): Expression {
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
