// The sides of a contraction in a workgroup's memory: what each thread brings there, and what it reads of it.
import {
  add,
  axis as newAxis,
  constantOf,
  div,
  mod,
  mul,
  toIndex,
  type Atom,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import { apply, indexValue, lane, load, number, splat, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { inQuads } from '../../../ir/nest/quads.js';
import type { TileSide } from '../../../ir/nest/plans.js';
import { productOf } from '../../../ir/nest/contraction.js';
import { writeLets } from './lets.js';
import type { Indices } from './loops.js';
import { bindAxes } from './indices.js';
import { specialise } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

/** What a tile has of one side. */
export interface Staged {
  readonly side: TileSide;
  readonly buffer: Buffer;
  /** Threads along the side, and how many times four indices each of them has. */
  readonly threads: number;
  readonly quads: number;
  /** Indices of the side in a tile. */
  readonly count: number;
  /**
   * Numbers from one index of the fold to the next; or along the fold, from one slot to the next: an odd number of vectors, so that
   * neighbouring threads find theirs in different banks.
   */
  readonly pitch: number;
  /** A thread's indices are `threads` apart, each in the slot of its number; else four neighbours at a time, see `placeOf`. */
  readonly spread: boolean;
  /** All indices of the side, and those of all tiles, which reach over its end. */
  readonly extent: Index;
  readonly reach: Index;
  /** What an index of the side is called. */
  readonly name: string;
  /** The tile's first index. */
  readonly start: Index;
  /** The number of this thread along the side. */
  readonly own: Index;
}

/** The n-th of a thread's indices, within the tile. */
export function placeOf({ spread, threads, own }: Staged, n: number): Index {
  if (spread) return add(own, n * threads);
  return add(mul(own, 4), Math.floor(n / 4) * 4 * threads + (n % 4));
}

/** The index that lies in a slot of what is staged along the fold: threads find the n-th of their indices side by side. */
function placeIn({ spread, threads }: Staged, slot: Index): Index {
  if (spread) return slot;
  const quad = div(slot, toIndex(4 * threads));
  return add(mul(quad, 4 * threads), mul(mod(slot, toIndex(threads)), 4), mod(div(slot, toIndex(threads)), toIndex(4)));
}

/** A thread's indices at the four of the fold that `k` counts: as vectors of neighbouring indices, or as numbers. */
interface Read {
  vectors(at: number): Scalar[];
  numbers(at: number): Scalar[];
}

export function readStaged(
  writer: Writer,
  { side, buffer, threads, quads, pitch, own }: Staged,
  k: Axis,
  turned: boolean,
): Read {
  const read = (at: Index): Scalar =>
    writer.let(writer.depth, { base: buffer.name, numbered: true }, load(buffer, at, 4), turned || undefined);
  if (side.along === 'side') {
    const vectors = (at: number): Scalar[] =>
      range(quads).map((n) => {
        const value = load(buffer, add(mul(add(mul(toIndex(k), 4), at), pitch), mul(own, 4), n * 4 * threads), 4);
        return writer.let(writer.depth, { base: buffer.name, numbered: true }, value);
      });
    return { vectors, numbers: (at) => vectors(at).flatMap((v) => range(4).map((i) => lane(v, i))) };
  }
  const along = range(4 * quads).map((n) => read(add(mul(own, pitch), n * threads * pitch, mul(toIndex(k), 4))));
  if (turned)
    for (const n of range(quads)) {
      const [a, b, c, d] = along.slice(4 * n, 4 * n + 4).map((v) => (v.kind === 'local' ? v.name : ''));
      writer.push({ kind: 'transpose', names: [a, b, c, d] });
    }
  return {
    vectors: (at) => range(quads).map((n) => along[4 * n + at]),
    numbers: (at) => along.map((v) => lane(v, at)),
  };
}

interface FoldBlock {
  readonly depth: number;
  readonly order: readonly Axis[];
  readonly extent: Index;
  readonly start: Index;
}

/** Each thread stages some vectors of the block: what lies outside of the sides counts as 0. */
export function writeStage(
  writer: Writer,
  staged: Staged,
  fold: FoldBlock,
  thread: Axis,
  outer: ReadonlyMap<Axis, Indices>,
): void {
  const { side, count, pitch } = staged;
  const threads = constantOf(thread.extent) ?? 1;
  const total = (count * fold.depth) / 4;
  const inside = (flat: Index): void => {
    const run = toIndex((side.along === 'fold' ? fold.depth : count) / 4);
    const fast = mul(mod(flat, run), 4);
    const slow = div(flat, run);
    const to = add(mul(slow, pitch), fast);
    const [k, place] = side.along === 'fold' ? [fast, placeIn(staged, slow)] : [slow, fast];
    if (side.quads) return writeStaged(writer, staged, fold, [k, place], to, outer);
    for (const n of range(4)) {
      const at = side.along === 'fold' ? [add(k, n), place] : [k, add(place, n)];
      writeStaged(writer, staged, fold, at, add(to, n), outer);
    }
  };
  if (total === threads) {
    writer.open();
    inside(toIndex(thread));
    return writer.flatten();
  }
  const [counter] = writer.open(newAxis('staged', total));
  inside(toIndex(counter));
  const body = writer.close();
  const step = { from: toIndex(thread), to: counter.extent, step: threads };
  writer.push({ kind: 'loop', axis: counter, ...step, as: 'serial', body });
}

/** Stores the side's value at an index of the fold and of the tile, or at four neighbours. */
function writeStaged(
  writer: Writer,
  { side, buffer, count, extent, reach: over, name, start }: Staged,
  fold: FoldBlock,
  [k, place]: readonly Index[],
  to: Index,
  outer: ReadonlyMap<Axis, Indices>,
): void {
  const { depth, order } = fold;
  const reach = mul(div(add(fold.extent, depth - 1), toIndex(depth)), depth);
  const bind = (name: string, value: Index, all: Index): Axis =>
    writer.index(writer.depth, `${value.key} of ${buffer.name}`, name, value, all);
  const at = bind('depth', add(fold.start, k), reach);
  const which = bind(name, add(start, place), over);
  const indices = new Map([...outer, ...bindAxes(writer, order, at), ...bindAxes(writer, side.axes, which)]);
  const value = productOf(side.factors);
  const axes = side.along === 'fold' ? order : side.axes;
  const quad = side.quads ? inQuads(value, axes[axes.length - 1]) : undefined;
  if (side.quads && !quad) throw new Error(`${buffer.name} cannot be staged by four`);
  const guards = [
    ...(divides(count, extent) ? [] : [inRange(which, extent)]),
    ...(divides(depth, fold.extent) ? [] : [inRange(at, fold.extent)]),
  ];
  const here = specialise(quad ?? value, replacing(indices));
  const none = quad ? splat(number(0)) : number(0);
  const all = guards.length === 0 ? undefined : guards.reduce((x, y) => apply('and', x, y));
  const [done] = writeLets(writer, [all ? apply('select', all, here, none) : here], new Set());
  writer.push({ kind: 'store', to: buffer, at: to, value: done });
}

export function replacing(indices: ReadonlyMap<Axis, Indices>): (part: Atom) => Index | undefined {
  return (part) => (part.kind === 'axis' ? indices.get(part)?.base : undefined);
}

function inRange(at: Axis, extent: Index): Scalar {
  return apply('lt', indexValue(toIndex(at)), indexValue(extent));
}

export function divides(count: number, extent: Index): boolean {
  return constantOf(mod(extent, toIndex(count))) === 0;
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
