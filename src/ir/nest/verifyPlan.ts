// What must hold of a plan: it speaks of the nest's own axes, each tile ends, stages hold what folds read, and lanes are where strides allow.
import { constantOf, equal, mul, product, rangeOf, sub, toIndex, type Axis, type Index } from '../index.js';
import type { AnyNest, Nest } from '../program.js';
import type { Scalar } from '../scalar.js';
import { factorsOf } from './contraction.js';
import { roundsOf } from './ordered.js';
import { faultsOfCut } from './verifyCut.js';
import { vectorise, type LanesMemo } from './lanes.js';
import { stretchOf } from './stretches.js';
import type { Coalesce, LoopPlan, NestPlan, Stretches, Plan, PlannedNest, Shape, Split, Stage } from './plans.js';
import { applyStage, coalesceAxes, coalesceFolds, reshape } from './reshape.js';
import { scatterOf } from './scatter.js';
import { axesOfValue, foldsOf, readsOwn, strideOfStore } from './strides.js';
import { foldsOf as outerFolds } from './traverse.js';
import { faultsOfWork } from './verifyWork.js';

/** What is wrong with a planned nest, a sentence each. */
export function faultsOfPlan(planned: PlannedNest): string[] {
  const faults =
    planned.kind === 'serial'
      ? faultsOfSerial(planned.nest, planned.plan)
      : faultsOfWork(planned.nest, planned.plan, faultsOfNestPlan);
  return faults.map((fault) => `${planned.nest.name}: ${fault}`);
}

function faultsOfSerial(nest: AnyNest, plan: Plan): string[] {
  switch (plan.kind) {
    case 'rows': {
      if (nest.kind !== 'rows') return ['has a plan for rows, and is none'];
      if (plan.parts.length !== nest.parts.length) return ['has plans for other parts than its own'];
      return nest.parts.flatMap((part, i) => faultsOfNestPlan(part, plan.parts[i]));
    }
    case 'nest':
      return nest.kind === 'nest' ? faultsOfNestPlan(nest, plan) : ['has a plan for a nest, and is rows'];
    case 'scatter': {
      if (nest.kind !== 'nest') return ['has a plan for a scatter, and is rows'];
      const early = faultsOfShape(nest, plan.shape);
      if (early.length > 0) return early;
      const shaped = reshape(nest, plan.shape);
      const scatter = scatterOf(shaped);
      if (!scatter) return ['has a plan for a scatter, and is none'];
      const columns = { ...shaped, axes: shaped.axes.filter((axis) => axis !== scatter.row) };
      const wide = plan.loops.filter(({ lanes, axis }) => lanes && vectorise(scatter.value, axis) === undefined);
      return [...faultsOfLoops(columns, plan.loops), ...wide.map(({ axis }) => noLanes(axis))];
    }
    case 'cut': {
      if (nest.kind !== 'nest') return ['has a plan for a contraction in blocks, and is rows'];
      const early = faultsOfShape(nest, plan.shape);
      return early.length > 0 ? early : faultsOfCut(reshape(nest, plan.shape), plan, faultsOfNestPlan);
    }
    case 'ordered': {
      if (nest.kind !== 'nest' || !nest.ordered) return ['has a plan for places one after another, and has no order'];
      const { outer, inner, first, next } = roundsOf(nest, nest.ordered);
      if (!sameAxes(plan.outer, outer))
        return [`goes over ${show(plan.outer)} around the rounds, and has others there`];
      if (!plan.rounds) return inner.length > 0 ? [`has no plan for ${show(inner)} within a round`] : [];
      return [...faultsOfNestPlan(first, plan.rounds.first), ...faultsOfNestPlan(next, plan.rounds.next)];
    }
    default:
      return plan satisfies never;
  }
}

/** What is wrong with the plan of one plain nest. */
export function faultsOfNestPlan(nest: Nest, plan: NestPlan): string[] {
  const early = faultsOfShape(nest, plan.shape);
  if (early.length > 0) return early;
  const shaped = reshape(nest, plan.shape);
  const stages = plan.stages.flatMap((stage) => faultsOfStage(shaped, plan, stage));
  if (stages.length > 0) return stages;
  const staged = plan.stages.reduce(applyStage, shaped);
  const merging = faultsOfShape(staged, { split: [], axes: plan.mergeColumns, folds: plan.mergeFolds });
  if (merging.length > 0) return merging;
  const merged = coalesceFolds(coalesceAxes(staged, plan.mergeColumns), plan.mergeFolds);
  const looped = plan.loops.map(({ axis }) => axis);
  return [
    ...faultsOfRole(merged, plan),
    ...faultsOfLoops(
      plan.stretches ? { ...merged, axes: merged.axes.filter((a) => looped.includes(a)) } : merged,
      plan.loops,
    ),
    ...(plan.stretches ? faultsOfStretches(merged, looped, plan.stretches) : []),
    ...faultsOfFolds([shaped, merged], plan),
    ...plan.loops.flatMap(({ axis, lanes, packs }) =>
      lanes && !fitsLanes(merged, axis, packs === true) ? [noLanes(axis)] : [],
    ),
  ];
}

const show = (axes: readonly Axis[]): string => axes.map(({ name }) => name).join(', ');

/** Axes become others that are the same indices. */
function faultsOfShape(nest: Nest, { split, axes, folds, blocks = [] }: Shape): string[] {
  const faults: string[] = [];
  let own = nest.axes;
  let folded: readonly Axis[] = [...new Set(foldsOf(nest).flatMap((f) => f.over))];
  const takeApart = ({ axis, by, outer, inner }: Split): void => {
    if (!own.includes(axis) && !folded.includes(axis))
      faults.push(`takes ${axis.name} apart, over which it does not go`);
    if (axis.until) faults.push(`takes ${axis.name} apart, of which a part is needed`);
    if (!equal(mul(by, outer.extent), axis.extent) || !equal(inner.extent, by))
      faults.push(`takes ${axis.name} apart into ${outer.name} and ${inner.name}, which are other places`);
    const apart = (list: readonly Axis[]): Axis[] => list.flatMap((a) => (a === axis ? [outer, inner] : [a]));
    [own, folded] = [apart(own), apart(folded)];
  };
  const putTogether = ({ axes: parts, into }: Coalesce, known: readonly Axis[]): Axis[] => {
    if (parts.some((axis) => !known.includes(axis)))
      faults.push(`puts ${show(parts)} together, over which it does not go`);
    if (parts.some((axis) => axis.until)) faults.push(`puts ${show(parts)} together, of which a part is needed`);
    if (!equal(product(parts.map((axis) => axis.extent)), into.extent))
      faults.push(`puts ${show(parts)} together into ${into.name}, which is other places`);
    return known.flatMap((a) => (a === parts[0] ? [into] : parts.includes(a) ? [] : [a]));
  };
  split.forEach(takeApart);
  for (const step of axes) own = putTogether(step, own);
  for (const step of folds) folded = putTogether(step, folded);
  blocks.forEach(takeApart);
  return faults;
}

/** The stretches are all indices of their axis, in order, and each has a plan of its own. */
function faultsOfStretches(nest: Nest, bound: readonly Axis[], { axis, parts }: Stretches): string[] {
  const inner = nest.axes.filter((a) => !bound.includes(a));
  if (!inner.includes(axis)) return [`is in stretches along ${axis.name}, over which it does not go`];
  const ends = parts.map(({ from, within }) => from + (constantOf(within.extent) ?? NaN));
  const starts = [...parts.map(({ from }) => from), constantOf(axis.extent)];
  if (starts[0] !== 0 || ends.some((end, i) => end !== starts[i + 1]))
    return [`is in stretches that are not all places of ${axis.name}`];
  return parts.flatMap((stretch) => faultsOfNestPlan(stretchOf({ ...nest, axes: inner }, axis, stretch), stretch.plan));
}

function faultsOfRole(nest: Nest, { role }: NestPlan): string[] {
  const folds = foldsOf(nest).length > 0;
  switch (role) {
    case 'scalar':
      return folds || nest.axes.length > 0 ? ['has the role of a scalar, and goes over places'] : [];
    case 'elementwise':
      return folds ? ['has the role elementwise, and folds'] : [];
    case 'reduction':
    case 'contraction':
      return folds ? [] : [`has the role ${role}, and folds nothing`];
    default:
      return role satisfies never;
  }
}

/** Each axis has its loop, or one over blocks and one within; a tile that does not divide it has a tail. */
export function faultsOfLoops(nest: Nest, loops: readonly LoopPlan[]): string[] {
  const planned = new Map<Axis, LoopPlan>();
  const faults: string[] = [];
  const impure = readsOwn(nest);
  for (const loop of loops) {
    const { axis, tile, tail } = loop;
    const block = planned.get(axis);
    planned.set(axis, loop);
    if (!nest.axes.includes(axis)) faults.push(`has a loop over ${axis.name}, over which it does not go`);
    if (block && !(block.tile > tile && block.tile % tile === 0))
      faults.push(`has two loops over ${axis.name}, of ${block.tile} places and of ${tile}`);
    if (!Number.isInteger(tile) || tile < 1) faults.push(`has tiles of ${tile} places along ${axis.name}`);
    const extent = constantOf(axis.extent);
    const divides = extent === undefined ? tile === 1 : extent % tile === 0;
    if (!divides && tail === 'overlap' && impure)
      faults.push(`computes places of ${axis.name} twice, and reads what it stores`);
  }
  const missing = nest.axes.filter((axis) => !planned.has(axis));
  if (missing.length > 0) faults.push(`has no loop over ${show(missing)}`);
  if (loops.filter(({ lanes }) => lanes).length > 1) faults.push('has lanes along two axes');
  return faults;
}

/** `before` and after stages and merging: tiles that are not full take their folds as they were. */
function faultsOfFolds(forms: readonly Nest[], { folds, unrolled, foldLanes }: NestPlan): string[] {
  const known = new Set(forms.flatMap((nest) => foldsOf(nest).flatMap((f) => f.over)));
  const named = new Set(folds);
  const strange = folds.filter((axis) => !known.has(axis));
  const others = [...unrolled, ...foldLanes].filter((axis) => !named.has(axis));
  const endless = unrolled.filter((axis) => constantOf(axis.extent) === undefined);
  return [
    ...(strange.length > 0 ? [`orders folds over ${show(strange)}, and there are none`] : []),
    ...(others.length > 0 ? [`says how ${show(others)} is folded, and nothing is`] : []),
    ...(endless.length > 0 ? [`writes ${show(endless)} out, whose extent is known at run time`] : []),
  ];
}

function noLanes(axis: Axis): string {
  return `has lanes along ${axis.name}, and strides that do not allow them`;
}

/** Four neighbours at once: of every store, or of folds that it reads. */
function fitsLanes(nest: Nest, axis: Axis, packs: boolean): boolean {
  const memo: LanesMemo = new Map();
  const fits = (value: Scalar): boolean => vectorise(value, axis, memo, packs) !== undefined;
  return nest.stores.every(
    (store) => (strideOfStore(store, axis) === 1 && fits(store.value)) || outerFolds(store.value).some(fits),
  );
}

function faultsOfStage(nest: Nest, { loops }: NestPlan, stage: Stage): string[] {
  const { buffer, over, factors, columns, tile, pitch, position, copy } = stage;
  const faults: string[] = [];
  const keys = new Set(factors.map(({ key }) => key));
  const read = foldsOf(nest).some((f) => {
    const within = factorsOf(f).filter(({ key }) => keys.has(key));
    return sameAxes(f.over, over) && new Set(within.map(({ key }) => key)).size === keys.size;
  });
  if (!read) faults.push(`stages in ${buffer.name} what no fold has among its factors`);
  const width = tile ? tile.width : columns.reduce((n, axis) => n * (constantOf(axis.extent) ?? NaN), 1);
  if (!(pitch >= width)) faults.push(`stages ${width} columns in ${buffer.name}, whose rows hold ${pitch}`);
  const needed = mul(product(over.map((axis) => axis.extent)), pitch);
  if (rangeOf(sub(buffer.length, needed)).min < 0) faults.push(`stages more in ${buffer.name} than it holds`);
  if (buffer.space !== 'scratch' || factors.some(({ type }) => type !== buffer.dtype))
    faults.push(`stages in ${buffer.name}, which is not for that`);
  faults.push(...faultsOfPosition(nest, loops, stage));
  const strangers = [...columns, ...(tile ? [tile.axis] : [])].filter((axis) => !nest.axes.includes(axis));
  if (strangers.length > 0) faults.push(`stages ${show(strangers)} in ${buffer.name}, over which it does not go`);
  const expected: Index[] = [...over, ...columns].map((axis) => axis.extent);
  if (tile) expected.push(toIndex(tile.width));
  const filled = [...copy.over, ...copy.columns];
  if (expected.length !== filled.length || filled.some((axis, i) => !equal(axis.extent, expected[i])))
    faults.push(`fills ${buffer.name} at other places than it stages`);
  if (
    !sameAxes(
      copy.loops.map(({ axis }) => axis),
      filled,
    ) ||
    position < 0 ||
    position > loops.length
  )
    faults.push(`fills ${buffer.name} in other loops than there are`);
  return faults;
}

/** The loops around a stage bind what its factors mention, one index at a time, but for what it covers itself. */
function faultsOfPosition(nest: Nest, loops: readonly LoopPlan[], stage: Stage): string[] {
  const { buffer, factors, columns, tile, position } = stage;
  const around = loops.slice(0, position);
  const mentioned = new Set(factors.flatMap((factor) => [...axesOfValue(factor)]));
  const needed = nest.axes.filter((axis) => mentioned.has(axis) && !columns.includes(axis) && axis !== tile?.axis);
  const unbound = needed.filter((axis) => !around.some((loop) => loop.axis === axis && loop.tile === 1));
  const faults = unbound.map((axis) => `stages in ${buffer.name} before a loop has bound ${axis.name}`);
  if (tile && !tile.all) {
    const wanted = tile.block?.width ?? tile.width;
    if (!around.some((loop) => loop.axis === tile.axis && loop.tile === wanted))
      faults.push(`stages in ${buffer.name} ${wanted} places of ${tile.axis.name}, which no loop around takes at once`);
  }
  return faults;
}

function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis) => b.includes(axis));
}
