// How terms are added to rows: in which runs of columns.
import { constantOf, mul, printIndex, toIndex, type Axis } from '../../../ir/index.js';
import type { Nest, TargetTraits } from '../../../ir/program.js';
import type { Buffer } from '../../../ir/scalar.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { scatterOf, type Scatter } from '../../../ir/nest/scatter.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { chooseShape } from './shape.js';
import { strideOfStore } from '../../../ir/nest/strides.js';
import { estimated, iterationsOf, type Estimate } from '../../../ir/nest/sizes.js';
import type { LoopPlan, ScatterPlan, ScatterThreads } from '../../../ir/nest/plans.js';

/** Columns outside, so that threads can share them; for each run of them all terms in order. */
export function planScatter(nest: Nest, { lanes }: TargetTraits): ScatterPlan | undefined {
  const written = scatterOf(nest);
  if (!written) return undefined;
  // Where rows are positions, they stay one axis, however they are taken apart in addresses.
  const shape = written.own ? { split: [], axes: [], folds: [] } : chooseShape(nest);
  const reshaped = reshape(nest, shape);
  const scatter = scatterOf(reshaped);
  if (!scatter) return undefined;
  const [store] = reshaped.stores;
  const columns = columnsOf(reshaped, scatter);
  const dense = columns.find((a) => strideOfStore(store, a) === 1);
  const wide = lanes && dense !== undefined && vectorise(scatter.value, dense) !== undefined;
  const width = Math.min(wide ? 16 : 4, (dense && constantOf(dense.extent)) ?? 1);
  const loops = columns.map((axis): LoopPlan => ({
    axis,
    tile: axis === dense ? width : 1,
    tail: 'exact',
    ...(wide && axis === dense && { lanes: true }),
  }));
  const lost: Buffer = { name: 'lost', space: 'scratch', dtype: 'f32', length: mul(scatter.row.extent, width) };
  const { own, ids } = scatter;
  const last = own && lastOf(ids.below ?? 0);
  return { kind: 'scatter', shape, loops, lost, ...(last && { last }), text: describe(scatter, columns) };
}

/** Where the last position of each of so many indices is kept. */
function lastOf(indices: number): Buffer {
  return { name: 'last', space: 'scratch', dtype: 'i32', length: toIndex(indices) };
}

/** With as many threads a processor is busy. */
const enoughThreads = 16_384;
/** So many numbers a thread, twice, fit into the memory of a workgroup. */
const mostRows = 16;
const threads = 64;
/** A share of the terms is as long at least; with more of them than rows some threads would total none. */
const leastShare = 32;
const mostShares = mostRows;

/** Runs of as many rows as a thread has memory for: each passes over all indices. Where that makes few threads, they share the terms. */
export function planScatterThreads(nest: Nest, estimate: Estimate): ScatterThreads | undefined {
  if (!scatterOf(nest)) return undefined;
  const shape = chooseShape(nest);
  const reshaped = reshape(nest, shape);
  const scatter = scatterOf(reshaped);
  if (!scatter || scatter.own) return undefined;
  const columns = columnsOf(reshaped, scatter);
  const rows = Math.min(mostRows, estimated(scatter.row.extent, estimate));
  const runs = Math.ceil(iterationsOf(nest.axes, estimate) / rows);
  const wanted = Math.min(enoughThreads / runs, iterationsOf(scatter.over, estimate) / leastShare, mostShares);
  const shares = scatter.over.length === 1 ? 2 ** Math.max(0, Math.floor(Math.log2(wanted))) : 1;
  const shared = shares > 1 ? `, ${shares} threads a run` : '';
  const text = `${describe(scatter, columns)}, runs of ${rows} rows${shared}, ${threads} a group`;
  return { kind: 'scatter', shape, threads, columns, rows, shares, text };
}

/** The axes but for the rows; the one that varies fastest is last. */
function columnsOf({ axes, stores: [store] }: Nest, { row }: Scatter): Axis[] {
  const columns = axes.filter((a) => a !== row);
  const dense = columns.find((a) => strideOfStore(store, a) === 1);
  return [...columns.filter((a) => a !== dense), ...(dense ? [dense] : [])];
}

/** `scatter: to i:100, j:16, from p:batch` */
function describe({ row, over, own }: Scatter, columns: readonly Axis[]): string {
  const show = (all: readonly Axis[]): string => all.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const parts = [`scatter: to ${own ? 'the last alike of ' : ''}${show([row])}`, show(columns), `from ${show(over)}`];
  return parts.filter((part) => part !== '').join(', ');
}
