// A scatter on targets with workgroups: each thread adds up the terms of rows of its own, at one index of the columns.
import { add, axis as newAxis, constantOf, div, mod, mul, product, sub, toIndex, zero } from '../../../ir/index.js';
import type { Axis, Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { apply, fold, load, number, type Buffer } from '../../../ir/scalar.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { scatterOf, type Scatter } from '../../../ir/nest/scatter.js';
import type { ScatterThreads } from '../../../ir/nest/plans.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { least } from './blocks.js';
import { writeValues } from './folds.js';
import { bindAxes, together } from './indices.js';
import { chosenRow, manyTerms, overAll, replacing, storeSum, type At } from './scatter.js';
import type { Writer } from './writer.js';

/** What a thread has. */
interface Own {
  /** The coordinates of its run's columns, and the first row of so many. */
  readonly bound: At;
  readonly first: Index;
  readonly rows: number;
  /** Which share of the terms it adds up, of so many; `abreast` threads have the same share. */
  readonly share: Index;
  readonly shares: number;
  readonly abreast: number;
  /** Its sums, with what those have lost of many terms: at addresses of its own in the workgroup's memory. */
  readonly sums: Buffer;
  readonly lost?: Buffer;
  readonly slot: (n: Index) => Index;
}

/** Writes the kernel's loops; returns how many workgroups there are. */
export function writeScatterThreads(
  writer: Writer,
  nest: Nest,
  { shape, columns, rows, shares, threads }: ScatterThreads,
): { groups: Index; threads: number; scratch: Buffer[] } {
  const scatter = scatterOf(reshape(nest, shape));
  if (!scatter) throw new Error(`${nest.name}: it is no scatter`);
  const run = newAxis('run', div(add(scatter.row.extent, rows - 1), toIndex(rows)));
  const axes = [run, ...columns];
  const { extent: places } = together(axes);
  const abreast = threads / shares;
  const [group] = writer.open(newAxis('group', div(add(places, abreast - 1), toIndex(abreast))));
  const [thread] = writer.open(newAxis('thread', threads));
  const named = (name: string, value: Index, extent: Index): Axis =>
    writer.index(writer.depth, `${name} ${value.key}`, name, value, extent);
  const side = shares === 1 ? toIndex(thread) : mod(toIndex(thread), toIndex(abreast));
  const place = named('place', add(mul(toIndex(group), abreast), side), places);
  const share = shares === 1 ? zero : toIndex(named('share', div(toIndex(thread), toIndex(abreast)), toIndex(shares)));
  const bound = new Map([...bindAxes(writer, axes, place)].map(([axis, { base }]) => [axis, base]));
  const first = toIndex(named('first', mul(bound.get(run) ?? 0, rows), scatter.row.extent));
  const buffer = (name: string): Buffer => ({
    name,
    space: 'workgroup',
    dtype: 'f32',
    length: toIndex(rows * threads),
  });
  const long = (constantOf(product(scatter.over.map((a) => a.extent))) ?? Infinity) > manyTerms;
  const slot = (n: Index): Index => add(mul(n, threads), toIndex(thread));
  const parts = { bound, first, rows, share, shares, abreast, slot };
  const own: Own = { ...parts, sums: buffer('sums'), ...(long && { lost: buffer('lost') }) };
  const isThere = [toIndex(place), places] as const;
  within(writer, isThere, () => {
    writeZeros(writer, own);
    writeTerms(writer, scatter, own);
  });
  if (shares > 1) writer.push({ kind: 'barrier' });
  within(writer, isThere, () => writeRows(writer, scatter, own));
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body });
  return { groups: group.extent, threads, scratch: [...buffersOf(own)] };
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

function writeZeros(writer: Writer, own: Own): void {
  const n = newAxis('n', own.rows);
  overAll(writer, [n], (at) => {
    const place = own.slot(at.get(n) ?? toIndex(n));
    for (const to of buffersOf(own)) writer.push({ kind: 'store', to, at: place, value: number(0) });
  });
}

/** Loops over the terms of a thread's share. */
function overTerms(writer: Writer, over: readonly Axis[], { share, shares }: Own, inside: (here: At) => void): void {
  if (shares === 1) return overAll(writer, over, inside);
  const [all] = over;
  const length = div(add(all.extent, shares - 1), toIndex(shares));
  const from = mul(share, length);
  const [axis] = writer.open(all);
  inside(new Map([[all, toIndex(axis)]]));
  const body = writer.close();
  writer.push({ kind: 'loop', axis, from, to: least(add(from, length), all.extent), step: 1, as: 'serial', body });
}

/** The terms of the share in order, of which those of other rows are passed over. */
function writeTerms(writer: Writer, { over, row, ids, value }: Scatter, own: Own): void {
  const { bound, first, rows, sums, lost, slot } = own;
  overTerms(writer, over, own, (here) => {
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

/** The rows of a run, each by one of its threads: what the shares come to, in their order. */
function writeRows(writer: Writer, { row, to, at }: Scatter, own: Own): void {
  const { bound, first, rows, share, shares, abreast, sums } = own;
  const [n] = writer.open(newAxis('n', rows));
  const chosen = add(first, toIndex(n));
  const write = (): void =>
    pinned(writer, own, () => {
      const where = specialiseIndex(at, replacing(bound, new Map([[row, chosen]])));
      const other = newAxis('other', shares);
      // The same index of the columns in each share.
      const ofShare = add(own.slot(toIndex(n)), mul(sub(toIndex(other), share), abreast));
      const total = shares === 1 ? load(sums, own.slot(toIndex(n))) : fold('add', [other], load(sums, ofShare));
      const style = { unrolled: new Set<Axis>(), order: [], lanes: new Set<Axis>() };
      const [value] = writeValues(writer, [{ value: total, label: '', to }], style);
      writer.push({ kind: 'store', to, at: where, value });
    });
  if ((constantOf(row.extent) ?? NaN) % rows === 0) write();
  else within(writer, [chosen, row.extent], write);
  const body = writer.close();
  writer.push({
    kind: 'loop',
    axis: n,
    ...(shares > 1 && { from: share }),
    to: toIndex(rows),
    step: shares,
    as: 'serial',
    body,
  });
}

/** What is written where one index is less than the other. */
function within(writer: Writer, less: readonly [Index, Index], write: () => void): void {
  writer.open();
  write();
  const then = writer.close();
  writer.push({ kind: 'if', less, then, else: [] });
}
