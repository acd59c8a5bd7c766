// Scalar expressions on the stack machine, four lanes where they have them; what a block uses twice is computed once.
import { isLanes, type Scalar } from '../../ir/scalar.js';
import { someOf } from '../../ir/walk.js';
import { emitAddress, emitIndex } from './addresses.js';
import { emitConstant } from './constants.js';
import { inFrame, keepValue, knownValue, takeLocal, usesOf, valueType, type Emission } from './emission.js';
import { loadHalf } from './halves.js';
import { spell } from './operations.js';

type Apply = Scalar & { kind: 'apply' };

/** Puts the value on the stack: one number, or a vector where it has lanes. */
export function emitScalar(e: Emission, value: Scalar): void {
  if (value.kind === 'number') return emitNumber(e, value);
  if (value.kind === 'local') return e.code.get(letOf(e, value.name));
  const known = knownValue(e, value);
  if (known !== undefined) return e.code.get(known);
  emitParts(e, value);
  if (usesOf(e, value) > 1) keepValue(e, value);
}

/** Puts the value on the stack as a vector; one number fills all lanes. */
export function emitVector(e: Emission, value: Scalar): void {
  if (isLanes(value)) return emitScalar(e, value);
  if (value.kind === 'number') return emitConstant(e, value.type, [value.value, value.value, value.value, value.value]);
  if (
    value.kind === 'load' &&
    value.from.dtype !== 'f16' &&
    usesOf(e, value) <= 1 &&
    knownValue(e, value) === undefined
  )
    return e.code.memory('v128.load32_splat', emitAddress(e, value.from, value.at));
  if (value.type === 'bool') e.code.i32(0);
  emitScalar(e, value);
  if (value.type === 'bool') e.code.op('i32.sub');
  e.code.op(value.type === 'f32' ? 'f32x4.splat' : 'i32x4.splat');
}

function letOf(e: Emission, name: string): number {
  const found = e.lets.get(name);
  if (!found) throw new Error(`${name} is read before it is set`);
  return found.local;
}

function emitParts(e: Emission, value: Exclude<Scalar, { kind: 'number' | 'local' }>): void {
  switch (value.kind) {
    case 'index':
      emitIndex(e, value.of);
      if (!value.lanes) return;
      e.code.op('i32x4.splat');
      emitConstant(e, 'i32', [0, 1, 2, 3]);
      return e.code.op('i32x4.add');
    case 'load': {
      const offset = emitAddress(e, value.from, value.at);
      if (value.from.dtype === 'f16') return loadHalf(e, offset, value.lanes !== undefined);
      return e.code.memory(value.lanes ? 'v128.load' : value.type === 'f32' ? 'f32.load' : 'i32.load', offset);
    }
    case 'apply':
      return emitApply(e, value);
    case 'splat':
      return emitVector(e, value.of);
    case 'lane': {
      emitVector(e, value.of);
      e.code.lane(value.type === 'f32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane', value.at);
      if (value.type !== 'bool') return;
      e.code.i32(1);
      return e.code.op('i32.and');
    }
    case 'fold':
      throw new Error('a fold must be lowered before it is emitted');
    default:
      return value satisfies never;
  }
}

function emitApply(e: Emission, value: Apply): void {
  const lanes = isLanes(value);
  if (emitFused(e, value) || emitMinMax(e, value)) return;
  const argument = value.args.at(-1);
  if (!argument) throw new Error(`${value.op} has no argument`);
  const spelling = spell(value.op, argument.type, lanes);
  if (spelling === 'structured') return emitStructured(e, value);
  for (const arg of value.args) (lanes ? emitVector : emitScalar)(e, arg);
  // Below 2^31 the signed conversion says the same; the unsigned one is many instructions.
  if (value.op === 'f32' && lanes && isHalved(argument)) e.code.op('f32x4.convert_i32x4_s');
  else e.code.op(...spelling);
}

function isHalved(value: Scalar): boolean {
  return value.kind === 'apply' && value.op === 'shr' && value.args[1].kind === 'number' && value.args[1].value >= 1;
}

/** The product that is one instruction with this sum or difference. */
export function fusedProduct(e: Emission, value: Apply): Apply | undefined {
  if (!e.relaxed || !isLanes(value) || value.type !== 'f32' || (value.op !== 'add' && value.op !== 'sub'))
    return undefined;
  const [a, b] = value.args;
  const isProduct = (x: Scalar): x is Apply =>
    x.kind === 'apply' && x.op === 'mul' && isLanes(x) && usesOf(e, x) <= 1 && knownValue(e, x) === undefined;
  return isProduct(b) ? b : value.op === 'add' && isProduct(a) ? a : undefined;
}

/** a·b + c and c - a·b as one instruction, rounded once where the machine can. */
function emitFused(e: Emission, value: Apply): boolean {
  const product = fusedProduct(e, value);
  if (!product) return false;
  const [a, b] = value.args;
  emitVector(e, product.args[0]);
  emitVector(e, product.args[1]);
  emitVector(e, product === b ? a : b);
  e.code.op(value.op === 'add' ? 'f32x4.relaxed_madd' : 'f32x4.relaxed_nmadd');
  return true;
}

/** With a number, the one-instruction forms keep a NaN of the other argument: pmax(a, b) is a < b ? b : a. */
function emitMinMax(e: Emission, value: Apply): boolean {
  if ((value.op !== 'min' && value.op !== 'max') || value.type !== 'f32' || !isLanes(value)) return false;
  const [a, b] = value.args;
  const isNumber = (x: Scalar): boolean =>
    (x.kind === 'number' || (x.kind === 'splat' && x.of.kind === 'number')) && !x.key.includes('NaN');
  if (!isNumber(a) && !isNumber(b)) return false;
  emitVector(e, isNumber(b) ? a : b);
  emitVector(e, isNumber(b) ? b : a);
  e.code.op(value.op === 'min' ? 'f32x4.pmin' : 'f32x4.pmax');
  return true;
}

/** Instructions that need more than their arguments in a row. */
function emitStructured(e: Emission, value: Apply): void {
  const [a, b] = value.args;
  switch (value.op) {
    case 'select':
      return emitSelect(e, value);
    case 'pack':
      return emitPack(e, value);
    case 'any':
      emitScalar(e, a);
      return isLanes(a) ? e.code.op('v128.any_true') : undefined;
    case 'shl':
    case 'shr': {
      if (isLanes(b)) throw new Error('all lanes are shifted by the same number of places');
      emitScalar(e, a);
      emitScalar(e, b);
      const right = value.type === 'u32' ? 'shr_u' : 'shr_s';
      return e.code.op(`${isLanes(value) ? 'i32x4' : 'i32'}.${value.op === 'shl' ? 'shl' : right}`);
    }
    case 'and':
    case 'or': {
      // The second argument may load what exists only where the first decides so.
      if (!someOf(b, (part) => part.kind === 'load')) {
        emitScalar(e, a);
        emitScalar(e, b);
        return e.code.op(value.op === 'and' ? 'i32.and' : 'i32.or');
      }
      emitScalar(e, a);
      e.code.open('if', 'i32');
      if (value.op === 'and') inFrame(e, { block: false }, () => emitScalar(e, b));
      else e.code.i32(1);
      e.code.op('else');
      if (value.op === 'and') e.code.i32(0);
      else inFrame(e, { block: false }, () => emitScalar(e, b));
      return e.code.op('end');
    }
    case 'neg':
      e.code.i32(0);
      emitScalar(e, a);
      return e.code.op('i32.sub');
    case 'abs': {
      const again = emitHeld(e, a);
      e.code.i32(0);
      again();
      e.code.op('i32.sub');
      again();
      e.code.i32(0);
      return e.code.op('i32.ge_s', 'select');
    }
    case 'min':
    case 'max': {
      const again = [emitHeld(e, a), emitHeld(e, b)];
      for (const emit of again) emit();
      const sign = value.type === 'u32' ? 'u' : 's';
      return e.code.op(`i32.${value.op === 'min' ? 'lt' : 'gt'}_${sign}`, 'select');
    }
    default:
      throw new Error(`${value.op} is not written by hand`);
  }
}

/** Puts an integer on the stack; what it returns puts it there again. A chain of minima would else be written twice at each of its links. */
function emitHeld(e: Emission, value: Scalar): () => void {
  emitScalar(e, value);
  if (value.kind === 'number' || value.kind === 'local') return () => emitScalar(e, value);
  const local = takeLocal(e, 'i32');
  e.code.tee(local);
  return () => e.code.get(local);
}

/** The first in all lanes, then the others where they differ from it. */
function emitPack(e: Emission, { args, type }: Apply): void {
  const [first, ...others] = args;
  emitVector(e, first);
  others.forEach((arg, i) => {
    if (arg.key === first.key) return;
    emitScalar(e, arg);
    e.code.lane(type === 'f32' ? 'f32x4.replace_lane' : 'i32x4.replace_lane', i + 1);
  });
}

/** Lanes choose by their mask. One condition chooses by branching where an arm loads or takes long, else without. */
function emitSelect(e: Emission, value: Apply): void {
  const [condition, then, otherwise] = value.args;
  const lanes = isLanes(value);
  const emit = lanes ? emitVector : emitScalar;
  if (isLanes(condition)) {
    emit(e, then);
    emit(e, otherwise);
    emitScalar(e, condition);
    return e.code.op('v128.bitselect');
  }
  const asked = condition.kind === 'apply' && condition.op === 'any';
  if (!asked && !isDear(e, then) && !isDear(e, otherwise)) {
    emit(e, then);
    emit(e, otherwise);
    emitScalar(e, condition);
    return e.code.op('select');
  }
  emitScalar(e, condition);
  e.code.open('if', valueType(value));
  inFrame(e, { block: false }, () => emit(e, then));
  e.code.op('else');
  inFrame(e, { block: false }, () => emit(e, otherwise));
  e.code.op('end');
}

function isDear(e: Emission, value: Scalar): boolean {
  return (
    knownValue(e, value) === undefined &&
    someOf(
      value,
      (part) => part.kind === 'load' || (part.kind === 'apply' && (part.op === 'div' || part.op === 'sqrt')),
    )
  );
}

function emitNumber(e: Emission, value: Scalar & { kind: 'number' }): void {
  if (value.type === 'f32') return e.code.f32(value.value);
  if (!Number.isInteger(value.value)) throw new Error(`${value.value} is no integer`);
  e.code.i32(value.value);
}
