// What a contraction stages: columns as one run or in panels of a tile, rows in tiles; and the buffers that they are staged in.
import {
  add,
  axis as newAxis,
  axisLike,
  constantOf,
  mod,
  mul,
  product,
  toIndex,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import type { Stage, Tail } from '../../../ir/nest/plans.js';
import { applyStage } from '../../../ir/nest/reshape.js';
import type { Sides } from '../../../ir/nest/sides.js';
import { estimated, iterationsOf, type Estimate } from '../../../ir/nest/sizes.js';
import { addressesOf, axesOfValue, strideAt } from '../../../ir/nest/strides.js';
import type { Nest } from '../../../ir/program.js';
import { someOf } from '../../../ir/walk.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';
import { planCopy } from './copy.js';
import { runs } from './shape.js';

/** From so long a fold on the rows that a tile reads in place would leave no room for the panel in the second cache. */
const deep = 1024;
/** So many rows, or so many columns that meet them, pay for staging rows; never fewer of either. */
const [manyRows, manyColumns, fewRows, leastColumns] = [200, 128, 32, 16];
/** Shorter panels lie near each other as it is; those that are turned gain from whole lines of what many rows store and read beside. */
const [depthOfPanels, depthOfTurned] = [256, 64];
/** What panels may hold together, in elements: a part of the second cache, and half of the first where nothing else is gained. */
const [panelsAtMost, turnedAtMost] = [32 * 1024, 4 * 1024];
/** So many halves are staged only because they are halves. */
const widenedAtMost = 64 * 1024;
/** Loops of fewer rounds are set up too often: with both sides staged, the fold is one loop. */
const shortFold = 64;

/** How far apart staged rows of so many columns lie: whole vectors apart, and a multiple of 32 apart they would fall on few cache sets. */
export function pitchOf(columns: number): number {
  const whole = 4 * Math.ceil(columns / 4);
  return whole % 32 === 0 ? whole + 8 : whole;
}

export function stageRun(sides: Sides, over: readonly Axis[], run: readonly Axis[], position: number): Stage {
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
export function panelsOf(v: Axis, width: number, depth: number, tail: Tail, inPlace: boolean): number {
  const columns = constantOf(v.extent);
  if (columns === undefined || width !== 8 || depth < (inPlace ? depthOfPanels : depthOfTurned)) return 1;
  const fits = (panels: number): boolean =>
    columns >= panels * width &&
    depth * panels * width <= (inPlace ? panelsAtMost : turnedAtMost) &&
    (!v.until || constantOf(mod(v.until, toIndex(panels * width))) === 0) &&
    (tail === 'overlap' ? Math.ceil(columns / width) : columns / width) % panels === 0;
  return [4, 3, 2].find(fits) ?? 1;
}

export function stagePanel(
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
export function isShortInside(
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
  return inner.length < looped.length && iterationsOf(inner, estimate) < shortFold;
}

/** How far apart neighbours of the innermost axis of the fold are. */
export function strideOfSide(side: Scalar, over: readonly Axis[], estimate: Estimate): number | undefined {
  return side.kind === 'load' ? strideAt(side.at, over[over.length - 1], estimate) : undefined;
}

/** Are rows so many, and so far apart in the fold, that reading them in place is dearer than staging them? */
function areFarApart(sides: Sides, over: readonly Axis[], u: Axis, estimate: Estimate): boolean {
  const depth = iterationsOf(over, estimate);
  const columns = iterationsOf(sides.columns, estimate);
  const few = depth >= deep || columns >= manyColumns ? fewRows : manyRows;
  if (estimated(u.extent, estimate) < few || columns < leastColumns) return false;
  const stride = strideOfSide(sides.uSide, over, estimate);
  return stride !== undefined && stride >= 64;
}

/** The u side by tiles of rows, [tile][fold][row]: pays where rows are many and far apart, or where the fold would be short loops. */
export function stageRows(
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
  const widened = areWidened(sides, over, u, estimate);
  if (!short && !widened && !areFarApart(sides, over, u, estimate)) return undefined;
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
    copy: planCopy(widened ? kindOfCopy(sides.uSide, over, width) : 'rows', again(over), [newAxis('column', width)]),
  };
}

/** Are rows halves that meet several tiles of columns? Staging makes f32 of them once, where that takes little of what halves have saved. */
function areWidened({ uSide, columns }: Sides, over: readonly Axis[], u: Axis, estimate: Estimate): boolean {
  const few = estimated(u.extent, estimate) * iterationsOf(over, estimate) <= widenedAtMost;
  const halves = someOf(uSide, (part) => part.kind === 'load' && part.from.dtype === 'f16');
  return few && halves && iterationsOf(columns, estimate) >= leastColumns;
}

/** Four rows are read along the fold, as vectors, where they lie so. */
function kindOfCopy(side: Scalar, over: readonly Axis[], width: number): 'rows' | 'transpose' {
  const along = vectorise(side, over[over.length - 1]);
  return width % 4 === 0 && along && along !== side ? 'transpose' : 'rows';
}

/** The same axes once more, for the loops of a copy. */
export function again(axes: readonly Axis[]): Axis[] {
  return axes.map(axisLike);
}

export function scratch(name: string, length: Index): Buffer {
  return { name, space: 'scratch', dtype: 'f32', length: toIndex(length) };
}
