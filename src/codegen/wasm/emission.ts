// What is known while one function is written: where integers, lets and values already computed lie.
import type { Axis, Index } from '../../ir/index.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import { isLanes } from '../../ir/scalar.js';
import { someOf } from '../../ir/walk.js';
import { createCode, type Code, type ValueType } from './code.js';

export interface Emission {
  readonly code: Code;
  /** Where buffers begin, in 4-byte words. */
  readonly offsets: ReadonlyMap<Buffer, Index>;
  /** Fused multiply-add where the machine has it. */
  readonly relaxed: boolean;
  readonly sizes: Map<string, number>;
  readonly axes: Map<Axis, number>;
  readonly lets: Map<string, { readonly local: number; readonly type: ValueType }>;
  /** Innermost last. */
  readonly frames: Frame[];
  /** Locals that no frame holds. */
  readonly free: Record<ValueType, number[]>;
  /** Vectors of numbers, set before all other code. */
  readonly constants: Map<string, number>;
  /** Locals that hold nothing from one value to the next. */
  readonly scratch: Map<string, number>;
  /** Of the loops around, innermost last. They are never negative. */
  readonly counters: number[];
  /** How many fences there are. */
  fences: number;
  /** How many blocks are open where fences go; without it they leave the function. */
  fenceTo?: number;
  /** A round of an innermost loop that is written for coordinates of its axis further on. */
  ahead?: { readonly axis: Axis; readonly by: number };
}

/** What a stretch of code has computed and may use again. */
interface Frame {
  /** Byte addresses by the key of their variable part: they hold as long as the frame is open. */
  readonly addresses: Map<string, number>;
  /** The same for whole addresses, by variable part and offset. */
  readonly near: Map<string, Near>;
  readonly values: Map<string, Known>;
  /** How often the statements of the block use each value. */
  readonly uses: ReadonlyMap<string, number>;
  /** Values of frames further out do not count inside: a loop may have changed what they read. */
  readonly block: boolean;
  readonly locals: [ValueType, number][];
}

/** A pointer that stands for an address with an offset of its own. */
export interface Near {
  readonly local: number;
  readonly base: number;
}

interface Known {
  readonly local: number;
  readonly of: Scalar;
}

/** A function's state; parameters are the sizes, then the axes. */
export function createEmission(
  offsets: ReadonlyMap<Buffer, Index>,
  relaxed: boolean,
  sizes: readonly string[],
  axes: readonly Axis[],
): Emission {
  const sizeLocals = new Map(sizes.map((name, i) => [name, i]));
  return {
    code: createCode(sizes.length + axes.length),
    offsets,
    relaxed,
    sizes: sizeLocals,
    axes: new Map(axes.map((axis, i) => [axis, sizes.length + i])),
    lets: new Map(),
    frames: [],
    free: { i32: [], f32: [], v128: [] },
    constants: new Map(),
    scratch: new Map(),
    counters: [],
    fences: 0,
  };
}

/** Runs `write` in a frame of its own; what it computes is forgotten afterwards and its locals are free again. */
export function inFrame(
  e: Emission,
  options: { readonly block: boolean; readonly uses?: ReadonlyMap<string, number> },
  write: () => void,
): void {
  const uses = options.uses ?? e.frames.at(-1)?.uses ?? new Map<string, number>();
  e.frames.push({ addresses: new Map(), near: new Map(), values: new Map(), uses, block: options.block, locals: [] });
  write();
  for (const [type, local] of e.frames.pop()?.locals ?? []) e.free[type].push(local);
}

/** A local that is free again when the innermost frame closes. */
export function takeLocal(e: Emission, type: ValueType): number {
  const local = e.free[type].pop() ?? e.code.local(type);
  innermost(e).locals.push([type, local]);
  return local;
}

export function usesOf(e: Emission, value: Scalar): number {
  return innermost(e).uses.get(value.key) ?? 1;
}

export function knownValue(e: Emission, value: Scalar): number | undefined {
  for (let i = e.frames.length - 1; i >= 0; i--) {
    const found = e.frames[i].values.get(value.key);
    if (found) return found.local;
    if (e.frames[i].block) return undefined;
  }
  return undefined;
}

/** The value on the stack stays there and is kept for later. */
export function keepValue(e: Emission, value: Scalar): void {
  e.code.tee(localOf(e, value));
}

/** Takes the value from the stack and keeps it for later. */
export function holdValue(e: Emission, value: Scalar): void {
  e.code.set(localOf(e, value));
}

/** Where the value is from now on. */
function localOf(e: Emission, value: Scalar): number {
  const local = takeLocal(e, valueType(value));
  innermost(e).values.set(value.key, { local, of: value });
  return local;
}

/** Forgets the values that the change may have touched. */
export function forget(e: Emission, changed: (part: Scalar) => boolean): void {
  for (const frame of e.frames)
    for (const [key, { of }] of frame.values) if (someOf(of, changed, new Set())) frame.values.delete(key);
}

export function forgetValues(e: Emission): void {
  for (const frame of e.frames) frame.values.clear();
}

export function knownAddress(e: Emission, key: string): number | undefined {
  for (let i = e.frames.length - 1; i >= 0; i--) {
    const found = e.frames[i].addresses.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A pointer near the address of this variable part and offset, and what offset it stands for itself. */
export function knownNear(e: Emission, key: string, offset: number): Near | undefined {
  for (let i = e.frames.length - 1; i >= 0; i--) {
    const found = e.frames[i].near.get(`${key} ${offset}`);
    if (found) return found;
  }
  return undefined;
}

export function keepNear(e: Emission, key: string, offset: number, near: Near): void {
  innermost(e).near.set(`${key} ${offset}`, near);
}

export function keepAddress(e: Emission, key: string, local: number): void {
  innermost(e).addresses.set(key, local);
}

/** The type of local that holds a value. Truths are i32 0 and 1, in lanes all bits of a lane. */
export function valueType(value: Scalar): ValueType {
  return isLanes(value) ? 'v128' : value.type === 'f32' ? 'f32' : 'i32';
}

function innermost(e: Emission): Frame {
  const frame = e.frames.at(-1);
  if (!frame) throw new Error('code is written in a frame');
  return frame;
}
