// Contractions in lanes: what is staged, which axes are merged, in which order the loops stand, and the register tile.
import {
  add,
  axis as newAxis,
  constantOf,
  mul,
  printIndex,
  product,
  toIndex,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import type { Nest, TargetTraits } from '../../../ir/program.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { applyStage, coalesceAxes, coalesced, coalesceFolds } from '../../../ir/nest/reshape.js';
import { addressesOf, axesOfValue, dense, foldsOf, readsOwn, strideAt } from '../../../ir/nest/strides.js';
import { estimated, placesOf } from '../../../ir/nest/sizes.js';
import { planCopy } from './copy.js';
import { runs } from './shape.js';
import type { Sides } from '../../../ir/nest/sides.js';
import type { LoopPlan, NestPlan, Shape, Split, Stage, Tail } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';

/** Fewer rows do not pay for staging the columns; nor do fewer for columns of several axes, which staging makes one run. */
export const rowsToStage = 8;
const rowsForRuns = 6;
/** From so long a fold on the rows that a tile reads in place would leave no room for the panel in the second cache. */
const deep = 1024;
/** So many rows, or so many columns that meet them, pay for staging rows; never fewer of either. */
const [manyRows, manyColumns, fewRows, leastColumns] = [200, 128, 32, 16];
/** Shorter panels lie near each other as it is. */
const depthOfPanels = 256;
/** What panels may hold together, in elements: a part of the second cache. */
const panelsAtMost = 32 * 1024;
/** Loops of fewer rounds are set up too often: with both sides staged, the fold is one loop. */
const shortFold = 32;
/** Fewer rows read what is staged so seldom that it may lie further away. */
const rowsToBeNear = 16;
/** The longest run that is staged whole where it cannot be taken apart. */
const wholeAtMost = 256 * 1024;

/** Register tiles, rows by columns, with their measured weight. */
const tiles: readonly (readonly [rows: number, columns: number, weight: number])[] = [
  [4, 8, 1],
  [2, 16, 0.97],
  [3, 8, 0.92],
  [6, 4, 0.8],
  [2, 8, 0.75],
  [4, 4, 0.72],
  [3, 4, 0.62],
  [1, 16, 0.6],
  [2, 4, 0.5],
  [1, 8, 0.45],
  [1, 4, 0.3],
];

/** A fused multiply-add takes as long as so many can begin: with fewer sums, each waits for itself. */
const sumsUnderWay = 8;

/** Undefined where lanes cannot serve. */
export function planContraction(
  nest: Nest,
  shape: Shape,
  sides: Sides,
  target: TargetTraits,
  estimate: Estimate,
): NestPlan | undefined {
  const { fold, columns } = sides;
  const { fused } = target;
  const size = (axes: readonly Axis[]): number => placesOf(axes, estimate);
  const byStride = (a: Axis, b: Axis): number => strideIn(nest, b, estimate) - strideIn(nest, a, estimate);
  const rows = [...sides.rows].sort((a, b) => size([b]) - size([a]));
  const order = foldOrder(fold, sides.uSide, estimate);
  const u = rows[0];
  const reused = areReused(sides, estimate);

  const most = shape.blocks ? nearAtMost(sides, target, estimate) : wholeAtMost;
  const [, width] = chooseTile(u && size([u]), size([sides.v]), sides.v, fused);
  const lies = arePanels(sides, order, width, estimate);
  const run = reused && !lies ? longColumns(nest, sides, order, most, estimate) : undefined;
  const merge = run && run.length > 1 ? coalesced(run) : undefined;
  const v = merge ? merge.into : sides.v;
  const others = columns.filter((a) => a !== v && !(merge?.axes.includes(a) ?? false));
  const outer = [...[...sides.batch].sort(byStride), ...others.sort(byStride)];
  const [tileRows, tileColumns] = chooseTile(u && size([u]), size([v]), v, fused);

  const tail: Tail = readsOwn(nest) ? 'exact' : 'overlap';
  const inPlace = vectorise(sides.vSide, sides.v) !== undefined;
  const short = reused && isShortInside(nest, sides, order, run, estimate);
  const uStage = stageRows(sides, order, u, tileRows, tail, short, estimate);
  const uNear = uStage !== undefined || (u !== undefined && strideOfSide(sides.uSide, order, estimate) === 1);
  const panels = fused && reused && uNear && inPlace && !merge ? panelsOf(v, tileColumns, size(order), tail) : 1;
  const vStage = (): Stage | undefined => {
    if (!reused || lies) return undefined;
    if (merge && run) return stageRun(sides, order, run, outer.length);
    if (tileColumns < 4) return undefined;
    return stagePanel(sides, order, tileColumns, panels, outer.length + 1, inPlace);
  };
  const stages = [...(uStage ? [uStage] : []), ...list(vStage())];

  const mergeColumns = merge ? [merge] : [];
  const staged = coalesceAxes(stages.reduce(applyStage, nest), mergeColumns);
  const mergeFolds = stages.length > 0 ? runs(order, addressesOf(staged)) : [];
  const stagedFolds = coalesceFolds(staged, mergeFolds);
  const lanes = inPlace || stages.some((s) => s !== uStage);
  // Lanes along the fold do as well where it is dense on both sides.
  if (!lanes && !vectorise(fold.body, order[order.length - 1])) return undefined;
  const columnLoop: LoopPlan = { axis: v, tile: lanes ? tileColumns : 1, tail, ...(lanes && { lanes: true as const }) };
  const one = (axis: Axis): LoopPlan => ({ axis, tile: 1, tail });
  const rowLoops = [...rows.slice(1).sort(byStride).map(one), ...(u ? [{ axis: u, tile: tileRows, tail }] : [])];
  const blockLoop: LoopPlan = { axis: v, tile: panels * tileColumns, tail };
  const inner = panels > 1 ? [blockLoop, ...rowLoops, columnLoop] : [columnLoop, ...rowLoops];
  const loops = [...outer.map(one), ...inner];
  const foldAxes = foldsOf(stagedFolds).flatMap((f) => f.over);
  const folds = [...new Set([...foldAxes, ...order])];
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const by = panels > 1 ? `${panels} panels` : 'panel';
  const text = [
    `contraction: v=${show([v])}`,
    ...(u ? [` u=${show([u])}`] : []),
    ` fold=${show(foldsOf(stagedFolds).find((f) => f.op === 'add')?.over ?? order)}`,
    ...(lanes ? [` tile ${u ? tileRows : 1}x${tileColumns}`] : []),
    ...(merge ? [', v side staged whole'] : stages.some((s) => s !== uStage) ? [`, v side staged by ${by}`] : []),
    ...(uStage ? [', u side staged'] : []),
  ].join('');
  return {
    kind: 'nest',
    role: 'contraction',
    shape,
    stages,
    mergeColumns,
    mergeFolds,
    loops,
    folds,
    unrolled: folds.filter((a) => constantOf(a.extent) === 1),
    foldLanes: folds,
    text,
  };
}

function list<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** How far apart neighbours of the innermost axis of the fold are. */
function strideOfSide(side: Scalar, over: readonly Axis[], estimate: Estimate): number | undefined {
  return side.kind === 'load' ? strideAt(side.at, over[over.length - 1], estimate) : undefined;
}

function strideIn(nest: Nest, axis: Axis, estimate: Estimate): number {
  return strideAt(nest.stores[0].at, axis, estimate) ?? 0;
}

/** Best of weight × useful share. A narrow axis takes a narrow tile; what does not fill a tile is computed twice. */
export function chooseTile(
  rows: number | undefined,
  columns: number,
  v: Axis,
  fused = false,
): readonly [number, number] {
  const useful = (extent: number, tile: number): number =>
    extent < tile ? 0 : extent / (Math.ceil(extent / tile) * tile);
  let best: readonly [number, number] = [1, 1];
  let score = 0;
  for (const [u, width, measured] of tiles) {
    const weight = fused ? Math.min(measured, (u * width) / 4 / sumsUnderWay) : measured;
    if (rows === undefined && u > 1) continue;
    if (width > (constantOf(v.extent) ?? Infinity)) continue;
    const value = weight * useful(rows ?? 1, u) * useful(columns, width);
    if (value > score) [best, score] = [[u, width], value];
  }
  return best;
}

/** Descending stride of the u side, so that its pointers move least. */
export function foldOrder(fold: Sides['fold'], uSide: Scalar, estimate: Estimate): Axis[] {
  const stride = (axis: Axis): number => {
    const at = uSide.kind === 'load' ? strideAt(uSide.at, axis, estimate) : undefined;
    return Math.abs(at ?? 0);
  };
  const strides = new Map(fold.over.map((a) => [a, stride(a)]));
  return [...fold.over].sort((a, b) => (strides.get(b) ?? 0) - (strides.get(a) ?? 0));
}

/** Do enough rows meet each of the columns? */
function areReused({ rows, columns }: Sides, estimate: Estimate): boolean {
  return placesOf(rows, estimate) >= (columns.length > 1 ? rowsForRuns : rowsToStage);
}

/** Do the columns lie in panels of one tile already, each row of the fold behind the one before? */
function arePanels({ v, vSide }: Sides, order: readonly Axis[], width: number, estimate: Estimate): boolean {
  if (vSide.kind !== 'load' || constantOf(v.extent) !== width || strideAt(vSide.at, v, estimate) !== 1) return false;
  return strideAt(vSide.at, order[order.length - 1], estimate) === width;
}

/** Columns that are one run in everything but the v side: the innermost of them, as many as are dense and not too long. */
function longColumns(
  nest: Nest,
  sides: Sides,
  order: readonly Axis[],
  most: number,
  estimate: Estimate,
): Axis[] | undefined {
  const { v, columns } = sides;
  const candidates = columns
    .filter((a) => constantOf(a.extent) !== undefined)
    .sort((a, b) => strideIn(nest, a, estimate) - strideIn(nest, b, estimate));
  if (candidates[0] !== v || candidates.length < 2) return undefined;
  const size = (axes: readonly Axis[]): number => placesOf(axes, estimate);
  const run: Axis[] = [v];
  for (const axis of candidates.slice(1)) {
    if (size([axis, ...run, ...order]) > most) break;
    const trial = applyStage(nest, stageRun(sides, order, [axis, ...run], 0));
    if (!dense(addressesOf(trial), axis, run[0])) break;
    run.unshift(axis);
  }
  return run.length > 1 ? run : undefined;
}

/** The column that is taken apart, so that a run of what is inside can be staged whole and stay near. */
export function blocksOf(nest: Nest, sides: Sides, target: TargetTraits, estimate: Estimate): Split[] {
  if (!areReused(sides, estimate)) return [];
  const near = nearAtMost(sides, target, estimate);
  const order = foldOrder(sides.fold, sides.uSide, estimate);
  const run = longColumns(nest, sides, order, Infinity, estimate) ?? [];
  let inner = placesOf(order, estimate);
  for (const axis of [...run].reverse()) {
    const extent = estimated(axis.extent, estimate);
    if (inner * extent <= near) {
      inner *= extent;
      continue;
    }
    const by = range(2, extent - 1).findLast((n) => extent % n === 0 && inner * n <= near);
    if (by === undefined || axis === sides.v) return [];
    const outer = newAxis(`${axis.name}0`, toIndex(extent / by));
    return [{ axis, by: toIndex(by), outer, inner: newAxis(`${axis.name}1`, toIndex(by)) }];
  }
  return [];
}

/** How many elements are staged together where that can be chosen: what few rows read may be further away. */
function nearAtMost({ rows }: Sides, { near = wholeAtMost }: TargetTraits, estimate: Estimate): number {
  return placesOf(rows, estimate) < rowsToBeNear ? 3 * near : near;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

/** How far apart staged rows of so many columns lie: a multiple of 32 apart they would fall on few cache sets. */
export function pitchOf(columns: number): number {
  return columns % 32 === 0 ? columns + 8 : columns;
}

function stageRun(sides: Sides, over: readonly Axis[], run: readonly Axis[], position: number): Stage {
  const length = run.reduce((n, a) => n * (constantOf(a.extent) ?? 1), 1);
  const pitch = pitchOf(length);
  const kind = vectorise(sides.vSide, sides.v) ? 'rows' : 'columnsFirst';
  const buffer = scratch('columns', mul(product(over.map((a) => a.extent)), pitch));
  return {
    buffer,
    over,
    factors: sides.vFactors,
    columns: run,
    pitch,
    position,
    copy: planCopy(kind, again(over), again(run)),
  };
}

/**
 * How many panels are staged at once, as far as they fill the columns: a row of the v side is read whole, and rows of the u side meet all
 * of them while they are near.
 */
function panelsOf(v: Axis, width: number, depth: number, tail: Tail): number {
  const columns = constantOf(v.extent);
  if (columns === undefined || width !== 8 || depth < depthOfPanels) return 1;
  const fits = (panels: number): boolean =>
    columns >= panels * width &&
    depth * panels * width <= panelsAtMost &&
    (tail === 'overlap' ? Math.ceil(columns / width) : columns / width) % panels === 0;
  return [4, 3, 2].find(fits) ?? 1;
}

function stagePanel(
  sides: Sides,
  over: readonly Axis[],
  width: number,
  panels: number,
  position: number,
  inPlace: boolean,
): Stage {
  const { v, vSide } = sides;
  const inner = over[over.length - 1];
  const along = vectorise(vSide, inner);
  const kind = inPlace ? 'rows' : along && along !== vSide ? 'transpose' : 'columnsFirst';
  const copy = planCopy(kind, again(over), [newAxis('column', width)]);
  const buffer = scratch('panel', mul(product(over.map((a) => a.extent)), panels * width));
  const block = panels > 1 && { block: { base: newAxis(v.name, v.extent), width: panels * width } };
  const tile = { axis: v, base: newAxis(v.name, v.extent), width, all: false, ...block, tail: 'overlap' as const };
  return { buffer, over, factors: sides.vFactors, columns: [], tile, pitch: width, position, copy };
}

/** Are there several loops of the fold, the innermost one short, where the columns are staged and the rows are not? */
function isShortInside(
  nest: Nest,
  sides: Sides,
  order: readonly Axis[],
  run: readonly Axis[] | undefined,
  estimate: Estimate,
): boolean {
  const looped = order.filter((a) => constantOf(a.extent) !== 1);
  const staged = applyStage(nest, stageRun(sides, order, run ?? [sides.v], 0));
  const merged = runs(looped, addressesOf(staged)).find(({ axes }) => axes.includes(looped[looped.length - 1]));
  const inner = merged?.axes ?? looped.slice(-1);
  return inner.length < looped.length && placesOf(inner, estimate) < shortFold;
}

/** Are rows so many, and so far apart in the fold, that reading them in place is dearer than staging them? */
function areFarApart(sides: Sides, over: readonly Axis[], u: Axis, estimate: Estimate): boolean {
  const depth = placesOf(over, estimate);
  const columns = placesOf(sides.columns, estimate);
  const few = depth >= deep || columns >= manyColumns ? fewRows : manyRows;
  if (estimated(u.extent, estimate) < few || columns < leastColumns) return false;
  const stride = strideOfSide(sides.uSide, over, estimate);
  return stride !== undefined && stride >= 64;
}

/** The u side by tiles of rows, [tile][fold][row]: pays where rows are many and far apart, or where the fold would be short loops. */
function stageRows(
  sides: Sides,
  over: readonly Axis[],
  u: Axis | undefined,
  width: number,
  tail: Tail,
  short: boolean,
  estimate: Estimate,
): Stage | undefined {
  if (!u || width < 2 || sides.rows.length > 1) return undefined;
  if (sides.batch.some((a) => axesOfValue(sides.uSide).has(a))) return undefined;
  if (!short && !areFarApart(sides, over, u, estimate)) return undefined;
  const tile = { axis: u, base: newAxis(u.name, u.extent), width, all: true, tail };
  const length = mul(add(u.extent, width), product(over.map((a) => a.extent)));
  const buffer = scratch('rows', length);
  return {
    buffer,
    over,
    factors: sides.uFactors,
    columns: [],
    tile,
    pitch: width,
    position: 0,
    copy: planCopy('rows', again(over), [newAxis('column', width)]),
  };
}

/** The same axes once more, for the loops of a copy. */
export function again(axes: readonly Axis[]): Axis[] {
  return axes.map((a) => newAxis(a.name, a.extent));
}

export function scratch(name: string, length: Index): Buffer {
  return { name, space: 'scratch', dtype: 'f32', length: toIndex(length) };
}
