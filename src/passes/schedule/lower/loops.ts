// Loops over an axis in tiles, with a tail for what the tile does not divide.
import { constantOf, div, endOf, mod, mul, rangeOf, sub, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { Tail } from '../../../ir/nest/plans.js';
import type { Writer } from './writer.js';

/** The indices of one axis that a tile computes: base + 0 … base + count - 1. */
export interface Indices {
  readonly base: Index;
  readonly count: number;
  /** Where the block begins of which these indices are a tile. */
  readonly block?: Index;
}

export interface Tiling {
  readonly axis: Axis;
  /** Widest first; where the axis is shorter than a tile the next one is tried. The last is 1. */
  readonly tiles: readonly number[];
  readonly tail: Tail;
  /** A rest of a third of a tile, and the tile before it, are two tiles alike. */
  readonly even?: boolean;
}

/** Writes the loops; `inside` is called for every kind of tile that occurs. */
export function writeTiles(writer: Writer, tiling: Tiling, inside: (indices: Indices) => void): void {
  const { axis, tail } = tiling;
  const { extent } = axis;
  const end = endOf(axis);
  const known = axis.until ? undefined : constantOf(extent);
  const [first = 1, ...narrower] = tiling.tiles;
  const loop = (step: number, options: { from?: Index; to: Index; last?: Index }): void => {
    const [counter] = writer.open(axis);
    inside({ base: toIndex(counter), count: step });
    const body = writer.close();
    writer.push({ kind: 'loop', axis: counter, ...options, step, as: 'serial', parallel: true, body });
  };
  if (known !== undefined && first >= known) {
    if (first === known || narrower.length === 0 || known === 1) return inside({ base: toIndex(0), count: known });
    return writeTiles(writer, { ...tiling, tiles: narrower }, inside);
  }
  if (first === 1 || constantOf(mod(end, toIndex(first))) === 0) return loop(first, { to: end });
  if (tail === 'overlap') {
    const tiled = (): void => loop(first, { to: end, last: sub(end, first) });
    if (rangeOf(extent).min >= first) return tiled();
    const [then, otherwise] = writer.arms(tiled, () => writeTiles(writer, { ...tiling, tiles: narrower }, inside));
    return writer.push({ kind: 'if', less: [toIndex(first - 1), extent], then, else: otherwise });
  }
  if (known !== undefined) {
    const rest = known % first;
    // Six and two are four twice.
    const even = tiling.even === true && 3 * rest === first ? (first + rest) / 2 : 0;
    const full = known - rest - (even > 0 ? first : 0);
    if (full > 0) loop(first, { to: toIndex(full) });
    if (even > 0) return loop(even, { from: toIndex(full), to: toIndex(known) });
    return inside({ base: toIndex(full), count: rest });
  }
  loop(first, { to: sub(end, first - 1) });
  loop(1, { from: mul(div(end, toIndex(first)), first), to: end });
}
