// A scatter: rows set to zero, then each term added to the row that is chosen for it.
import {
  add,
  atom,
  constantOf,
  div,
  mul,
  product,
  toIndex,
  type Atom,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { apply, indexValue, load, number, splat, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { reshape } from '../../../ir/nest/reshape.js';
import type { ScatterPlan } from '../../../ir/nest/plans.js';
import { scatterOf, type Scatter } from '../../../ir/nest/scatter.js';
import { lostOf } from './blocks.js';
import { writeValues } from './folds.js';
import { asLanes, vectorise } from '../../../ir/nest/lanes.js';
import { writeTiles, type Indices } from './loops.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

/** Coordinates by their axes. */
export type At = ReadonlyMap<Axis, Index>;

/** Writes the nest into the innermost open scope. The terms of an element are added in the order of the sum's axes. */
export function writeScatter(writer: Writer, nest: Nest, plan: ScatterPlan): void {
  const scatter = scatterOf(reshape(nest, plan.shape));
  if (!scatter) throw new Error(`${nest.name}: it is no scatter`);
  const terms = product(scatter.over.map((a) => a.extent));
  const known = constantOf(terms);
  if (known !== undefined) return writeSums(writer, scatter, plan, known > manyTerms);
  const [then, otherwise] = writer.arms(
    () => writeSums(writer, scatter, plan, true),
    () => writeSums(writer, scatter, plan, false),
  );
  writer.push({ kind: 'if', less: [toIndex(manyTerms), terms], then, else: otherwise });
}

/** `long`: with what sums have lost beside them. */
function writeSums(writer: Writer, found: Scatter, plan: ScatterPlan, long: boolean): void {
  const scatter = plan.last ? toLast(writer, found, plan.last) : found;
  const loops = (index: number, indices: ReadonlyMap<Axis, Indices>): void => {
    const loop = plan.loops[index];
    if (!loop) {
      const lanes = plan.loops.find((l) => l.lanes)?.axis;
      return writeTile(writer, scatter, { indices, lanes, lost: plan.lost, long });
    }
    const { axis, tile, tail } = loop;
    writeTiles(writer, { axis, tail, tiles: loop.lanes ? [tile, 4, 1] : [tile, 1] }, (here) =>
      loops(index + 1, new Map([...indices, [axis, here]])),
    );
  };
  loops(0, new Map());
}

/** Where rows are positions: terms go to the last position of their index, which is noted first. */
function toLast(writer: Writer, { ids, ...scatter }: Scatter, last: Buffer): Scatter {
  overAll(writer, scatter.over, (bound) => {
    const at = atom({ kind: 'element', of: specialise(ids, replacing(bound)) });
    const [position] = [...bound.values()];
    writer.push({ kind: 'store', to: last, at, value: indexValue(position) });
  });
  const placeOf = (of: Scalar): Scalar => load(last, atom({ kind: 'element', of }));
  return { ...scatter, ids: placeOf(ids), ...(scatter.own && { own: placeOf(scatter.own) }) };
}

/** An element that more terms than these may go to would lose too much of them. */
export const manyTerms = 4_096;

interface Tile {
  readonly indices: ReadonlyMap<Axis, Indices>;
  readonly lanes: Axis | undefined;
  readonly lost: Buffer;
  readonly long: boolean;
}

/** One run of columns: of every row, then of every term. */
function writeTile(writer: Writer, scatter: Scatter, { indices, lanes, lost, long }: Tile): void {
  const { to, at, over, row, ids, value } = scatter;
  const columns = columnsOf(indices, lanes);
  const width = div(lost.length, row.extent);
  const lostAt = (which: Index, n: number): Index => add(mul(which, width), n);
  overAll(writer, [row], (bound) => {
    for (const { lanes: wide, at: column, start } of columns) {
      const zero = wide ? splat(number(0)) : number(0);
      writer.push({ kind: 'store', to, at: specialiseIndex(at, replacing(bound, column)), value: zero });
      const which = bound.get(row) ?? toIndex(row);
      if (long) writer.push({ kind: 'store', to: lost, at: lostAt(which, start), value: zero });
    }
  });
  overAll(writer, over, (bound) => {
    for (const buffer of [to, lost]) writer.pins.set(buffer, writer.depth);
    const which = chosenRow(writer, row, specialise(ids, replacing(bound)));
    const chosen = new Map([[row, which]]);
    const wanted = columns.map((column) => {
      const replace = replacing(bound, column.at, chosen);
      const place = specialiseIndex(at, replace);
      const wide = column.lanes ? 4 : undefined;
      const term = specialise(column.lanes && lanes ? asLanes(vectorise(value, lanes) ?? value) : value, replace);
      const before = load(to, place, wide);
      const kept = lostAt(which, column.start);
      return { at: place, before, kept, value: apply('add', long ? load(lost, kept, wide) : before, term), label: '' };
    });
    const values = writeValues(writer, wanted, { unrolled: new Set(), order: [], lanes: new Set() });
    wanted.forEach((one, i) => {
      const kept = long ? { kept: { to: lost, at: one.kept } } : {};
      storeSum(writer, { to, at: one.at, before: one.before, added: values[i], ...kept });
    });
    for (const buffer of [to, lost]) writer.pins.delete(buffer);
  });
  if (scatter.own) writeShared(writer, scatter, scatter.own, columns);
}

/** Every position has the sum of the last one of its index. */
function writeShared(writer: Writer, { to, at, row }: Scatter, own: Scalar, columns: readonly Column[]): void {
  overAll(writer, [row], (bound) => {
    writer.pins.set(to, writer.depth);
    const which = chosenRow(writer, row, specialise(own, replacing(bound)));
    for (const { lanes, at: column } of columns) {
      const from = specialiseIndex(at, replacing(column, new Map([[row, which]])));
      const value = load(to, from, lanes ? 4 : undefined);
      writer.push({ kind: 'store', to, at: specialiseIndex(at, replacing(bound, column)), value });
    }
    writer.pins.delete(to);
  });
}

/** The row of a term, as an integer let. */
export function chosenRow(writer: Writer, row: Axis, id: Scalar): Index {
  const of = atom({ kind: 'element', of: id });
  return toIndex(writer.index(writer.depth, of.key, row.name, of, row.extent));
}

interface Sum {
  readonly to: Buffer;
  readonly at: Index;
  /** What is there. */
  readonly before: Scalar;
  /** What it becomes; where losses are kept, what is added to it: the term with what was lost before. */
  readonly added: Scalar;
  readonly kept?: { readonly to: Buffer; readonly at: Index };
}

/** Stores the sum of an element, and what that has lost of the term. */
export function storeSum(writer: Writer, { to, at, before, added, kept }: Sum): void {
  if (!kept) return writer.push({ kind: 'store', to, at, value: added });
  const known = writer.let(writer.depth, { base: 'added', numbered: true }, added);
  const old = writer.let(writer.depth, { base: 'before', numbered: true }, before);
  writer.push({ kind: 'store', to, at, value: apply('add', old, known) });
  // Memory holds fewer bits than what was computed may have.
  writer.push({ kind: 'store', ...kept, value: lostOf(writer, known, old, before) });
}

/** Loops over the axes, one in the other. */
export function overAll(writer: Writer, axes: readonly Axis[], inside: (bound: At) => void): void {
  const bound = new Map<Axis, Index>();
  const loops = axes.map((axis) => {
    const [loop] = writer.open(axis);
    bound.set(axis, toIndex(loop));
    return loop;
  });
  inside(bound);
  for (const axis of loops.reverse()) {
    const body = writer.close();
    writer.push({ kind: 'loop', axis, to: axis.extent, step: 1, as: 'serial', body });
  }
}

/** Elements of a tile, one or four at a time; `start` counts them along the run. */
interface Column {
  readonly at: At;
  readonly lanes: boolean;
  readonly start: number;
}

/** The elements of a tile, those of the lane axis four at a time. */
function columnsOf(indices: ReadonlyMap<Axis, Indices>, lanes: Axis | undefined): Column[] {
  let columns: { at: Map<Axis, Index>; lanes: boolean; start: number }[] = [{ at: new Map(), lanes: false, start: 0 }];
  for (const [axis, { base, count }] of indices) {
    const wide = axis === lanes && count % 4 === 0;
    const starts = Array.from({ length: wide ? count / 4 : count }, (_, i) => (wide ? 4 * i : i));
    columns = columns.flatMap((c) =>
      starts.map((n) => ({
        at: new Map([...c.at, [axis, add(base, n)]]),
        lanes: c.lanes || wide,
        start: count * c.start + n,
      })),
    );
  }
  return columns;
}

/** What stands for axes whose coordinates are known. */
export function replacing(...bound: readonly At[]): (part: Atom) => Index | undefined {
  return (part) => (part.kind === 'axis' ? bound.map((at) => at.get(part)).find((found) => found) : undefined);
}
