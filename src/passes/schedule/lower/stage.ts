// Stages: a factor of a fold evaluated into a buffer, by rows, by 4×4 transposes, or element by element.
import { add, constantOf, endOf, mod, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { isLanes, type Scalar } from '../../../ir/scalar.js';
import type { NestPlan, Stage } from '../../../ir/nest/plans.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { writeTiles, type Indices } from './loops.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

/** Writes a nest into the innermost open scope. A stage is filled by one, and nests have stages: so it is given, not imported. */
type WriteNest = (writer: Writer, nest: Nest, plan: NestPlan) => void;

/** Fills the stage's buffer. `copy` has the fold axes, then the columns. */
export function writeCopy(
  writer: Writer,
  copy: Nest,
  stage: Stage,
  outer: ReadonlyMap<Axis, Indices>,
  writeNest: WriteNest,
): void {
  const { tile } = stage;
  const block = tile?.block && outer.get(tile.axis);
  if (block) return writeBeside(writer, copy, stage, outer, { ...block, block: block.base }, writeNest);
  if (!tile?.all) return writeOne(writer, copy, stage, outer, writeNest);
  const beside = tilesBeside(stage);
  if (beside > 1)
    return writeTiles(writer, { axis: tile.axis, tiles: [beside * tile.width], tail: 'exact' }, ({ base }) => {
      writeBeside(writer, copy, stage, outer, { base, count: beside * tile.width }, writeNest);
    });
  writeTiles(writer, { axis: tile.axis, tiles: [tile.width, 1], tail: tile.tail }, (here) => {
    // What is shorter than a tile is read in place.
    if (here.count === tile.width) writeOne(writer, copy, stage, new Map([...outer, [tile.axis, here]]), writeNest);
  });
}

/** Several tiles at once, row by row: a row brings more of it than one takes. */
function writeBeside(
  writer: Writer,
  copy: Nest,
  stage: Stage,
  outer: ReadonlyMap<Axis, Indices>,
  { base, count, block }: Indices,
  writeNest: WriteNest,
): void {
  const { tile } = stage;
  if (!tile) throw new Error(`${stage.buffer.name} has no tiles`);
  const stores = Array.from({ length: count / tile.width }, (_, i) => {
    const here = { base: add(base, i * tile.width), count: tile.width, block };
    return specialiseNest(copy, stage, new Map([...outer, [tile.axis, here]])).stores;
  });
  writeNest(writer, { ...copy, stores: stores.flat() }, loopsOf(stage));
}

/** How many tiles are filled side by side: a row brings more of it than one takes. */
function tilesBeside({ tile, copy }: Stage): number {
  const extent = tile && constantOf(tile.axis.extent);
  if (!tile || extent === undefined || copy.kind !== 'rows') return 1;
  return [4, 2].find((n) => constantOf(mod(endOf(tile.axis), toIndex(n * tile.width))) === 0) ?? 1;
}

function writeOne(
  writer: Writer,
  copy: Nest,
  stage: Stage,
  outer: ReadonlyMap<Axis, Indices>,
  writeNest: WriteNest,
): void {
  const bound = specialiseNest(copy, stage, outer);
  if (stage.copy.kind === 'transpose' && writeTransposed(writer, bound, stage)) return;
  writeNest(writer, bound, loopsOf(stage));
}

/** The copy's loops as the plan of a nest. */
function loopsOf({ copy: { loops } }: Stage): NestPlan {
  return {
    kind: 'nest',
    role: 'elementwise',
    shape: { split: [], axes: [], folds: [] },
    stages: [],
    mergeColumns: [],
    mergeFolds: [],
    loops,
    folds: [],
    unrolled: [],
    foldLanes: [],
    text: '',
  };
}

/** The copy with the axes that are bound already replaced by where they stand. */
function specialiseNest(copy: Nest, { tile }: Stage, outer: ReadonlyMap<Axis, Indices>): Nest {
  const at = new Map<unknown, Index>([...outer].map(([axis, { base }]) => [axis, base]));
  const here = tile && outer.get(tile.axis);
  if (tile && here) at.set(tile.base, here.base);
  if (tile?.block && here?.block) at.set(tile.block.base, here.block);
  const memo = new Map<string, Scalar>();
  return {
    ...copy,
    stores: copy.stores.map((s) => ({
      to: s.to,
      at: specialiseIndex(s.at, (part) => at.get(part), memo),
      value: specialise(s.value, (part) => at.get(part), memo),
    })),
  };
}

/** By blocks of 4×4: loaded along the axis where the source is dense, stored along the one where the buffer is. */
function writeTransposed(writer: Writer, copy: Nest, stage: Stage): boolean {
  const folds = copy.axes.slice(0, stage.over.length);
  const columns = copy.axes.slice(stage.over.length);
  const [fold, column] = [folds[folds.length - 1], columns[columns.length - 1]];
  const [from, to] = [fold, column];
  const [store] = copy.stores;
  const value = vectorise(store.value, from);
  const short = [from, to].some((a) => (constantOf(a.extent) ?? 4) < 4);
  if (!value || !isLanes(value) || short) return false;
  const others = copy.axes.filter((a) => a !== from && a !== to);
  const block = (at: ReadonlyMap<Axis, Index>, source: Index, target: Index): void => {
    writer.open();
    const place = (i: number, j: number) => (part: { kind: string }) =>
      part === from ? add(source, i) : part === to ? add(target, j) : at.get(part as Axis);
    const names = [0, 1, 2, 3].map((j) => {
      const local = writer.let(writer.depth, { base: 't', numbered: true }, specialise(value, place(0, j)), true);
      if (local.kind !== 'local') throw new Error('a let is a local');
      return local;
    });
    writer.push({ kind: 'transpose', names: [names[0].name, names[1].name, names[2].name, names[3].name] });
    names.forEach((local, i) =>
      writer.push({ kind: 'store', to: store.to, at: specialiseIndex(store.at, place(i, 0)), value: local }),
    );
    writer.flatten();
  };
  const loops = (rest: readonly Axis[], at: ReadonlyMap<Axis, Index>): void => {
    const [first, ...more] = rest;
    if (first)
      return writeTiles(writer, { axis: first, tiles: [1], tail: 'exact' }, ({ base }) => {
        loops(more, new Map([...at, [first, base]]));
      });
    writeTiles(writer, { axis: from, tiles: [4, 1], tail: 'overlap' }, (source) => {
      const wide = source.count === 4;
      const width = constantOf(to.extent);
      const tiles = !wide ? [1] : width !== undefined && width <= 16 && width % 4 === 0 ? [width] : [4, 1];
      writeTiles(writer, { axis: to, tiles, tail: 'overlap' }, (target) => {
        if (wide && target.count % 4 === 0) {
          for (let j = 0; j < target.count; j += 4) block(at, source.base, add(target.base, j));
          return;
        }
        // Shorter than a block: its elements one by one.
        for (let i = 0; i < source.count; i++)
          for (let j = 0; j < target.count; j++) {
            const replace = (part: { kind: string }): Index | undefined =>
              part === from ? add(source.base, i) : part === to ? add(target.base, j) : at.get(part as Axis);
            const one = specialise(store.value, replace);
            writer.push({ kind: 'store', to: store.to, at: specialiseIndex(store.at, replace), value: one });
          }
      });
    });
  };
  loops(others, new Map());
  return true;
}
