// A scatter on targets with workgroups: each thread adds up the terms of rows of its own, at one place of the columns.
import { add, axis as newAxis, constantOf, div, mul, product, sub, toIndex } from '../../../ir/index.js';
import type { Axis, Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { apply, load, number, type Buffer } from '../../../ir/scalar.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { scatterOf, type Scatter } from '../../../ir/nest/scatter.js';
import type { ScatterThreads } from '../../../ir/nest/plans.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { writeValues } from './folds.js';
import { bindAxes, together } from './places.js';
import { chosenRow, manyTerms, overAll, replacing, storeSum, type At } from './scatter.js';
import type { Writer } from './writer.js';

/** What a thread has. */
interface Own {
  /** The coordinates of its columns, and its first row of so many. */
  readonly bound: At;
  readonly first: Index;
  readonly rows: number;
  /** Its sums, with what those have lost of many terms: at its place of the workgroup's memory. */
  readonly sums: Buffer;
  readonly lost?: Buffer;
  readonly slot: (n: Index) => Index;
}

/** Writes the kernel's loops; returns how many workgroups there are. */
export function writeScatterThreads(
  writer: Writer,
  nest: Nest,
  { shape, columns, rows, threads }: ScatterThreads,
): { groups: Index; threads: number; scratch: Buffer[] } {
  const scatter = scatterOf(reshape(nest, shape));
  if (!scatter) throw new Error(`${nest.name}: it is no scatter`);
  const run = newAxis('run', div(add(scatter.row.extent, rows - 1), toIndex(rows)));
  const axes = [run, ...columns];
  const { extent: places } = together(axes);
  const [group] = writer.open(newAxis('group', div(add(places, threads - 1), toIndex(threads))));
  const [thread] = writer.open(newAxis('thread', threads));
  const which = add(mul(toIndex(group), threads), toIndex(thread));
  const place = writer.index(writer.depth, which.key, 'place', which, places);
  const scratch: Buffer[] = [];
  within(writer, [toIndex(place), places], () => {
    const bound = new Map([...bindAxes(writer, axes, place)].map(([axis, { base }]) => [axis, base]));
    const start = mul(bound.get(run) ?? 0, rows);
    const first = toIndex(writer.index(writer.depth, `first ${start.key}`, 'first', start, scatter.row.extent));
    const buffer = (name: string): Buffer => {
      const made: Buffer = { name, space: 'workgroup', dtype: 'f32', length: toIndex(rows * threads) };
      scratch.push(made);
      return made;
    };
    const sums = buffer('sums');
    const long = writer.isLong(product(scatter.over.map((a) => a.extent)), manyTerms);
    const slot = (n: Index): Index => add(mul(n, threads), toIndex(thread));
    const own = { bound, first, rows, sums, ...(long && { lost: buffer('lost') }), slot };
    writeZeros(writer, own);
    writeTerms(writer, scatter, own);
    writeRows(writer, scatter, own);
  });
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body });
  return { groups: group.extent, threads, scratch };
}

function buffersOf({ sums, lost }: Own): readonly Buffer[] {
  return lost ? [sums, lost] : [sums];
}

/** In a scope of its own, before which nothing is read of what the thread has. */
function pinned(writer: Writer, own: Own, write: () => void): void {
  for (const buffer of buffersOf(own)) writer.pins.set(buffer, writer.depth);
  write();
  for (const buffer of buffersOf(own)) writer.pins.delete(buffer);
}

function overRows(writer: Writer, { rows }: Own, write: (n: Index) => void): void {
  const n = newAxis('n', rows);
  overAll(writer, [n], (at) => write(at.get(n) ?? toIndex(n)));
}

function writeZeros(writer: Writer, own: Own): void {
  overRows(writer, own, (n) => {
    for (const to of buffersOf(own)) writer.push({ kind: 'store', to, at: own.slot(n), value: number(0) });
  });
}

/** All terms in order, of which those of other rows are passed over. */
function writeTerms(writer: Writer, { over, row, ids, value }: Scatter, own: Own): void {
  const { bound, first, rows, sums, lost, slot } = own;
  overAll(writer, over, (here) => {
    const id = chosenRow(writer, row, specialise(ids, replacing(here)));
    within(writer, [first, add(id, 1)], () =>
      within(writer, [id, add(first, rows)], () =>
        pinned(writer, own, () => {
          const at = slot(sub(id, first));
          const before = load(sums, at);
          const kept = lost && { to: lost, at };
          const term = specialise(value, replacing(here, bound));
          const sum = apply('add', kept ? load(kept.to, at) : before, term);
          const style = { unrolled: new Set<Axis>(), order: [], lanes: new Set<Axis>() };
          const [added] = writeValues(writer, [{ value: sum, label: '' }], style);
          storeSum(writer, { to: sums, at, before, added, ...(kept && { kept }) });
        }),
      ),
    );
  });
}

function writeRows(writer: Writer, { row, to, at }: Scatter, own: Own): void {
  overRows(writer, own, (n) => {
    const chosen = add(own.first, n);
    const write = (): void =>
      pinned(writer, own, () => {
        const where = specialiseIndex(at, replacing(own.bound, new Map([[row, chosen]])));
        writer.push({ kind: 'store', to, at: where, value: load(own.sums, own.slot(n)) });
      });
    if ((constantOf(row.extent) ?? NaN) % own.rows === 0) write();
    else within(writer, [chosen, row.extent], write);
  });
}

/** What is written where one index is less than the other. */
function within(writer: Writer, less: readonly [Index, Index], write: () => void): void {
  writer.open();
  write();
  const then = writer.close();
  writer.push({ kind: 'if', less, then, else: [] });
}
