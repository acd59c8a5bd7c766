// Contractions by workgroups: both sides staged in the workgroup's memory, block by block of the fold, and a block of sums a thread.
import {
  add,
  axis as newAxis,
  constantOf,
  div,
  mod,
  mul,
  product,
  toIndex,
  type Atom,
  type Axis,
  type Index,
} from '../../ir/index.js';
import type { Nest, Statement } from '../../ir/program.js';
import { apply, indexValue, load, number, type Buffer, type Scalar } from '../../ir/scalar.js';
import { reshape } from '../plan/reshape.js';
import type { TilePlan, TileSide } from '../plan/types.js';
import { writeLets } from './lets.js';
import type { Places } from './loops.js';
import { bindAxes } from './places.js';
import { specialise, specialiseIndex } from './specialise.js';
import { rebuild } from './walk.js';
import type { Writer } from './writer.js';

/** What a tile has of one side. */
interface Staged {
  readonly side: TileSide;
  readonly buffer: Buffer;
  /** Places of the side in a tile. */
  readonly count: number;
  /** Numbers from one place of the fold to the next: odd where threads store along the fold, so that they fall on different banks. */
  readonly pitch: number;
  /** All places of the side, and those of all tiles, which reach over its end. */
  readonly extent: Index;
  readonly reach: Index;
  /** What a place of the side is called. */
  readonly name: string;
  /** The tile's first place. */
  readonly start: Index;
  /** The first place of this thread within the tile. */
  readonly own: Index;
}

/** Writes the kernel's loops; returns how many workgroups there are. */
export function writeTiled(writer: Writer, nest: Nest, plan: TilePlan): { groups: Index; scratch: Buffer[] } {
  const shaped = reshape(nest, plan.shape);
  const { width, block, sides } = plan;
  const extents = [sides.rows, sides.columns, { axes: sides.batch }].map(({ axes }) =>
    product(axes.map((a) => a.extent)),
  );
  const counts = [width * block.rows, width * block.columns];
  const tiles = counts.map((n, i) => div(add(extents[i], n - 1), toIndex(n)));
  const [group] = writer.open(newAxis('tile', product([extents[2], ...tiles])));
  const named = (name: string, value: Index, extent: Index): Index =>
    constantOf(value) === undefined ? toIndex(writer.index(writer.depth, value.key, name, value, extent)) : value;
  const tile = toIndex(group);
  const aside = div(tile, tiles[1]);
  const batch = newAxis('batch', extents[2]);
  const outer = new Map<Axis, Places>();
  if (sides.batch.length > 0) {
    const which = writer.index(writer.depth, `batch ${group.id}`, batch.name, div(aside, tiles[0]), extents[2]);
    for (const [axis, places] of bindAxes(writer, sides.batch, which)) outer.set(axis, places);
  }
  const first = [
    named('row_tile', mul(mod(aside, tiles[0]), counts[0]), extents[0]),
    named('column_tile', mul(mod(tile, tiles[1]), counts[1]), extents[1]),
  ];
  const [thread] = writer.open(newAxis('thread', width * width));
  const own = [
    named('thread_row', div(toIndex(thread), toIndex(width)), toIndex(width)),
    named('thread_column', mod(toIndex(thread), toIndex(width)), toIndex(width)),
  ];
  const staged = [sides.rows, sides.columns].map((side, i): Staged => {
    const pitch = counts[i] + (side.along === 'fold' ? 1 : 0);
    const name = i === 0 ? 'rows' : 'columns';
    const buffer: Buffer = { name, space: 'workgroup', dtype: 'f32', length: toIndex(pitch * width) };
    return {
      side,
      buffer,
      count: counts[i],
      pitch,
      extent: extents[i],
      reach: mul(tiles[i], counts[i]),
      name: side.axes.length === 1 ? side.axes[0].name : name.replace(/s$/, ''),
      start: first[i],
      own: own[i],
    };
  });
  const sums = writeSums(writer, plan, staged, thread, outer);
  writeElements(writer, shaped, plan, staged, sums, outer);
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body });
  return { groups: group.extent, scratch: staged.map((s) => s.buffer) };
}

/** The sums of a thread's elements, by rows and columns of its block. */
function writeSums(
  writer: Writer,
  { width, block, order }: TilePlan,
  staged: readonly Staged[],
  thread: Axis,
  outer: ReadonlyMap<Axis, Places>,
): Scalar[][] {
  const level = writer.depth;
  const one = block.rows * block.columns === 1;
  const sums = range(block.rows).map((i) =>
    range(block.columns).map((j) =>
      writer.let(level, { base: one ? 'acc' : `acc${i}_${j}`, numbered: false }, number(0), true),
    ),
  );
  const extent = product(order.map((a) => a.extent));
  const blocks = div(add(extent, width - 1), toIndex(width));
  const [step] = writer.open(newAxis('step', blocks));
  for (const one of staged)
    writeStage(writer, one, { width, order, extent, start: mul(toIndex(step), width) }, thread, outer);
  writer.push({ kind: 'barrier' });
  for (const { buffer } of staged) writer.pins.set(buffer, writer.depth + 1);
  const [depth] = writer.open(newAxis('k', width));
  const [rows, columns] = staged.map(({ buffer, pitch, own }, i) =>
    range(i === 0 ? block.rows : block.columns).map((n) =>
      load(buffer, add(mul(toIndex(depth), pitch), own, n * width)),
    ),
  );
  const products = rows.flatMap((a) => columns.map((b) => apply('mul', a, b)));
  const values = writeLets(writer, products, new Set());
  sums.flat().forEach((sum, n) => {
    if (sum.kind !== 'local') throw new Error('an accumulator is a local');
    writer.push({ kind: 'set', name: sum.name, value: apply('add', sum, values[n]) });
  });
  const inner = writer.close();
  writer.push({ kind: 'loop', axis: depth, to: depth.extent, step: 1, as: 'serial', body: inner }, { kind: 'barrier' });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: step, to: step.extent, step: 1, as: 'serial', body });
  return sums;
}

interface FoldBlock {
  readonly width: number;
  readonly order: readonly Axis[];
  readonly extent: Index;
  readonly start: Index;
}

/** Each thread stages some of the block: what lies outside of the sides counts as 0. */
function writeStage(
  writer: Writer,
  { side, buffer, count, pitch, extent, reach: over, name, start }: Staged,
  fold: FoldBlock,
  thread: Axis,
  outer: ReadonlyMap<Axis, Places>,
): void {
  const threads = constantOf(thread.extent) ?? 1;
  const total = count * fold.width;
  const inside = (flat: Index): void => {
    const run = toIndex(side.along === 'fold' ? fold.width : count);
    const [slow, fast] = [div(flat, run), mod(flat, run)];
    const [k, place] = side.along === 'fold' ? [fast, slow] : [slow, fast];
    const reach = mul(div(add(fold.extent, fold.width - 1), toIndex(fold.width)), fold.width);
    const at = writer.index(writer.depth, `fold of ${buffer.name}`, 'depth', add(fold.start, k), reach);
    const which = writer.index(writer.depth, `place of ${buffer.name}`, name, add(start, place), over);
    const places = new Map([...outer, ...bindAxes(writer, fold.order, at), ...bindAxes(writer, side.axes, which)]);
    const value = specialise(
      side.factors.reduce((x, y) => apply('mul', x, y)),
      replacing(places),
    );
    const guards = [
      ...(divides(count, extent) ? [] : [inRange(which, extent)]),
      ...(divides(fold.width, fold.extent) ? [] : [inRange(at, fold.extent)]),
    ];
    const guarded =
      guards.length === 0
        ? value
        : apply(
            'select',
            guards.reduce((x, y) => apply('and', x, y)),
            value,
            number(0),
          );
    const [done] = writeLets(writer, [guarded], new Set());
    writer.push({ kind: 'store', to: buffer, at: add(mul(k, pitch), place), value: done });
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

/** What the nest stores at each element of the thread's block that is inside. */
function writeElements(
  writer: Writer,
  nest: Nest,
  { width, sides }: TilePlan,
  [rows, columns]: readonly Staged[],
  sums: readonly (readonly Scalar[])[],
  outer: ReadonlyMap<Axis, Places>,
): void {
  const bind = ({ side, start, own, reach, name, buffer }: Staged, n: number) => {
    const value = add(start, own, n * width);
    const which = writer.index(writer.depth, `${value.key} of ${buffer.name}`, name, value, reach);
    return { which: toIndex(which), places: bindAxes(writer, side.axes, which) };
  };
  const guarded = ({ count, extent }: Staged, at: Index, body: readonly Statement[]): readonly Statement[] =>
    divides(count, extent) ? body : [{ kind: 'if', less: [at, extent], then: body, else: [] }];
  sums.forEach((line, i) => {
    writer.open();
    const row = bind(rows, i);
    writer.open();
    line.forEach((sum, j) => {
      writer.open();
      const column = bind(columns, j);
      writer.open();
      writeElement(writer, nest, sides.fold.key, sum, new Map([...outer, ...row.places, ...column.places]));
      writer.push(...guarded(columns, column.which, writer.close()));
      writer.flatten();
    });
    writer.push(...guarded(rows, row.which, writer.close()));
    writer.flatten();
  });
}

/** The stores at one place, with the sum in the place of the fold. */
function writeElement(writer: Writer, nest: Nest, fold: string, sum: Scalar, places: ReadonlyMap<Axis, Places>): void {
  const replace = replacing(places);
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => rebuild(value, memo, visit, (v) => (v.key === fold ? sum : undefined));
  const values = nest.stores.map((store) => specialise(visit(store.value), replace));
  const lets = writeLets(writer, values, new Set());
  nest.stores.forEach(({ to, at }, n) =>
    writer.push({ kind: 'store', to, at: specialiseIndex(at, replace), value: lets[n] }),
  );
}

function replacing(places: ReadonlyMap<Axis, Places>): (part: Atom) => Index | undefined {
  return (part) => (part.kind === 'axis' ? places.get(part)?.base : undefined);
}

function inRange(at: Axis, extent: Index): Scalar {
  return apply('lt', indexValue(toIndex(at)), indexValue(extent));
}

function divides(count: number, extent: Index): boolean {
  return constantOf(mod(extent, toIndex(count))) === 0;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
