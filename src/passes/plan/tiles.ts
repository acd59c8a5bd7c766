// Contractions on targets with workgroups: which tile of the result a workgroup makes, and how it stages the two sides.
import { printIndex, type Axis } from '../../ir/index.js';
import type { Nest, TargetTraits } from '../../ir/program.js';
import type { Scalar } from '../../ir/scalar.js';
import { loadsOf } from '../fuse/nests.js';
import { planNest } from './plan.js';
import { reshape } from './reshape.js';
import { sidesOf } from './sides.js';
import { estimated, foldsOf, strideAt } from './strides.js';
import type { Estimate, TilePlan } from './types.js';

/** Fewer products do not pay for staging. */
const leastProducts = 1 << 17;
/** Narrower sides leave most of a tile empty. */
const narrowSide = 8;
/** A workgroup is this many threads wide and high, and takes the fold in blocks as deep. */
const width = 16;
/** Fewer workgroups leave a processor idle. */
const enoughGroups = 64;

/** Elements of a thread, rows by columns. */
const blocks: readonly (readonly [rows: number, columns: number])[] = [
  [4, 4],
  [4, 2],
  [2, 4],
  [2, 2],
  [2, 1],
  [1, 2],
  [1, 1],
];

export function planTiles(nest: Nest, target: TargetTraits, estimate: Estimate): TilePlan | undefined {
  const { shape, role } = planNest(nest, target, estimate);
  if (role !== 'contraction') return undefined;
  const reshaped = reshape(nest, shape);
  const sides = sidesOf(reshaped, estimate);
  if (!sides || new Set(foldsOf(reshaped).map((f) => f.key)).size > 1) return undefined;
  const size = (axes: readonly Axis[]): number => axes.reduce((n, a) => n * estimated(a.extent, estimate), 1);
  const [rows, columns, fold] = [size(sides.rows), size(sides.columns), size(sides.fold.over)];
  const products = rows * columns * fold * size(sides.batch);
  if (Math.min(rows, columns, fold) < narrowSide || products < leastProducts) return undefined;

  const byStore = (a: Axis, b: Axis): number => storeStride(b) - storeStride(a);
  const storeStride = (axis: Axis): number => strideAt(reshaped.stores[0].at, axis, estimate) ?? 0;
  const strides = (side: Scalar, axis: Axis): number[] =>
    loadsOf(side).map(({ at }) => Math.abs(strideAt(at, axis, estimate) ?? 0));
  const largest = new Map(sides.fold.over.map((a) => [a, Math.max(0, ...strides(sides.uSide, a))]));
  const order = [...sides.fold.over].sort((a, b) => (largest.get(b) ?? 0) - (largest.get(a) ?? 0));
  const inner = order[order.length - 1];
  const block = chooseBlock(rows, columns, size(sides.batch));
  const [rowAxes, columnAxes] = [[...sides.rows].sort(byStore), [...sides.columns].sort(byStore)];
  // Neighbouring threads read neighbours in memory.
  const along = (side: Scalar, axis: Axis): 'fold' | 'side' =>
    strides(side, inner).includes(1) && !strides(side, axis).includes(1) ? 'fold' : 'side';
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const tile = { rows: width * block[0], columns: width * block[1], depth: width };
  const batch = sides.batch.length > 0 ? ` each ${show(sides.batch)}` : '';
  return {
    kind: 'tiles',
    shape,
    sides: {
      fold: sides.fold,
      rows: { axes: rowAxes, factors: sides.uFactors, along: along(sides.uSide, rowAxes[rowAxes.length - 1]) },
      columns: { axes: columnAxes, factors: sides.vFactors, along: along(sides.vSide, sides.v) },
      batch: [...sides.batch].sort(byStore),
    },
    order,
    width,
    block: { rows: block[0], columns: block[1] },
    text: `contraction: rows ${show(rowAxes)} columns ${show(columnAxes)} fold ${show(order)}${batch}, tiles of ${tile.rows}x${tile.columns}, ${tile.depth} deep, both sides staged`,
  };
}

/** Products for each number that is read from the workgroup's memory, times the useful share, times how busy a processor is. */
function chooseBlock(rows: number, columns: number, batch: number): readonly [rows: number, columns: number] {
  const tiles = (extent: number, block: number): number => Math.ceil(extent / (width * block));
  const score = ([u, v]: readonly [number, number]): number => {
    const groups = batch * tiles(rows, u) * tiles(columns, v);
    const useful = (rows * columns * batch) / (groups * width * u * width * v);
    return ((u * v) / (u + v)) * useful * Math.min(1, groups / enoughGroups);
  };
  return blocks.reduce((best, block) => (score(block) > score(best) ? block : best));
}
