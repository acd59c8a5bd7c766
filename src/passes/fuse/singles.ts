// What is f32 wherever it is read, on a target that computes in double precision and rounds what it stores.
import type { Node } from '../../ir/graph.js';
import { rangeOf } from '../../ir/index.js';
import type { Provenance } from '../../ir/program.js';
import { apply, number, type Scalar, type ScalarOp } from '../../ir/scalar.js';

/** What is f32 wherever it is read. */
export interface Singles {
  has(node: Node): boolean;
  /** The same for one reader: a number is as it is written for optimizers, and rounded for whatever compares it. */
  isSingle(node: Node, reader: Node): boolean;
}

/** Ops whose results jump where their operands change by next to nothing. */
const comparing: ReadonlySet<string> = new Set([
  ...['less', 'lessEqual', 'equalTo', 'maximum', 'minimum', 'reduceMax', 'reduceMin'],
  ...['floor', 'ceil', 'round', 'sign'],
]);

/** Ops that give what they are given, up to a sign. */
const passing: ReadonlySet<string> = new Set([
  ...['select', 'maximum', 'minimum', 'reduceMax', 'reduceMin', 'neg', 'abs', 'stopGradient', 'again'],
  ...['broadcast', 'reshape', 'permute', 'slice', 'spreadOut', 'pad', 'concat', 'takeAlong', 'gather'],
]);

/** Ops of which f32 arithmetic gives the nearest f32, as rounding a double does. */
const arithmetic: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'sqrt']);

/**
 * What is compared is computed in f32 step by step, back to what is stored, summed up or made by exp and the like: so values that tie
 * in f32 (`3 * 0.1` and 0.3) tie here too, and what was chosen from a value equals it, whichever of the two is stored. What select
 * chooses is f32 as well. Numbers of optimizers stay as they are written; so do probabilities of draws, but where they are compared.
 */
export function singlesOf(order: readonly Node[], phaseOf: (node: Node) => Provenance['phase']): Singles {
  const compared = new Set<Node>();
  const chosen = new Set<Node>();
  const open: (readonly [Node, Set<Node>])[] = [];
  const add = (inputs: readonly Node[], to: Set<Node>): void => {
    for (const input of inputs) if (input.type.element.kind === 'f32') open.push([input, to]);
  };
  for (const node of order) {
    const isUpdate = phaseOf(node) === 'update';
    if (comparing.has(node.op.name)) {
      const isDrawn = node.inputs.some((input) => through(input).op.name === 'random');
      const inputs = node.inputs.filter((input) => !((isDrawn || isUpdate) && isConstant(input)));
      add(inputs, isUpdate ? chosen : compared);
    }
    // Cotangents pass through select as well: nothing compares them.
    if (node.op.name === 'select' && phaseOf(node) === 'forward') add(node.inputs, chosen);
  }
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, to] = next;
    if (to.has(node) || compared.has(node)) continue;
    to.add(node);
    if (passing.has(node.op.name)) add(node.inputs, to);
    else if (to === compared && arithmetic.has(node.op.name)) add(node.inputs.filter(isReproduced), to);
  }
  const has = (node: Node): boolean => compared.has(node) || chosen.has(node);
  return {
    has,
    isSingle(node, reader) {
      if (!isConstant(node)) return has(node);
      if (isConstant(reader) || phaseOf(reader) === 'update') return false;
      return has(node) || comparing.has(reader.op.name);
    },
  };
}

/** In f32, do all targets make the same of it from the same operands? Contractions add up in different orders. */
function isReproduced({ op: { name } }: Node): boolean {
  return arithmetic.has(name) || passing.has(name) || ['constant', 'size', 'toF32', 'sum', 'prod'].includes(name);
}

/** The same number everywhere, known while compiling. */
function isConstant(node: Node): boolean {
  return through(node).op.name === 'constant';
}

function through(node: Node): Node {
  let at = node;
  while (at.op.name === 'broadcast' || at.op.name === 'reshape') at = at.inputs[0];
  return at;
}

/**
 * The value as an f32. Nothing is to be done where it is one already; `loads`: what is loaded counts as that, although a buffer of one row
 * may become a let.
 */
export function single(value: Scalar, loads: boolean): Scalar {
  if (value.type !== 'f32' || isSingle(value, loads)) return value;
  return value.kind === 'number' ? number(Math.fround(value.value)) : apply('single', value);
}

/** The value as it is written into a store, which rounds by itself what it stores. */
export function asStored(value: Scalar): Scalar {
  if (value.kind !== 'apply' || value.type !== 'f32') return value;
  if (value.op === 'single') return asStored(value.args[0]);
  const first = value.op === 'select' ? 1 : 0;
  if (first === 0 && !['neg', 'abs', 'min', 'max'].includes(value.op)) return value;
  const args = value.args.map((arg, i) => (i < first ? arg : asStored(arg)));
  return args.every((arg, i) => arg === value.args[i]) ? value : apply(value.op, ...args);
}

function isSingle(value: Scalar, loads: boolean): boolean {
  const again = (part: Scalar): boolean => isSingle(part, loads);
  switch (value.kind) {
    case 'number':
      return Object.is(Math.fround(value.value), value.value);
    case 'load':
      return loads || value.from.space !== 'arena';
    case 'fold':
      return ((value.op === 'max' || value.op === 'min') && again(value.body)) || isSmallInteger(value);
    case 'apply':
      if (exact.has(value.op)) return value.args.every(again);
      if (value.op === 'select') return value.args.slice(1).every(again);
      return value.op === 'single' || value.op === 'bitsFloat' || isSmallInteger(value) || isDraw(value);
    case 'index':
    case 'local':
    case 'splat':
    case 'lane':
      return false;
    default:
      return value satisfies never;
  }
}

const exact: ReadonlySet<ScalarOp> = new Set(['neg', 'abs', 'min', 'max', 'floor', 'ceil', 'round']);

/** Integers up to here are f32. */
const largestInteger = 2 ** 24;

function isSmallInteger(value: Scalar): boolean {
  return magnitudeOf(value) <= largestInteger;
}

/** The largest magnitude that an integer can have; infinity for what is none, or where nothing bounds it. */
function magnitudeOf(value: Scalar): number {
  if (value.kind === 'number') return Number.isInteger(value.value) ? Math.abs(value.value) : Infinity;
  if (value.kind === 'index') {
    const { min, max } = rangeOf(value.of);
    return Math.max(Math.abs(min), Math.abs(max));
  }
  if (value.below !== undefined) return value.below;
  if (value.kind === 'fold' && value.op === 'add')
    return value.over.reduce((n, a) => n * rangeOf(a.extent).max, magnitudeOf(value.body));
  if (value.kind !== 'apply') return Infinity;
  const [a, b] = value.args;
  switch (value.op) {
    case 'f32':
      return a.type === 'bool' ? 1 : magnitudeOf(a);
    case 'shr':
      return a.type === 'u32' && b.kind === 'number' ? 2 ** (32 - b.value) - 1 : Infinity;
    case 'add':
    case 'sub':
      return magnitudeOf(a) + magnitudeOf(b);
    case 'neg':
      return magnitudeOf(a);
    default:
      return Infinity;
  }
}

/** A small integer times 2^-24: a random number. */
function isDraw({ op, args: [a, b] }: Extract<Scalar, { kind: 'apply' }>): boolean {
  return op === 'mul' && isSmallInteger(a) && b.kind === 'number' && b.value === 2 ** -24;
}
