// Plans for one thread, whose loops run one inside the other: tiles, lanes, what is staged, and in which order.
import { constantOf, printIndex, type Axis } from '../../../ir/index.js';
import type { AnyNest, Nest, TargetTraits } from '../../../ir/program.js';
import type { Scalar } from '../../../ir/scalar.js';
import { elementsOf, partsOf } from '../../../ir/walk.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { blocksOf, planContraction } from './contraction.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { factorsOf, isContraction } from '../../../ir/nest/contraction.js';
import { planCut } from './cut.js';
import { planOrdered } from './ordered.js';
import { chooseStretches } from './stretches.js';
import { planScatter } from './scatter.js';
import { strideOfSide } from './staging.js';
import { chooseShape, phasesOf } from './shape.js';
import { sidesOf, type Sides } from '../../../ir/nest/sides.js';
import { axesOfValue, foldsOf, hasFunction, readsOwn, strideAt, strideOfStore } from '../../../ir/nest/strides.js';
import { costOf } from '../../../ir/nest/cost.js';
import { estimated, iterationsOf } from '../../../ir/nest/sizes.js';
import type { LoopPlan, NestPlan, Plan, Shape, Tail } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';

/** How many instructions a nest may have when it is written out whole. */
const straightLine = 160;
/** How many elements a nest, and how many rounds a fold may have to be written out. */
const mostPlaces = 8;
/** How many elements a window has at most whose fold is written out. */
const mostOfWindow = 16;
/** Below this many instructions tiles do not pay. */
const littleWork = 4_000;

/** Operations for one element of an elementwise nest, from which the code of many is long; a function counts for several. */
const [muchWork, muchOfFunctions] = [40, 80];

export function planSerial(nest: AnyNest, target: TargetTraits, estimate: Estimate): Plan {
  switch (nest.kind) {
    case 'rows': {
      const parts = nest.parts.map((part) => planNest(part, target, estimate));
      const each = parts.map((p) => p.text);
      const totals = nest.totals ? [`totals of ${nest.totals.map((t) => t.name).join(', ')}`] : [];
      const text = `rows ${nest.row.name}:${printIndex(nest.row.extent)}: ${[...each, ...totals].join(' | ')}`;
      return { kind: 'rows', parts, text };
    }
    case 'nest':
      return (
        planOrdered(nest, (round) => planNest(round, target, estimate)) ??
        planScatter(nest, target) ??
        planCut(nest, target, estimate, planNest) ??
        planNest(nest, target, estimate)
      );
    default:
      return nest satisfies never;
  }
}

export function planNest(nest: Nest, target: TargetTraits, estimate: Estimate): NestPlan {
  const shape = chooseShape(nest);
  const reshaped = reshape(nest, shape);
  if (fitsStraightLine(reshaped, estimate) && !(target.lanes && isLongRun(reshaped)))
    return planStraight(reshaped, shape, estimate);
  if (!target.lanes) return planScalar(reshaped, shape, estimate);
  const sides = sidesOf(reshaped, estimate);
  // Convolutions of one channel to one whose columns are not neighbours: lanes that are put together, without a loop over the window.
  if (sides && sides.rows.length === 0 && isFew(sides.fold.over) && !vectorise(sides.vSide, sides.v))
    return planLanes(reshaped, shape, target, estimate, sides.fold.over);
  const other = sides && longerLanes(reshaped, sides, estimate);
  const chosen = other ? sidesOf(reshaped, estimate, other) : sides;
  if (chosen && chosen.rows.length + chosen.columns.length > 0)
    return planSides(reshaped, shape, chosen, target, estimate) ?? planScalar(reshaped, shape, estimate);
  return planLanes(reshaped, shape, target, estimate);
}

function planSides(nest: Nest, shape: Shape, sides: Sides, target: TargetTraits, estimate: Estimate) {
  const blocks = blocksOf(nest, sides, target, estimate);
  if (blocks.length === 0) return planContraction(nest, shape, sides, target, estimate);
  const apart = reshape(nest, { split: blocks, axes: [], folds: [] });
  const inBlocks = sidesOf(apart, estimate, sides.v);
  return inBlocks && planContraction(apart, { ...shape, blocks }, inBlocks, target, estimate);
}

/** Fewer columns, or those that leave the last vector short, are better rows, where the products of an element are worth storing it alone. */
const [fewColumns, productsOfElement] = [16, 32];

/** An axis of rows for lanes, in place of a short axis of columns that no tile divides: its elements are then stored one by one. */
function longerLanes(nest: Nest, { v, rows, fold, uSide }: Sides, estimate: Estimate): Axis | undefined {
  // What else is done with each sum is done in lanes along the columns.
  if (nest.stores.some(({ value }) => value !== fold)) return undefined;
  const columns = constantOf(v.extent) ?? Infinity;
  if (columns >= fewColumns || columns % 4 === 0 || iterationsOf(fold.over, estimate) < productsOfElement)
    return undefined;
  return rows.find((a) => estimated(a.extent, estimate) >= fewColumns && strideOfSide(uSide, [a], estimate) === 1);
}

function fitsStraightLine(nest: Nest, estimate: Estimate): boolean {
  const folds = foldsOf(nest).flatMap((f) => f.over);
  if (folds.some((a) => constantOf(a.extent) === undefined)) return false;
  const count = (axes: readonly Axis[]): number => axes.reduce((n, a) => n * (constantOf(a.extent) ?? 1), 1);
  const points = count(nest.axes);
  const values = nest.stores.map((s) => s.value);
  return points <= mostPlaces && count(folds) <= mostPlaces && points * costOf(values, estimate) <= straightLine;
}

/** One run of a length known at run time, element by element: nothing of it can be written out, and lanes are along it. */
function isLongRun(nest: Nest): boolean {
  const [axis, ...others] = nest.axes.filter((a) => constantOf(a.extent) !== 1);
  return axis !== undefined && others.length === 0 && constantOf(axis.extent) === undefined;
}

/** Everything of fixed size written out. */
function planStraight(nest: Nest, shape: Shape, estimate: Estimate): NestPlan {
  const tiles = new Map(nest.axes.map((a) => [a, constantOf(a.extent) ?? 1]));
  const folds = foldAxesOf(nest);
  return nestPlan(nest, shape, loopsOf(nest, tiles, estimate), { folds, unrolled: folds, note: 'written out' });
}

/** One value at a time: contractions in register tiles of 2×4, the rest in plain loops. */
function planScalar(nest: Nest, shape: Shape, estimate: Estimate): NestPlan {
  const tiles = scalarTiles(nest, estimate);
  const folds = orderFolds(foldAxesOf(nest), foldsOf(nest), estimate);
  const loops = loopsOf(nest, tiles, estimate);
  const block = loops.map((l) => l.tile).filter((t) => t > 1);
  return nestPlan(nest, shape, loops, {
    folds,
    unrolled: writtenOut(nest, folds),
    note: block.length > 0 ? `tile ${block.join('x')}` : '',
  });
}

/** Elementwise nests and reductions: lanes along the axis of stride 1 where the values allow it, and along folds; `written` have no loop. */
function planLanes(
  nest: Nest,
  shape: Shape,
  target: TargetTraits,
  estimate: Estimate,
  written: readonly Axis[] = [],
): NestPlan {
  const folds = orderFolds(foldAxesOf(nest), foldsOf(nest), estimate);
  const unrolled = [...new Set([...written, ...writtenOut(nest, folds)])];
  const v = nest.axes.find((a) => nest.stores.every((s) => strideOfStore(s, a) === 1));
  const inLanes = (packs: boolean): boolean =>
    v !== undefined && nest.stores.every((s) => vectorise(s.value, v, new Map(), packs));
  const plain = inLanes(false);
  const packs = !plain && folds.every((a) => unrolled.includes(a)) && inLanes(true);
  const fits = plain || packs ? v : undefined;
  const order = byStride(nest, estimate);
  const cut = plain ? undefined : chooseStretches(nest, order, (stretch) => planNest(stretch, target, estimate));
  if (cut) {
    const around = loopsOf({ ...nest, axes: [...cut.outer] }, new Map(), estimate);
    const { axis, parts } = cut.stretches;
    const note = `${axis.name}:${printIndex(axis.extent)} in ${parts.length} stretches`;
    return { ...nestPlan(nest, shape, around, { folds: [], unrolled: [], note }), stretches: cut.stretches };
  }
  const phases = !fits && isWindowed(folds, unrolled) ? phasesOf(nest) : [];
  if (phases.length > 0) {
    const apart = reshape(nest, { split: phases, axes: [], folds: [] });
    const each = new Map(phases.map(({ inner, by }) => [inner, constantOf(by) ?? 1]));
    const note = `written out along ${phases.map(({ inner }) => inner.name).join(' ')}`;
    return nestPlan(apart, { ...shape, blocks: phases }, loopsOf(apart, each, estimate), { folds, unrolled, note });
  }
  const extent = fits && constantOf(fits.extent);
  const tile = laneTile(extent, nest, folds.length > 0 && !packs, estimate);
  const tiles = new Map<Axis, number>(fits && tile > 1 ? [[fits, tile]] : []);
  const loops = loopsOf(nest, tiles, estimate).map((l) =>
    l.axis === fits && tile > 1 ? { ...l, lanes: true as const, ...(packs && { packs }) } : l,
  );
  return nestPlan(nest, shape, loops, {
    folds,
    unrolled,
    foldLanes: folds,
    note: fits && tile > 1 ? `lanes along ${fits.name}` : '',
  });
}

/** Are there folds, and no loops over them? */
function isWindowed(folds: readonly Axis[], unrolled: readonly Axis[]): boolean {
  return folds.length > 0 && folds.every((a) => unrolled.includes(a));
}

/** Folds over windows of few elements have no loops; others lose those of one round. */
function writtenOut(nest: Nest, folds: readonly Axis[]): Axis[] {
  const windows = foldsOf(nest).every((f) => isFew(f.over) && (f.op !== 'add' || factorsOf(f).length === 1));
  return folds.filter((a) => windows || constantOf(a.extent) === 1);
}

function isFew(over: readonly Axis[]): boolean {
  return over.reduce((n, a) => n * (constantOf(a.extent) ?? Infinity), 1) <= mostOfWindow;
}

/** How many elements in lanes at once. Functions are chains of operations, of which four vectors are as fast as two. */
function laneTile(extent: number | undefined, nest: Nest, hasFolds: boolean, estimate: Estimate): number {
  const cost = nest.stores.reduce((n, s) => n + costOf([s.value], estimate), 0);
  const functions = nest.stores.some((s) => hasFunction(s.value));
  const even = extent === undefined || extent % 16 === 0 || extent >= 128;
  const wide = hasFolds ? extent !== undefined : functions && even && cost < muchOfFunctions;
  const wanted = wide ? 16 : hasFolds || cost < muchWork ? 8 : 4;
  return [16, 8, 4].find((tile) => tile <= wanted && tile <= (extent ?? 16)) ?? 1;
}

interface Choices {
  readonly folds: readonly Axis[];
  readonly unrolled: readonly Axis[];
  readonly foldLanes?: readonly Axis[];
  readonly note: string;
}

function nestPlan(nest: Nest, shape: Shape, loops: readonly LoopPlan[], choices: Choices): NestPlan {
  const { folds, unrolled, foldLanes = [], note } = choices;
  const role = roleOf(nest);
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const looped = folds.filter((a) => !unrolled.includes(a));
  const parts = [show(loops.map((l) => l.axis)), looped.length > 0 ? `fold ${show(looped)}` : '', note];
  const text = `${role}: ${parts.filter((p) => p !== '').join(', ')}`;
  return {
    kind: 'nest',
    role,
    shape,
    stages: [],
    mergeColumns: [],
    mergeFolds: [],
    loops,
    folds,
    unrolled,
    foldLanes,
    text,
  };
}

function roleOf(nest: Nest): NestPlan['role'] {
  if (foldsOf(nest).length === 0) return nest.axes.length === 0 ? 'scalar' : 'elementwise';
  return isContraction(nest) ? 'contraction' : 'reduction';
}

function foldAxesOf(nest: Nest): Axis[] {
  return [...new Set(foldsOf(nest).flatMap((f) => f.over))];
}

/** Loops in the order of descending strides of the first store. */
function loopsOf(nest: Nest, tiles: ReadonlyMap<Axis, number>, estimate: Estimate): LoopPlan[] {
  const tail: Tail = readsOwn(nest) ? 'exact' : 'overlap';
  return byStride(nest, estimate).map((axis): LoopPlan => ({ axis, tile: tiles.get(axis) ?? 1, tail }));
}

/** Outermost what strides furthest; which row an element chooses may be any. */
function byStride(nest: Nest, estimate: Estimate): Axis[] {
  const [{ at }] = nest.stores;
  const unknown = elementsOf(at).length > 0 ? Infinity : 0;
  const strides = new Map(nest.axes.map((a) => [a, strideAt(at, a, estimate) ?? unknown]));
  return [...nest.axes].sort((a, b) => (strides.get(b) ?? 0) - (strides.get(a) ?? 0));
}

/** Descending largest stride, so that the innermost loop reads neighbours. */
function orderFolds(axes: readonly Axis[], folds: readonly Scalar[], estimate: Estimate): Axis[] {
  const stride = (axis: Axis): number => {
    let largest = 0;
    const seen = new Set<string>();
    const visit = (value: Scalar): void => {
      if (seen.has(value.key)) return;
      seen.add(value.key);
      if (value.kind === 'load') largest = Math.max(largest, Math.abs(strideAt(value.at, axis, estimate) ?? 0));
      for (const part of partsOf(value)) visit(part);
    };
    for (const fold of folds) visit(fold);
    return largest;
  };
  const strides = new Map(axes.map((a) => [a, stride(a)]));
  return [...axes].sort((a, b) => (strides.get(b) ?? 0) - (strides.get(a) ?? 0));
}

function scalarTiles(nest: Nest, estimate: Estimate): Map<Axis, number> {
  const tiles = new Map<Axis, number>();
  const folds = foldsOf(nest);
  const cost = costOf(
    nest.stores.map((s) => s.value),
    estimate,
  );
  const points = iterationsOf(nest.axes, estimate);
  if (folds.length === 0 || points * cost < littleWork) return tiles;
  const innermost = folds.find((f) => !f.body.folds) ?? folds[0];
  const factors = factorsOf(innermost).map((f) => axesOfValue(f));
  const order = byStride(nest, estimate);
  const v = order[order.length - 1];
  if (!v || !sharesLoads(innermost, v, estimate)) return tiles;
  const columns = factors.filter((f) => f.has(v));
  const rows = order.filter((a) => a !== v && factors.some((f) => f.has(a)) && !columns.some((f) => f.has(a)));
  const [u] = rows.sort((a, b) => estimated(b.extent, estimate) - estimated(a.extent, estimate));
  const most = (axis: Axis, wanted: number): number =>
    Math.min(wanted, constantOf(axis.extent) ?? Math.max(1, estimated(axis.extent, estimate)));
  const width = most(v, u ? 4 : 8);
  tiles.set(v, width);
  if (u) tiles.set(u, most(u, Math.max(2, Math.floor(8 / width))));
  return tiles;
}

/** A tile along the axis pays where a factor does not move with it, or where it walks memory in order. */
function sharesLoads(fold: Scalar & { kind: 'fold' }, v: Axis, estimate: Estimate): boolean {
  const factors = factorsOf(fold);
  if (factors.length > 1 && factors.some((f) => !axesOfValue(f).has(v))) return true;
  const visit = (value: Scalar): boolean =>
    (value.kind === 'load' && strideAt(value.at, v, estimate) === 1) || partsOf(value).some(visit);
  return visit(fold.body);
}
