// Chooses how a nest becomes a kernel: reads the strides, and writes its choices down for lower to obey.
import { axis as newAxis, axesOf, constantOf, mod, printIndex, toIndex, type Axis } from '../../ir/index.js';
import type { AnyNest, Nest, TargetTraits } from '../../ir/program.js';
import type { Scalar } from '../../ir/scalar.js';
import { hasFold, partsOf } from '../lower/values.js';
import { extentOf, reshape } from './reshape.js';
import { addressesOf, costOf, dense, estimated, foldsOf, strideAt } from './strides.js';
import type { Coalesce, Estimate, LoopPlan, NestPlan, Plan, Tail } from './types.js';

/** How many instructions a nest may have when it is written out whole. */
const straightLine = 160;
/** How many places a nest, and how many rounds a fold may have to be written out. */
const mostPlaces = 8;
/** Below this many instructions tiles do not pay. */
const littleWork = 4_000;

export function plan(nest: AnyNest, target: TargetTraits, estimate: Estimate): Plan {
  switch (nest.kind) {
    case 'explicit':
      return { kind: 'explicit', text: 'explicit' };
    case 'rows': {
      const parts = nest.parts.map((part) => planNest(part, target, estimate));
      const text = `rows ${nest.row.name}:${printIndex(nest.row.extent)}: ${parts.map((p) => p.text).join(' | ')}`;
      return { kind: 'rows', parts, text };
    }
    case 'nest':
      return planNest(nest, target, estimate);
    default:
      return nest satisfies never;
  }
}

export function planNest(nest: Nest, _target: TargetTraits, estimate: Estimate): NestPlan {
  const coalesce = chooseCoalesce(nest);
  const reshaped = reshape(nest, coalesce);
  const folds = foldsOf(reshaped);
  const foldAxes = [...new Set(folds.flatMap((f) => f.over))];
  const values = reshaped.stores.map((s) => s.value);
  const role = folds.length === 0 ? (reshaped.axes.length === 0 ? 'scalar' : 'elementwise') : roleOf(reshaped, folds);

  const fixed = (a: Axis): number | undefined => constantOf(a.extent);
  const cost = costOf(values, estimate);
  const runTime = foldAxes.some((a) => fixed(a) === undefined);
  const points = reshaped.axes.reduce((n, a) => n * (fixed(a) ?? 1), 1);
  const rounds = foldAxes.reduce((n, a) => n * (fixed(a) ?? 1), 1);
  const wholly = !runTime && points * cost <= straightLine && points <= mostPlaces && rounds <= mostPlaces;
  const unrolled = wholly ? foldAxes : foldAxes.filter((a) => fixed(a) === 1);
  const order = orderOf(reshaped, estimate);
  const tiles = wholly
    ? new Map<Axis, number>(reshaped.axes.map((a) => [a, fixed(a) ?? 1]))
    : chooseTiles(reshaped, folds, order, estimate, cost);
  const tail: Tail = readsOwn(reshaped) ? 'exact' : 'overlap';
  const loops = order.map((axis): LoopPlan => {
    const tile = tiles.get(axis) ?? 1;
    const even = tile === 1 || constantOf(mod(axis.extent, toIndex(tile))) === 0;
    return { axis, tile, tail: even ? 'even' : tail };
  });
  const foldOrder = orderFolds(foldAxes, folds, estimate);
  return {
    kind: 'nest',
    role,
    coalesce,
    loops,
    folds: foldOrder,
    unrolled,
    text: describe(
      role,
      loops,
      foldOrder.filter((a) => !unrolled.includes(a)),
      wholly,
    ),
  };
}

function describe(role: string, loops: readonly LoopPlan[], folds: readonly Axis[], wholly: boolean): string {
  const list = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const tiles = loops.filter((l) => l.tile > 1);
  const parts = [
    list(loops.map((l) => l.axis)),
    ...(folds.length > 0 ? [`fold ${list(folds)}`] : []),
    ...(wholly ? ['written out'] : tiles.length > 0 ? [`tile ${tiles.map((l) => l.tile).join('x')}`] : []),
  ];
  return `${role}: ${parts.filter((p) => p !== '').join(', ')}`;
}

function roleOf(nest: Nest, folds: readonly (Scalar & { kind: 'fold' })[]): NestPlan['role'] {
  const [first] = folds;
  const own = factorsOf(first).map((factor) => axesOfValue(factor));
  const some = nest.axes.filter((a) => own.some((f) => f.has(a)) && !own.every((f) => f.has(a)));
  return some.length > 0 && own.length > 1 ? 'contraction' : 'reduction';
}

/** The factors of a fold's body. */
export function factorsOf(fold: Scalar & { kind: 'fold' }): Scalar[] {
  const split = (value: Scalar): Scalar[] =>
    value.kind === 'apply' && value.op === 'mul' ? value.args.flatMap(split) : [value];
  return fold.op === 'add' ? split(fold.body) : [fold.body];
}

export function axesOfValue(value: Scalar, into: Set<Axis> = new Set(), seen: Set<string> = new Set()): Set<Axis> {
  if (seen.has(value.key)) return into;
  seen.add(value.key);
  if (value.kind === 'load') axesOf(value.at, into);
  if (value.kind === 'index') axesOf(value.of, into);
  for (const part of partsOf(value)) axesOfValue(part, into, seen);
  return into;
}

function chooseCoalesce(nest: Nest): Coalesce[] {
  const addresses = addressesOf(nest);
  const groups: Axis[][] = [];
  for (const axis of nest.axes) {
    const before = groups[groups.length - 1];
    const inner = before?.[before.length - 1];
    if (inner && dense(addresses, inner, axis)) before.push(axis);
    else groups.push([axis]);
  }
  return groups
    .filter((g) => g.length > 1)
    .map((axes) => ({ axes, into: newAxis(axes[axes.length - 1].name, extentOf(axes)) }));
}

/** Outermost first: descending stride of the first store. */
function orderOf(nest: Nest, estimate: Estimate): Axis[] {
  const strides = new Map(nest.axes.map((a) => [a, strideAt(nest.stores[0].at, a, estimate) ?? 0]));
  return [...nest.axes].sort((a, b) => (strides.get(b) ?? 0) - (strides.get(a) ?? 0));
}

/** Descending stride of the first factor, so that the innermost loop reads neighbours. */
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

function chooseTiles(
  nest: Nest,
  folds: readonly (Scalar & { kind: 'fold' })[],
  order: readonly Axis[],
  estimate: Estimate,
  cost: number,
): Map<Axis, number> {
  const tiles = new Map<Axis, number>();
  const points = nest.axes.reduce((n, a) => n * estimated(a.extent, estimate), 1);
  if (folds.length === 0 || points * cost < littleWork) return tiles;
  const innermost = folds.find((f) => !hasFold(f.body)) ?? folds[0];
  const factors = factorsOf(innermost).map((f) => axesOfValue(f));
  const v = order[order.length - 1];
  if (!v || !innermostReads(innermost, v, estimate)) return tiles;
  const columns = factors.filter((f) => f.has(v));
  const rows = order.filter((a) => a !== v && factors.some((f) => f.has(a)) && !columns.some((f) => f.has(a)));
  const u = rows.sort((a, b) => estimated(b.extent, estimate) - estimated(a.extent, estimate))[0];
  const most = (axis: Axis, wanted: number): number =>
    Math.min(wanted, constantOf(axis.extent) ?? Math.max(1, estimated(axis.extent, estimate)));
  const wide = u ? 4 : 8;
  tiles.set(v, most(v, wide));
  if (u) tiles.set(u, most(u, Math.max(2, Math.floor(8 / (tiles.get(v) ?? 1)))));
  return tiles;
}

/** A tile along the axis pays where it shares loads, or walks memory in order. */
function innermostReads(fold: Scalar & { kind: 'fold' }, v: Axis, estimate: Estimate): boolean {
  const factors = factorsOf(fold);
  if (factors.length > 1 && factors.some((f) => !axesOfValue(f).has(v))) return true;
  let along = false;
  const visit = (value: Scalar): void => {
    if (value.kind === 'load' && strideAt(value.at, v, estimate) === 1) along = true;
    for (const part of partsOf(value)) visit(part);
  };
  visit(fold.body);
  return along;
}

/** Does the nest read what it stores? Then no place may be computed twice. */
function readsOwn(nest: Nest): boolean {
  const own = new Set(nest.stores.map((s) => s.to));
  const reads = (value: Scalar): boolean =>
    (value.kind === 'load' && own.has(value.from)) || partsOf(value).some(reads);
  return nest.stores.some((s) => reads(s.value));
}
