// Contractions by workgroups: both sides staged in the workgroup's memory, block by block of the fold, and a block of sums a thread.
// What is staged and summed are vectors of four numbers: neighbours along the fold or along the side, as they lie outside.
import {
  add,
  axis as newAxis,
  constantOf,
  div,
  mod,
  mul,
  product,
  toIndex,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import type { Nest, Store } from '../../../ir/program.js';
import { apply, lane, number, splat, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { storesInQuads } from '../../../ir/nest/quads.js';
import { reshape } from '../../../ir/nest/reshape.js';
import type { TilePlan } from '../../../ir/nest/plans.js';
import { cutOf, takeIn, writeRange } from './blocks.js';
import { writeLets } from './lets.js';
import type { Indices } from './loops.js';
import { bindAxes } from './indices.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { divides, placeOf, range, readStaged, replacing, writeStage, type Staged } from './tileStages.js';
import type { Writer } from './writer.js';

/** Writes the kernel's loops; returns how many workgroups there are. */
export function writeTiled(
  writer: Writer,
  nest: Nest,
  plan: TilePlan,
): { groups: Index; threads: number; scratch: Buffer[] } {
  const shaped = reshape(nest, plan.shape);
  const { threads, block, sides } = plan;
  const extents = [sides.rows, sides.columns, { axes: sides.batch }].map(({ axes }) =>
    product(axes.map((a) => a.extent)),
  );
  const counts = [threads.down * block.rows, threads.across * block.columns];
  const tiles = counts.map((n, i) => div(add(extents[i], n - 1), toIndex(n)));
  const [group] = writer.open(newAxis('tile', product([extents[2], ...tiles])));
  const named = (name: string, value: Index, extent: Index): Index =>
    constantOf(value) === undefined ? toIndex(writer.index(writer.depth, value.key, name, value, extent)) : value;
  const tile = toIndex(group);
  const aside = div(tile, tiles[1]);
  const batch = newAxis('batch', extents[2]);
  const outer = new Map<Axis, Indices>();
  if (sides.batch.length > 0) {
    const which = writer.index(writer.depth, `batch ${group.id}`, batch.name, div(aside, tiles[0]), extents[2]);
    for (const [axis, indices] of bindAxes(writer, sides.batch, which)) outer.set(axis, indices);
  }
  const first = [
    named('row_tile', mul(mod(aside, tiles[0]), counts[0]), extents[0]),
    named('column_tile', mul(mod(tile, tiles[1]), counts[1]), extents[1]),
  ];
  const [thread] = writer.open(newAxis('thread', threads.down * threads.across));
  const [down, across] = [toIndex(threads.down), toIndex(threads.across)];
  const own = [
    named('thread_row', div(toIndex(thread), across), down),
    named('thread_column', mod(toIndex(thread), across), across),
  ];
  const staged = [sides.rows, sides.columns].map((side, i): Staged => ({
    ...inWorkgroup(plan, side, i, counts[i]),
    count: counts[i],
    extent: extents[i],
    reach: mul(tiles[i], counts[i]),
    start: first[i],
    own: own[i],
  }));
  const sums = writeSums(writer, plan, staged, thread, outer);
  writeElements(writer, shaped, plan, staged, sums, outer);
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body });
  return { groups: group.extent, threads: threads.down * threads.across, scratch: staged.map((s) => s.buffer) };
}

/** How a side lies in the workgroup's memory: its rows, or its columns, so many at once. */
function inWorkgroup({ threads, block, depth }: TilePlan, side: Staged['side'], i: number, count: number) {
  const name = i === 0 ? 'rows' : 'columns';
  const alongFold = side.along === 'fold';
  const pitch = alongFold ? depth + ((depth / 4) % 2 === 0 ? 4 : 0) : count;
  const length = toIndex(pitch * (alongFold ? count : depth));
  const buffer: Buffer = { name, space: 'workgroup', dtype: 'f32', length };
  return {
    side,
    buffer,
    threads: i === 0 ? threads.down : threads.across,
    quads: (i === 0 ? block.rows : block.columns) / 4,
    pitch,
    spread: alongFold && i === 0,
    name: side.axes.length === 1 ? side.axes[0].name : name.replace(/s$/, ''),
  };
}

/** The sums of a thread's block, by rows and by columns four at a time. */
function writeSums(
  writer: Writer,
  { block, depth, order }: TilePlan,
  staged: readonly Staged[],
  thread: Axis,
  outer: ReadonlyMap<Axis, Indices>,
): Scalar[][] {
  const level = writer.depth;
  const quads = block.columns / 4;
  const sums = range(block.rows).map((row) =>
    range(quads).map((quad) => {
      const base = quads === 1 ? `acc${row}` : `acc${row}_${quad}`;
      return writer.let(level, { base, numbered: false }, splat(number(0)), true);
    }),
  );
  const extent = product(order.map((a) => a.extent));
  const steps = div(add(extent, depth - 1), toIndex(depth));
  const cut = cutOf(writer, [steps], depth, writer.blocks?.mostOfProducts);
  const wholes = sums.map((line) =>
    line.map((sum) => {
      const base = `${sum.kind === 'local' ? sum.name : ''}_whole`;
      return cut && writer.let(level, { base, numbered: false }, splat(number(0)), true);
    }),
  );
  const inside = (step: Axis): void => {
    const start = mul(toIndex(step), depth);
    for (const one of staged) writeStage(writer, one, { depth, order, extent, start }, thread, outer);
    writer.push({ kind: 'barrier' });
    const [k] = writer.open(newAxis('k', depth / 4));
    const [rows, columns] = staged.map((one, i) => readStaged(writer, one, k, i === 1));
    for (const at of range(4)) {
      const right = columns.vectors(at);
      const left = rows.numbers(at);
      sums.forEach((line, row) =>
        line.forEach((sum, quad) => {
          if (sum.kind !== 'local') throw new Error('an accumulator is a local');
          const value = apply('add', sum, apply('mul', splat(left[row]), right[quad]));
          writer.push({ kind: 'set', name: sum.name, value });
        }),
      );
    }
    const inner = writer.close();
    writer.push({ kind: 'loop', axis: k, to: k.extent, step: 1, as: 'serial', body: inner }, { kind: 'barrier' });
  };
  writeRange(writer, { axis: newAxis('step', steps), to: steps, step: 1, rounds: steps }, cut, inside, () =>
    wholes.forEach((line, row) => line.forEach((whole, quad) => whole && takeIn(writer, whole, sums[row][quad]))),
  );
  wholes.forEach((line, row) =>
    line.forEach((whole, quad) => {
      const sum = sums[row][quad];
      if (whole && sum.kind === 'local') writer.push({ kind: 'set', name: sum.name, value: apply('add', whole, sum) });
    }),
  );
  return sums;
}

/** What the nest stores at each element of the thread's block that is inside. */
function writeElements(
  writer: Writer,
  nest: Nest,
  { quads, sides }: TilePlan,
  [rows, columns]: readonly Staged[],
  sums: readonly (readonly Scalar[])[],
  outer: ReadonlyMap<Axis, Indices>,
): void {
  const bind = (staged: Staged, n: number) => {
    const { side, start, reach, name, buffer } = staged;
    const value = add(start, placeOf(staged, n));
    const which = writer.index(writer.depth, `${value.key} of ${buffer.name}`, name, value, reach);
    return { which: toIndex(which), indices: bindAxes(writer, side.axes, which) };
  };
  const closeGuarded = ({ count, extent }: Staged, at: Index): void => {
    if (divides(count, extent)) return writer.flatten();
    const then = writer.close();
    writer.push({ kind: 'if', less: [at, extent], then, else: [] });
  };
  const last = sides.columns.axes[sides.columns.axes.length - 1];
  sums.forEach((line, i) => {
    writer.open();
    const row = bind(rows, i);
    writer.open();
    line.forEach((sum, quad) => {
      for (const n of quads ? [0] : range(4)) {
        const stores = quads
          ? storesInQuads(nest, last, new Map([[sides.fold.key, sum]]))
          : storesWith(nest, sides.fold.key, lane(sum, n));
        if (!stores) throw new Error(`${nest.name} cannot be stored by four`);
        writer.open();
        const column = bind(columns, 4 * quad + n);
        writer.open();
        writeStores(writer, stores, new Map([...outer, ...row.indices, ...column.indices]));
        closeGuarded(columns, column.which);
        writer.flatten();
      }
    });
    closeGuarded(rows, row.which);
    writer.flatten();
  });
}

/** The nest's stores with the sum instead of the fold. */
function storesWith(nest: Nest, fold: string, sum: Scalar): Store[] {
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => replaceFolds(value, (f) => (f.key === fold ? sum : undefined), memo);
  return nest.stores.map((store) => ({ ...store, value: visit(store.value) }));
}

/** Stores one element of the nest, or at four neighbours. */
export function writeStores(writer: Writer, stores: readonly Store[], indices: ReadonlyMap<Axis, Indices>): void {
  const replace = replacing(indices);
  const lets = writeLets(
    writer,
    stores.map((store) => specialise(store.value, replace)),
    new Set(),
  );
  stores.forEach(({ to, at }, n) =>
    writer.push({ kind: 'store', to, at: specialiseIndex(at, replace), value: lets[n] }),
  );
}
