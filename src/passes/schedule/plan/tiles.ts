// Contractions on targets with workgroups: which tile of the result a workgroup makes, and how it stages the two sides.
import { printIndex, type Axis } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { local, type Scalar } from '../../../ir/scalar.js';
import { loadsOf } from '../../../ir/loads.js';
import { inQuads, storesInQuads } from '../../../ir/nest/quads.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { sidesOf } from '../../../ir/nest/sides.js';
import { foldsOf, strideAt } from '../../../ir/nest/strides.js';
import { iterationsOf } from '../../../ir/nest/sizes.js';
import type { NestPlan, TilePlan, TileSide } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';

/** Fewer products do not pay for staging. */
const leastProducts = 1 << 17;
/** Narrower sides leave most of a tile empty. */
const narrowSide = 8;
/** Fewer workgroups leave a processor idle. */
const enoughGroups = 64;

type Tiling = Pick<TilePlan, 'threads' | 'block' | 'depth'> & { readonly weight: number };

/**
 * Larger tiles load less from outside, larger blocks less from the workgroup's memory, each with what it gains. Both sides fit in the
 * 16 KiB that a workgroup has everywhere, and its 256 threads.
 */
const tilings: readonly Tiling[] = [
  { threads: { down: 16, across: 16 }, block: { rows: 8, columns: 8 }, depth: 8, weight: 1 },
  { threads: { down: 16, across: 16 }, block: { rows: 8, columns: 4 }, depth: 16, weight: 0.9 },
  { threads: { down: 16, across: 16 }, block: { rows: 4, columns: 4 }, depth: 16, weight: 0.7 },
  { threads: { down: 8, across: 8 }, block: { rows: 4, columns: 4 }, depth: 32, weight: 0.45 },
  { threads: { down: 16, across: 4 }, block: { rows: 4, columns: 4 }, depth: 32, weight: 0.4 },
  { threads: { down: 4, across: 16 }, block: { rows: 4, columns: 4 }, depth: 32, weight: 0.4 },
];

/** `shape` and `role` are those of the nest planned for one thread. */
export function planTiles(
  nest: Nest,
  { shape, role }: Pick<NestPlan, 'shape' | 'role'>,
  estimate: Estimate,
): TilePlan | undefined {
  if (role !== 'contraction') return undefined;
  const reshaped = reshape(nest, shape);
  const sides = sidesOf(reshaped, estimate);
  if (!sides || new Set(foldsOf(reshaped).map((f) => f.key)).size > 1) return undefined;
  const size = (axes: readonly Axis[]): number => iterationsOf(axes, estimate);
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
  // Neighbouring threads read neighbours in memory.
  const sideOf = (axes: readonly Axis[], factors: readonly Scalar[], side: Scalar): TileSide => {
    const sorted = [...axes].sort(byStore);
    const last = sorted[sorted.length - 1];
    const along = strides(side, inner).includes(1) && !strides(side, last).includes(1) ? 'fold' : 'side';
    const quads = inQuads(side, along === 'fold' ? inner : last) !== undefined;
    return { axes: sorted, factors, along, quads };
  };
  const sum = new Map([[sides.fold.key, local('sum', 'f32', 4)]]);
  const { threads, block, depth } = chooseTiling(rows, columns, size(sides.batch));
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const batch = sides.batch.length > 0 ? ` each ${show(sides.batch)}` : '';
  const columnSide = sideOf(sides.columns, sides.vFactors, sides.vSide);
  const rowSide = sideOf(sides.rows, sides.uFactors, sides.uSide);
  return {
    kind: 'tiles',
    shape,
    sides: { fold: sides.fold, rows: rowSide, columns: columnSide, batch: [...sides.batch].sort(byStore) },
    order,
    threads,
    block,
    depth,
    quads: storesInQuads(reshaped, columnSide.axes[columnSide.axes.length - 1], sum) !== undefined,
    text: `contraction: rows ${show(rowSide.axes)} columns ${show(columnSide.axes)} fold ${show(order)}${batch}, tiles of ${threads.down * block.rows}x${threads.across * block.columns}, ${depth} deep, ${block.rows}x${block.columns} a thread`,
  };
}

/** What a tile gains, times the useful share, times how busy a processor is. */
function chooseTiling(rows: number, columns: number, batch: number): Tiling {
  const score = ({ threads, block, weight }: Tiling): number => {
    const [height, width] = [threads.down * block.rows, threads.across * block.columns];
    const groups = batch * Math.ceil(rows / height) * Math.ceil(columns / width);
    const useful = (rows * columns * batch) / (groups * height * width);
    return weight * useful * Math.min(1, groups / enoughGroups);
  };
  return tilings.reduce((best, tiling) => (score(tiling) > score(best) ? tiling : best));
}
