// What must hold of plans for workgroups: threads have their elements, and tiles are of the fold that the nest has.
import { addedInOrder } from './ordered.js';
import { constantOf, type Axis } from '../index.js';
import type { AnyNest, Nest } from '../program.js';
import { local } from '../scalar.js';
import { factorsOf, productOf } from './contraction.js';
import type { NestPlan, ScatterThreads, TilePlan, TileSide, WorkPlan } from './plans.js';
import { inQuads, storesInQuads } from './quads.js';
import { reshape } from './reshape.js';
import { scatterOf } from './scatter.js';
import { axesOfValue, foldsOf } from './strides.js';

/** As many threads has a workgroup everywhere. */
const mostThreads = 256;

/** As many numbers fit into the memory of a workgroup everywhere. */
const groupMemory = 4_096;

/** What is wrong with the plan; `ofPart` says it of a part. */
export function faultsOfWork(
  nest: AnyNest,
  plan: WorkPlan,
  ofPart: (part: Nest, plan: NestPlan) => string[],
): string[] {
  const parts = nest.kind === 'rows' ? nest.parts : [nest];
  switch (plan.kind) {
    case 'threads':
    case 'groups': {
      if (plan.parts.length !== parts.length) return ['has plans for other parts than its own'];
      if (nest.kind === 'rows' && nest.totals) return ['adds up totals while rows pass, and rows run at once'];
      const plans = plan.kind === 'threads' ? plan.parts : plan.parts.map((part) => part.plan);
      return [
        ...faultsOfThreads(plan.threads),
        ...parts.flatMap((part, i) => ofPart(part, plans[i])),
        ...(plan.kind === 'threads' ? faultsOfQuads(nest, plan) : faultsOfGroups(nest, plan)),
      ];
    }
    case 'ordered': {
      if (nest.kind !== 'nest' || !nest.ordered) return ['has a plan for places one after another, and has no order'];
      const { axis } = nest.ordered;
      const others = nest.axes.filter((a) => a !== axis);
      return [
        ...faultsOfThreads(plan.threads),
        ...(samePlaces(plan.axes, others) ? [] : [`has threads for other places than those around ${axis.name}`]),
        ...(plan.by === 'thread' || addedInOrder(nest) ? [] : [`shares a run along ${axis.name} that is no sum`]),
      ];
    }
    case 'scatter':
      return nest.kind === 'nest' ? faultsOfScatter(nest, plan) : ['has a plan for a scatter, and is rows'];
    case 'tiles':
      return nest.kind === 'nest' ? faultsOfTiles(nest, plan) : ['has tiles, and is rows'];
    default:
      return plan satisfies never;
  }
}

function faultsOfThreads(threads: number): string[] {
  return Number.isInteger(threads) && threads >= 1 && threads <= mostThreads
    ? []
    : [`has ${threads} threads in a workgroup`];
}

function faultsOfQuads(nest: AnyNest, { quads, parts: [part] }: Extract<WorkPlan, { kind: 'threads' }>): string[] {
  if (!quads) return [];
  const last = part.loops[part.loops.length - 1]?.axis;
  const fits = nest.kind === 'nest' && last === quads && storesInQuads(reshape(nest, part.shape), quads, new Map());
  return fits ? [] : [`stores four neighbours along ${quads.name}, which do not lie so`];
}

function faultsOfGroups(nest: AnyNest, { parts, local: place }: Extract<WorkPlan, { kind: 'groups' }>): string[] {
  const held = nest.kind === 'rows' ? nest.rowLocal.reduce((n, b) => n + (constantOf(b.length) ?? Infinity), 0) : 0;
  const idle = parts.filter(({ kind, plan }) => kind === 'shares' && plan.folds.length === 0);
  return [
    ...(place === 'workgroup' && held > groupMemory ? [`holds ${held} numbers in the memory of a workgroup`] : []),
    ...idle.map(() => 'folds in shares, and folds nothing'),
  ];
}

function faultsOfScatter(nest: Nest, { shape, threads, columns, rows, shares }: ScatterThreads): string[] {
  const shaped = reshape(nest, shape);
  const scatter = scatterOf(shaped);
  if (!scatter) return ['has a plan for a scatter, and is none'];
  const others = shaped.axes.filter((axis) => axis !== scatter.row);
  // Sums, and what those have lost.
  const held = 2 * rows * threads;
  return [
    ...faultsOfThreads(threads),
    ...(samePlaces(columns, others) ? [] : [`has threads for other places than those around ${scatter.row.name}`]),
    ...(Number.isInteger(rows) && rows >= 1 ? [] : [`gives ${rows} rows to a thread`]),
    ...(threads % shares === 0 && (shares === 1 || scatter.over.length === 1)
      ? []
      : [`has ${shares} shares of the terms for ${threads} threads`]),
    ...(held > groupMemory ? [`holds ${held} numbers in the memory of a workgroup`] : []),
  ];
}

function faultsOfTiles(nest: Nest, plan: TilePlan): string[] {
  const { shape, sides, order, threads, block, depth, quads } = plan;
  const shaped = reshape(nest, shape);
  const { fold, rows, columns, batch } = sides;
  const faults = faultsOfThreads(threads.down * threads.across);
  if (!foldsOf(shaped).some(({ key }) => key === fold.key)) faults.push('has tiles of a fold that it does not have');
  if (!samePlaces([...rows.axes, ...columns.axes, ...batch], shaped.axes))
    faults.push('has tiles over other axes than its own');
  if (!samePlaces(order, fold.over)) faults.push('orders a fold over other axes than it goes over');
  const keys = [...rows.factors, ...columns.factors].map(({ key }) => key);
  if (
    keys.toSorted().join() !==
    factorsOf(fold)
      .map(({ key }) => key)
      .toSorted()
      .join()
  )
    faults.push('stages other factors than the fold has');
  if ([block.rows, block.columns, depth].some((n) => n % 4 !== 0 || n < 4))
    faults.push(`has blocks of ${block.rows}x${block.columns}, ${depth} deep, and all are by four`);
  const staged = depth * (threads.down * block.rows + threads.across * block.columns);
  if (staged > groupMemory) faults.push(`holds ${staged} numbers in the memory of a workgroup`);
  faults.push(...faultsOfSide(rows, columns, order), ...faultsOfSide(columns, rows, order));
  const sum = new Map([[fold.key, local('sum', 'f32', 4)]]);
  if (quads && !storesInQuads(shaped, columns.axes[columns.axes.length - 1], sum))
    faults.push('stores four neighbours, which do not lie so');
  return faults;
}

/** A side mentions its own axes, and none of the other's. */
function faultsOfSide({ axes, factors, along, quads }: TileSide, other: TileSide, order: readonly Axis[]): string[] {
  const foreign = factors.some((factor) => [...axesOfValue(factor)].some((axis) => other.axes.includes(axis)));
  const last = along === 'fold' ? order[order.length - 1] : axes[axes.length - 1];
  return [
    ...(foreign ? ["stages on one side what moves with the other's axes"] : []),
    ...(quads && !inQuads(productOf(factors), last)
      ? [`loads four neighbours along ${last.name}, which do not lie so`]
      : []),
  ];
}

function samePlaces(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis) => b.includes(axis));
}
