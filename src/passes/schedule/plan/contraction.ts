// Contractions in lanes: what is staged, which axes are merged, in which order the loops stand, and the register tile.
import { axis as newAxis, constantOf, printIndex, toIndex, type Axis } from '../../../ir/index.js';
import type { Nest, TargetTraits } from '../../../ir/program.js';
import type { Scalar } from '../../../ir/scalar.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import type { Coalesce, LoopPlan, NestPlan, Shape, Split, Stage, Tail } from '../../../ir/nest/plans.js';
import { applyStage, coalesceAxes, coalesced, coalesceFolds } from '../../../ir/nest/reshape.js';
import type { Sides } from '../../../ir/nest/sides.js';
import { estimated, iterationsOf, type Estimate } from '../../../ir/nest/sizes.js';
import { addressesOf, dense, foldsOf, readsOwn, strideAt } from '../../../ir/nest/strides.js';
import { runs } from './shape.js';
import { isShortInside, panelsOf, stagePanel, stageRows, stageRun, strideOfSide } from './staging.js';

/** Fewer rows do not pay for staging the columns; nor do fewer for columns of several axes, which staging makes one run. */
export const rowsToStage = 8;
const rowsForRuns = 6;
/** Fewer rows read what is staged so seldom that it may lie further away. */
const rowsToBeNear = 16;
/** Fewer rows keep near what they store and read beside, so that turned panels need not stand together. */
const rowsOfTurned = 512;
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

/** Where no product needs a register of its own, twelve sums are left enough of sixteen, a row of them at a time. */
const tilesOfFused: typeof tiles = [[6, 8, 1.12], ...tiles];

/** Where neighbouring vectors become one of eight lanes: sixteen columns are two of them. A tile of four columns has none. */
const tilesOfWide: typeof tiles = [
  [3, 16, 1],
  [4, 16, 0.95],
  [2, 16, 0.95],
  [6, 8, 0.77],
  [4, 8, 0.72],
  [3, 8, 0.68],
  [1, 16, 0.6],
  [2, 8, 0.5],
  [6, 4, 0.45],
  [4, 4, 0.4],
  [3, 4, 0.36],
  [1, 8, 0.35],
  [2, 4, 0.3],
  [1, 4, 0.2],
];

/** The same, fused: twelve sums of eight lanes. */
const tilesOfWideFused: typeof tiles = [
  [6, 16, 1],
  [4, 16, 0.92],
  [3, 16, 0.7],
  [6, 8, 0.7],
  [4, 8, 0.55],
  [2, 16, 0.5],
  [3, 8, 0.4],
  [6, 4, 0.36],
  [2, 8, 0.3],
  [4, 4, 0.28],
  [1, 16, 0.27],
  [3, 4, 0.25],
  [2, 4, 0.2],
  [1, 8, 0.15],
  [1, 4, 0.1],
];

/** Of more rows than these, those that overlapped tiles make twice are too few for tiles of their own. */
const fewInFours = 40;

/** Loops of fewer rounds within others do not pay for tiles of two heights. */
const shortOfTwo = 64;

/** A fused multiply-add takes as long as so many can begin: with fewer sums, each waits for itself. */
const sumsUnderWay = 8;

/** A contraction on its way to a plan. */
interface Choice {
  readonly nest: Nest;
  readonly sides: Sides;
  /** The axes of the fold, outermost first. */
  readonly order: readonly Axis[];
  /** The longest axis of rows. */
  readonly u: Axis | undefined;
  /** The axis of lanes: the innermost of the columns, or those that are merged. */
  readonly v: Axis;
  readonly tile: readonly [rows: number, columns: number];
  readonly tail: Tail;
  /** Do enough rows meet each of the columns? */
  readonly reused: boolean;
  /** Do the columns lie in panels as they are? */
  readonly lies: boolean;
  /** Columns that are staged as one run, and the axis that they become where they are several. */
  readonly run?: readonly Axis[];
  readonly merge?: Coalesce;
}

/** What is staged of both sides; `panels`: how many of the columns' at once. */
interface Staging {
  readonly rows?: Stage;
  readonly columns?: Stage;
  readonly panels: number;
}

/** Undefined where lanes cannot serve. */
export function planContraction(
  nest: Nest,
  shape: Shape,
  sides: Sides,
  target: TargetTraits,
  estimate: Estimate,
): NestPlan | undefined {
  const most = shape.blocks ? nearAtMost(sides, target, estimate) : wholeAtMost;
  const first = choose(nest, sides, most, target, estimate);
  const outer = axesOutside(first, estimate);
  const made = stagedBy(nest, first, outer.length, target, estimate);
  const uneven = endsInFours(first) && isBroken(made.folds, estimate);
  const choice: Choice = uneven ? { ...first, tile: [4, first.tile[1]] } : first;
  const {
    staging,
    stages,
    mergeColumns,
    mergeFolds,
    folds: stagedFolds,
  } = uneven ? stagedBy(nest, choice, outer.length, target, estimate) : made;
  const { order } = choice;
  const { columns } = staging;
  const lanes = columns !== undefined || vectorise(sides.vSide, sides.v) !== undefined;
  // Lanes along the fold do as well where it is dense on both sides.
  if (!lanes && !vectorise(sides.fold.body, order[order.length - 1])) return undefined;
  const folds = [...new Set([...stagedFolds.flatMap((f) => f.over), ...order])];
  return {
    kind: 'nest',
    role: 'contraction',
    shape,
    stages,
    mergeColumns,
    mergeFolds,
    loops: [...outer.map((axis) => one(axis, choice)), ...loopsInside(choice, staging, lanes, estimate)],
    folds,
    unrolled: folds.filter((a) => constantOf(a.extent) === 1),
    foldLanes: folds,
    text: described(choice, staging, lanes, stagedFolds.find((f) => f.op === 'add')?.over ?? order),
  };
}

/** What is staged, and the folds of the nest that reads it. */
function stagedBy(nest: Nest, choice: Choice, outside: number, target: TargetTraits, estimate: Estimate) {
  const { order, merge } = choice;
  const staging = stagingOf(choice, outside, target, estimate);
  const { rows, columns } = staging;
  const stages = [...(rows ? [rows] : []), ...(columns ? [columns] : [])];
  const mergeColumns = merge ? [merge] : [];
  const staged = coalesceAxes(stages.reduce(applyStage, nest), mergeColumns);
  const mergeFolds = stages.length > 0 ? runs(order, addressesOf(staged)) : [];
  return { staging, stages, mergeColumns, mergeFolds, folds: foldsOf(coalesceFolds(staged, mergeFolds)) };
}

/** Are there several loops of the fold, the innermost of few rounds? Tiles of two heights would set them up twice. */
function isBroken(folds: ReturnType<typeof foldsOf>, estimate: Estimate): boolean {
  return folds.some(({ over }) => {
    const loops = over.filter((a) => constantOf(a.extent) !== 1);
    return loops.length > 1 && iterationsOf(loops.slice(-1), estimate) < shortOfTwo;
  });
}

/** `most`: how many elements may be staged as one run. */
function choose(nest: Nest, sides: Sides, most: number, target: TargetTraits, estimate: Estimate): Choice {
  const size = (axis: Axis): number => iterationsOf([axis], estimate);
  const order = foldOrder(sides.fold, sides.uSide, estimate);
  const [u] = rowsBySize(sides, estimate);
  const reused = areReused(sides, estimate);
  const rows = u && size(u);
  const [, width] = chooseTile(rows, size(sides.v), sides.v, target);
  const lies = arePanels(sides, order, width, estimate);
  const run = reused && !lies ? longColumns(nest, sides, order, most, estimate) : undefined;
  const merge = run && run.length > 1 ? coalesced(run) : undefined;
  const v = merge ? merge.into : sides.v;
  const tail: Tail = readsOwn(nest) ? 'exact' : 'overlap';
  return { nest, sides, order, u, v, tile: chooseTile(rows, size(v), v, target), tail, reused, lies, run, merge };
}

function rowsBySize({ rows }: Sides, estimate: Estimate): Axis[] {
  return [...rows].sort((a, b) => iterationsOf([b], estimate) - iterationsOf([a], estimate));
}

function inOrderOfStride(axes: readonly Axis[], nest: Nest, estimate: Estimate): Axis[] {
  return [...axes].sort((a, b) => strideIn(nest, b, estimate) - strideIn(nest, a, estimate));
}

/** The loops around both sides: of the batch, and of columns that are not merged. */
function axesOutside({ nest, sides, v, merge }: Choice, estimate: Estimate): Axis[] {
  const others = sides.columns.filter((a) => a !== v && !(merge?.axes.includes(a) ?? false));
  return [...inOrderOfStride(sides.batch, nest, estimate), ...inOrderOfStride(others, nest, estimate)];
}

/** `outside`: how many loops stand around both sides. */
function stagingOf(choice: Choice, outside: number, { fma }: TargetTraits, estimate: Estimate): Staging {
  const { nest, sides, order, u, v, tile, tail, reused, lies, run, merge } = choice;
  const [tileRows, tileColumns] = tile;
  const inPlace = vectorise(sides.vSide, sides.v) !== undefined;
  const short = reused && isShortInside(nest, sides, order, run, estimate);
  const rows = stageRows(sides, order, u, tileRows, tail, short, estimate);
  const near = rows !== undefined || (u !== undefined && strideOfSide(sides.uSide, order, estimate) === 1);
  const many = reused && !merge && (inPlace ? fma && near : iterationsOf(sides.rows, estimate) >= rowsOfTurned);
  const panels = many ? panelsOf(v, tileColumns, iterationsOf(order, estimate), tail, inPlace) : 1;
  if (!reused || lies) return { rows, panels };
  if (merge && run) return { rows, columns: stageRun(sides, order, run, outside), panels };
  if (tileColumns < 4) return { rows, panels };
  return { rows, columns: stagePanel(sides, order, tileColumns, panels, outside + 1, inPlace), panels };
}

function one(axis: Axis, { tail }: Choice): LoopPlan {
  return { axis, tile: 1, tail };
}

/** The loops over rows and over the tiles of columns; panels that are staged together have one around both. */
function loopsInside(choice: Choice, { panels }: Staging, lanes: boolean, estimate: Estimate): LoopPlan[] {
  const { nest, sides, u, v, tail } = choice;
  const [rows, columns] = choice.tile;
  const columnLoop: LoopPlan = { axis: v, tile: lanes ? columns : 1, tail, ...(lanes && { lanes: true as const }) };
  const others = inOrderOfStride(rowsBySize(sides, estimate).slice(1), nest, estimate);
  const rowTail = endsInFours(choice) ? 'exact' : tail;
  const rowLoops = [...others.map((axis) => one(axis, choice)), ...(u ? [{ axis: u, tile: rows, tail: rowTail }] : [])];
  if (panels === 1) return [columnLoop, ...rowLoops];
  return [{ axis: v, tile: panels * columns, tail }, ...rowLoops, columnLoop];
}

function described(choice: Choice, staging: Staging, lanes: boolean, fold: readonly Axis[]): string {
  const { u, v, merge } = choice;
  const [rows, columns] = choice.tile;
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const by = staging.panels > 1 ? `${staging.panels} panels` : 'panel';
  return [
    `contraction: v=${show([v])}`,
    ...(u ? [` u=${show([u])}`] : []),
    ` fold=${show(fold)}`,
    ...(lanes ? [` tile ${u ? rows : 1}x${columns}`] : []),
    ...(merge ? [', v side staged whole'] : staging.columns ? [`, v side staged by ${by}`] : []),
    ...(staging.rows ? [', u side staged'] : []),
  ].join('');
}

function strideIn(nest: Nest, axis: Axis, estimate: Estimate): number {
  return strideAt(nest.stores[0].at, axis, estimate) ?? 0;
}

/** Best of weight × useful share. A narrow axis takes a narrow tile; what does not fill a tile is computed twice. */
export function chooseTile(
  rows: number | undefined,
  columns: number,
  v: Axis,
  { fma, wide }: Pick<TargetTraits, 'fma' | 'wide'>,
): readonly [number, number] {
  const useful = (extent: number, tile: number): number =>
    extent < tile ? 0 : extent / (Math.ceil(extent / tile) * tile);
  const usefulRows = (extent: number, tile: number, weight: number): number => {
    const fours = tile === 6 ? inFours(extent) : 0;
    return fours > 0 ? extent / (extent - fours + fours * weight) : useful(extent, tile);
  };
  let best: readonly [number, number] = [1, 1];
  let score = 0;
  const list = wide ? (fma ? tilesOfWideFused : tilesOfWide) : fma ? tilesOfFused : tiles;
  for (const [u, width, measured] of list) {
    const weight = fma && !wide ? Math.min(measured, (u * width) / 4 / sumsUnderWay) : measured;
    if (rows === undefined && u > 1) continue;
    if (width > (constantOf(v.extent) ?? Infinity)) continue;
    const height = width === 8 ? usefulRows(rows ?? 1, u, weight) : useful(rows ?? 1, u);
    const value = weight * height * useful(columns, width);
    if (value > score) [best, score] = [[u, width], value];
  }
  return best;
}

/** Are the last rows made by tiles of four, all others by tiles of six? */
function endsInFours({ u, tile }: Choice): boolean {
  return tile[0] === 6 && tile[1] === 8 && u !== undefined && !u.until && inFours(constantOf(u.extent) ?? 0) > 0;
}

/** How many of few rows are left for tiles of four where the others fill tiles of six; 0 where that does not come out even. */
function inFours(rows: number): number {
  if (rows > fewInFours || rows < 10) return 0;
  return [0, 0, 8, 0, 4, 0][rows % 6] ?? 0;
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
  return iterationsOf(rows, estimate) >= (columns.length > 1 ? rowsForRuns : rowsToStage);
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
  const size = (axes: readonly Axis[]): number => iterationsOf(axes, estimate);
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
  let inner = iterationsOf(order, estimate);
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
  return iterationsOf(rows, estimate) < rowsToBeNear ? 3 * near : near;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
