// Halves in memory: widened to f32 where they are loaded, rounded to the nearest even where they are stored, by integer arithmetic.
import { isLanes, type Scalar } from '../../ir/scalar.js';
import type { ValueType } from './code.js';
import { emitConstant } from './constants.js';
import type { Emission } from './emission.js';

/** All of a number but its sign, and its exponent, in the bits of an f32. */
const signBit = 0x80000000 | 0;
const exponent = 0x7f800000;
/** The largest half that is a number. */
const largestHalf = 0x7bff;
/** The exponent of the smallest normal half as that of an f32. */
const smallestNormal = 0x38800000;

/** What the exponent of a half lacks to be that of an f32. */
const rebias = 112 << 23;
/** 2^-14 in bits. */
const leastBits = 113 << 23;

/**
 * Loads from the address on the stack. The bits below the sign go to where an f32 has them, and the exponent grows; a number that is not
 * normal is made one by 2^-14, which is taken away again, since processors are slow with those of f32. Beyond the largest half all bits of
 * the exponent are set.
 */
export function loadHalf(e: Emission, offset: number, lanes: boolean): void {
  const { code } = e;
  if (lanes) {
    code.memory('v128.load16x4_s', offset);
    return widenLanes(e);
  }
  const [half, magnitude, tiny] = scratch(e, 'i32', 'i32', 'i32');
  code.memory('i32.load16_s', offset);
  code.tee(half);
  code.i32(0x7fff);
  code.op('i32.and');
  code.tee(magnitude);
  code.i32(13);
  code.op('i32.shl');
  code.i32(rebias);
  code.op('i32.add');
  code.get(magnitude);
  code.i32(0x400);
  code.op('i32.sub');
  code.i32(31);
  code.op('i32.shr_s');
  code.tee(tiny);
  code.i32(23);
  code.op('i32.shl', 'i32.sub', 'f32.reinterpret_i32');
  code.get(tiny);
  code.i32(leastBits);
  code.op('i32.and', 'f32.reinterpret_i32', 'f32.sub', 'i32.reinterpret_f32');
  code.i32(largestHalf);
  code.get(magnitude);
  code.op('i32.sub');
  code.i32(31);
  code.op('i32.shr_s');
  code.i32(exponent);
  code.op('i32.and', 'i32.or');
  code.get(half);
  code.i32(signBit);
  code.op('i32.and', 'i32.or', 'f32.reinterpret_i32');
}

function widenLanes(e: Emission): void {
  const { code } = e;
  const [half, magnitude, tiny] = scratch(e, 'v128', 'v128', 'v128');
  code.tee(half);
  all(e, 0x7fff);
  code.op('v128.and');
  code.tee(magnitude);
  code.i32(13);
  code.op('i32x4.shl');
  all(e, rebias);
  code.op('i32x4.add');
  code.get(magnitude);
  all(e, 0x400);
  code.op('i32x4.lt_s');
  code.tee(tiny);
  code.i32(23);
  code.op('i32x4.shl', 'i32x4.sub');
  code.get(tiny);
  all(e, leastBits);
  code.op('v128.and', 'f32x4.sub');
  code.get(magnitude);
  all(e, largestHalf);
  code.op('i32x4.gt_s');
  all(e, exponent);
  code.op('v128.and', 'v128.or');
  code.get(half);
  all(e, signBit);
  code.op('v128.and', 'v128.or');
}

/**
 * Stores the value on the stack at the address below it. What is added to the number is so large that the last bit of the sum is the last
 * one of the half: so the sum is rounded as the half is to be.
 */
export function storeHalf(e: Emission, offset: number, value: Scalar): void {
  if (isLanes(value)) return storeLanes(e, offset);
  const { code } = e;
  const [number, magnitude, bits] = scratch(e, 'f32', 'f32', 'i32');
  code.tee(number);
  code.op('f32.abs');
  code.tee(magnitude);
  code.f32(2 ** 112);
  code.op('f32.mul');
  code.f32(2 ** -110);
  code.op('f32.mul');
  code.get(magnitude);
  code.op('i32.reinterpret_f32');
  code.i32(exponent);
  code.op('i32.and', 'f32.reinterpret_i32');
  code.f32(2 ** -14);
  code.op('f32.max', 'i32.reinterpret_f32');
  code.i32(0x07800000);
  code.op('i32.add', 'f32.reinterpret_i32', 'f32.add', 'i32.reinterpret_f32');
  code.tee(bits);
  code.i32(13);
  code.op('i32.shr_u');
  code.i32(0x7c00);
  code.op('i32.and');
  code.get(bits);
  code.i32(0xfff);
  code.op('i32.and', 'i32.add');
  code.i32(0x7e00);
  code.get(number);
  code.get(number);
  code.op('f32.eq', 'select');
  code.get(number);
  code.op('i32.reinterpret_f32');
  code.i32(16);
  code.op('i32.shr_u');
  code.i32(0x8000);
  code.op('i32.and', 'i32.or');
  code.memory('i32.store16', offset);
}

function storeLanes(e: Emission, offset: number): void {
  const { code } = e;
  const [number, magnitude, bits] = scratch(e, 'v128', 'v128', 'v128');
  code.set(number);
  all(e, 0x7e00);
  code.get(number);
  code.op('f32x4.abs');
  code.tee(magnitude);
  allFloats(e, 2 ** 112);
  code.op('f32x4.mul');
  allFloats(e, 2 ** -110);
  code.op('f32x4.mul');
  code.get(magnitude);
  all(e, exponent);
  code.op('v128.and');
  all(e, smallestNormal);
  code.op('i32x4.max_s');
  all(e, 0x07800000);
  code.op('i32x4.add', 'f32x4.add');
  code.tee(bits);
  code.i32(13);
  code.op('i32x4.shr_u');
  all(e, 0x7c00);
  code.op('v128.and');
  code.get(bits);
  all(e, 0xfff);
  code.op('v128.and', 'i32x4.add');
  // All bits where it is no number.
  code.get(magnitude);
  all(e, exponent);
  code.op('i32x4.gt_s', 'v128.bitselect');
  code.get(number);
  code.i32(16);
  code.op('i32x4.shr_u');
  all(e, 0x8000);
  code.op('v128.and', 'v128.or');
  code.tee(bits);
  code.get(bits);
  code.op('i16x8.narrow_i32x4_u');
  code.laneMemory('v128.store64_lane', offset, 0);
}

function all(e: Emission, bits: number): void {
  emitConstant(e, 'i32', [bits, bits, bits, bits]);
}

function allFloats(e: Emission, value: number): void {
  emitConstant(e, 'f32', [value, value, value, value]);
}

/** Locals for a few instructions in a row: every half has the same. */
function scratch(e: Emission, ...types: readonly ValueType[]): number[] {
  return types.map((type, i) => {
    const key = `${i} ${type}`;
    const known = e.scratch.get(key) ?? e.code.local(type);
    e.scratch.set(key, known);
    return known;
  });
}
