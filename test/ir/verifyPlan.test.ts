// The verifier of plans: it finds nothing in those that are chosen, and each way in which one is damaged.
import { describe, expect, it } from 'vitest';
import { add, axis, mul, toIndex, type Axis } from '../../src/ir/index.js';
import type {
  LoopPlan,
  NestPlan,
  PlannedNest,
  ScatterThreads,
  Stage,
  StageTile,
  Stretches,
  TilePlan,
} from '../../src/ir/nest/plans.js';
import { faultsOfPlan } from '../../src/ir/nest/verifyPlan.js';
import { carried } from '../../src/ir/ops/recurrence.js';
import type { Nest, TargetTraits } from '../../src/ir/program.js';
import { apply, load, number } from '../../src/ir/scalar.js';
import { plan } from '../../src/passes/schedule/plan/plan.js';
import * as nests from '../support/nests.js';
import * as windows from '../support/windows.js';
import { relaxed, ts, wasm, wgsl } from '../support/targets.js';

const { batch } = nests;

const examples = {
  small: nests.contraction('A·B', 2, 3, 2),
  contraction: nests.contraction('A·Bᵀ', batch, 40, 70),
  large: nests.contraction('Aᵀ·B', 256, 256, 2048),
  panels: nests.contraction('A·B', 256, 256, 512),
  dense: nests.dense(batch, 60, 40),
  batched: nests.batched(batch, 4, 16, 32),
  headMerge: nests.headMerge(batch, 4, 16, 8, 32),
  convolution: nests.convolution(batch, 2, 6, 8, 3),
  guardedConvolution: nests.guardedConvolution(batch, 6, 3),
  rowSums: nests.rowSums(batch, 500),
  meanSquare: nests.meanSquare(batch, 50),
  chain: nests.chain(batch, 48),
  update: nests.update(40, 50),
  updateByContraction: nests.updateByContraction(batch, 40, 50),
  gather: nests.gather(batch, 9, 40),
  tableGradient: nests.tableGradient(batch, 9, 40),
  softmax: nests.softmax(batch, 50),
  padded: windows.padded(batch, 14, [2, 2]),
  overlapped: windows.overlapped(batch, 8, 3, 2),
  crossEntropyRows: nests.crossEntropyRows(batch, 50),
} as const;

const planned = (name: keyof typeof examples, target: TargetTraits, estimate = 512): PlannedNest =>
  plan(examples[name].nest, target, () => estimate);

describe.each(['small', ...Object.keys(examples)] as (keyof typeof examples)[])('finds nothing in %s', (name) => {
  it.each([ts, wasm, relaxed, wgsl])('on target %#', (target) => {
    for (const estimate of [1, 64, 512, 4096]) expect(faultsOfPlan(planned(name, target, estimate))).toEqual([]);
  });
});

/** A nest's plan on a target, damaged. */
function nestPlan(
  name: keyof typeof examples,
  target: TargetTraits,
  change: (plan: NestPlan) => Partial<NestPlan>,
): string {
  const made = planned(name, target);
  if (made.kind !== 'serial' || made.plan.kind !== 'nest') throw new Error('a plan of a nest is expected');
  return faultsOfPlan({ ...made, plan: { ...made.plan, ...change(made.plan) } }).join('\n');
}
const onLoops = (change: (loop: LoopPlan, n: number) => Partial<LoopPlan>) => (made: NestPlan) => ({
  loops: made.loops.map((loop, n): LoopPlan => ({ ...loop, ...change(loop, n) })),
});
const onStages = (change: (stage: Stage) => Partial<Stage>) => (made: NestPlan) => {
  if (made.stages.length === 0) throw new Error('a plan with stages is expected');
  return { stages: made.stages.map((stage): Stage => ({ ...stage, ...change(stage) })) };
};
const tileOf = ({ tile }: Stage, change: Partial<StageTile>): { tile?: StageTile } =>
  tile ? { tile: { ...tile, ...change } } : {};
const other = axis('other', 40);

/** The stretches of a plan, damaged. */
const onStretches = (change: (stretches: Stretches) => Stretches) => (made: NestPlan) => {
  if (!made.stretches) throw new Error('a plan in stretches is expected');
  return { stretches: change(made.stretches) };
};

describe('a damaged plan of loops', () => {
  it.each<[string, string, string]>([
    [
      'a stretch too few',
      nestPlan(
        'padded',
        wasm,
        onStretches(({ axis: y, parts }) => ({ axis: y, parts: parts.slice(1) })),
      ),
      'in stretches that are not all places of y',
    ],
    [
      'stretches of another axis',
      nestPlan(
        'padded',
        wasm,
        onStretches(({ parts }) => ({ axis: other, parts })),
      ),
      'in stretches along other, over which it does not go',
    ],
    [
      'a stretch with the plan of another',
      nestPlan(
        'padded',
        wasm,
        onStretches(({ axis: y, parts: [a, b, c] }) => ({ axis: y, parts: [{ ...a, plan: b.plan }, b, c] })),
      ),
      'has a loop over y, over which it does not go',
    ],
    ['a loop too few', nestPlan('chain', wasm, ({ loops }) => ({ loops: loops.slice(1) })), 'has no loop over'],
    [
      'a loop over another axis',
      nestPlan(
        'chain',
        wasm,
        onLoops((_, n) => (n === 0 ? { axis: other } : {})),
      ),
      'has a loop over other',
    ],
    ['a loop twice', nestPlan('chain', wasm, ({ loops }) => ({ loops: [...loops, loops[0]] })), 'has two loops over'],
    [
      'a tile of nothing',
      nestPlan(
        'chain',
        wasm,
        onLoops(() => ({ tile: 0 })),
      ),
      'has tiles of 0 places',
    ],
    [
      'a tile of a half',
      nestPlan(
        'chain',
        wasm,
        onLoops(() => ({ tile: 1.5 })),
      ),
      'has tiles of 1.5 places',
    ],
    [
      'an overlapped tail of an update in place',
      nestPlan(
        'update',
        wasm,
        onLoops(() => ({ tile: 3, tail: 'overlap' })),
      ),
      'twice, and reads what it stores',
    ],
    [
      'lanes along two axes',
      nestPlan(
        'contraction',
        wasm,
        onLoops(() => ({ lanes: true })),
      ),
      'has lanes along two axes',
    ],
    [
      'lanes where the store is not dense',
      nestPlan('chain', wasm, ({ loops, shape }) => ({ shape: { ...shape, axes: [] }, loops: lanesOutside(loops) })),
      'strides that do not allow them',
    ],
    [
      'another role: elementwise',
      nestPlan('rowSums', ts, () => ({ role: 'elementwise' })),
      'has the role elementwise, and folds',
    ],
    ['another role: a scalar', nestPlan('rowSums', ts, () => ({ role: 'scalar' })), 'has the role of a scalar'],
    ['another role: a contraction', nestPlan('chain', ts, () => ({ role: 'contraction' })), 'folds nothing'],
    ['a fold over another axis', nestPlan('rowSums', ts, () => ({ folds: [other] })), 'orders folds over other'],
    [
      'what is written out of no fold',
      nestPlan('rowSums', ts, () => ({ unrolled: [other] })),
      'says how other is folded',
    ],
    ['lanes of no fold', nestPlan('rowSums', ts, () => ({ foldLanes: [other] })), 'says how other is folded'],
    [
      'a run-time size written out',
      nestPlan('meanSquare', ts, ({ folds }) => ({ unrolled: folds })),
      'whose extent is known at run time',
    ],
  ])('%s', (_, faults, expected) => {
    expect(faults).toContain(expected);
  });
});

/** The example `chain` goes over i and j: lanes along i, whose neighbours are rows apart. */
function lanesOutside(loops: readonly LoopPlan[]): LoopPlan[] {
  const [nest] = [examples.chain.nest];
  if (nest.kind !== 'nest' || loops.length === 0) throw new Error('a nest is expected');
  return nest.axes.map((of, n): LoopPlan => ({
    axis: of,
    tile: n === 0 ? 4 : 1,
    tail: 'overlap',
    ...(n === 0 && { lanes: true }),
  }));
}

describe('a damaged shape', () => {
  const shaped = (
    change: (plan: NestPlan) => Partial<NestPlan['shape']>,
    name: keyof typeof examples = 'headMerge',
  ): string => nestPlan(name, wasm, (made) => ({ shape: { ...made.shape, ...change(made) } }));
  it.each<[string, string, string]>([
    [
      'takes apart what is not there',
      shaped(({ shape }) => ({ split: shape.split.map((s) => ({ ...s, axis: other })) })),
      'takes other apart, over which',
    ],
    [
      'takes apart by another number',
      shaped(({ shape }) => ({ split: shape.split.map((s) => ({ ...s, by: toIndex(3) })) })),
      'which are other places',
    ],
    [
      'puts together what is not there',
      shaped(({ shape }) => ({ axes: [...shape.axes, { axes: [other], into: axis('o', 40) }] })),
      'puts other together, over which',
    ],
    [
      'puts together into less',
      shaped(({ shape }) => ({ axes: shape.axes.map((s) => ({ ...s, into: axis('less', 3) })) }), 'update'),
      'into less, which is other places',
    ],
    [
      'puts folds together that are not there',
      shaped(() => ({ folds: [{ axes: [other], into: other }] })),
      'puts other together',
    ],
  ])('%s', (_, faults, expected) => {
    expect(faults).toContain(expected);
  });
});

describe('a damaged stage', () => {
  const staged = (change: (stage: Stage) => Partial<Stage>): string => nestPlan('large', wasm, onStages(change));
  it.each<[string, string, string]>([
    ['of a factor that no fold has', staged(() => ({ factors: [number(1)] })), 'stages in rows what no fold has'],
    ['of another fold', staged(({ over }) => ({ over: [...over, other] })), 'what no fold has among its factors'],
    ['with rows too short', staged(() => ({ pitch: 2 })), 'whose rows hold 2'],
    [
      'with a buffer too short',
      staged(({ buffer }) => ({ buffer: { ...buffer, length: toIndex(9) } })),
      'than it holds',
    ],
    [
      'in a buffer of another type',
      staged(({ buffer }) => ({ buffer: { ...buffer, dtype: 'i32' } })),
      'which is not for that',
    ],
    [
      'in a buffer of all',
      staged(({ buffer }) => ({ buffer: { ...buffer, space: 'arena' } })),
      'which is not for that',
    ],
    ['of another axis', staged((stage) => tileOf(stage, { axis: other })), 'stages other in'],
    [
      'of more places than are filled',
      staged((stage) => tileOf(stage, { width: 2 })),
      'at other places than it stages',
    ],
    [
      'before its columns are bound',
      staged((stage) => ({ position: 0, ...tileOf(stage, { all: false }) })),
      'which no loop around takes at once',
    ],
    ['behind all loops', staged(() => ({ position: 9 })), 'in other loops than there are'],
    ['without its loops', staged(({ copy }) => ({ copy: { ...copy, loops: [] } })), 'in other loops than there are'],
    [
      'of columns that are not bound yet',
      nestPlan(
        'batched',
        wasm,
        onStages((stage) => ({ position: 0, tile: stage.tile && { ...stage.tile, all: true } })),
      ),
      'before a loop has bound',
    ],
  ])('%s', (_, faults, expected) => {
    expect(faults).toContain(expected);
  });
});

describe('a damaged plan of another kind', () => {
  const serial = (name: keyof typeof examples): PlannedNest & { kind: 'serial' } => {
    const made = planned(name, wasm);
    if (made.kind !== 'serial') throw new Error('a plan of one thread is expected');
    return made;
  };
  const [rows, one, scatter] = [serial('crossEntropyRows'), serial('contraction'), serial('tableGradient')];
  const parts = rows.plan.kind === 'rows' ? rows.plan.parts : [];
  const columns = scatter.plan.kind === 'scatter' ? scatter.plan : undefined;
  if (parts.length === 0 || !columns) throw new Error('rows and a scatter are expected');
  const threads: ScatterThreads = {
    kind: 'scatter',
    shape: { split: [], axes: [], folds: [] },
    threads: 64,
    columns: scatter.nest.kind === 'nest' ? scatter.nest.axes.slice(1) : [],
    rows: 4,
    shares: 2,
    text: '',
  };

  it.each<[string, PlannedNest, string]>([
    ['a nest with a plan of rows', { ...one, plan: rows.plan }, 'has a plan for rows, and is none'],
    ['rows with a plan of a nest', { ...rows, plan: one.plan }, 'has a plan for a nest, and is rows'],
    ['rows with a plan of a scatter', { ...rows, plan: columns }, 'has a plan for a scatter, and is rows'],
    [
      'a plan too few',
      { ...rows, plan: { kind: 'rows', parts: parts.slice(1), text: '' } },
      'for other parts than its own',
    ],
    [
      'a part with another plan',
      { ...rows, plan: { kind: 'rows', parts: [...parts].reverse(), text: '' } },
      'has no loop over',
    ],
    [
      'a nest with a plan of a scatter',
      { ...one, plan: { ...columns, shape: { split: [], axes: [], folds: [] } } },
      'has a plan for a scatter, and is none',
    ],
    [
      'threads of a scatter without their columns',
      { kind: 'workgroups', nest: scatter.nest, plan: { ...threads, columns: [] } },
      'has threads for other places than those around i',
    ],
    [
      'threads of a scatter with more rows than there is memory',
      { kind: 'workgroups', nest: scatter.nest, plan: { ...threads, rows: 64 } },
      'holds 8192 numbers in the memory of a workgroup',
    ],
    [
      'threads of a scatter that cannot share the terms',
      { kind: 'workgroups', nest: scatter.nest, plan: { ...threads, shares: 3 } },
      'has 3 shares of the terms for 64 threads',
    ],
    [
      'threads of a scatter without rows',
      { kind: 'workgroups', nest: scatter.nest, plan: { ...threads, rows: 0 } },
      'gives 0 rows to a thread',
    ],
    [
      'a nest with threads of a scatter',
      { kind: 'workgroups', nest: one.nest, plan: threads },
      'has a plan for a scatter, and is none',
    ],
    [
      'rows with threads of a scatter',
      { kind: 'workgroups', nest: rows.nest, plan: threads },
      'has a plan for a scatter, and is rows',
    ],
    ['a scatter without its columns', { ...scatter, plan: { ...columns, loops: [] } }, 'has no loop over'],
  ])('%s', (_, damaged, expected) => {
    expect(faultsOfPlan(damaged).join('\n')).toContain(expected);
  });
});

describe('a damaged plan of places one after another', () => {
  const { nest } = nests.contraction('A·B', 2, 3, 2);
  const [i, j] = [axis('i', batch), axis('j', 5)];
  const to = nests.buffer('sums', mul(batch, 5));
  const at = add(mul(5, toIndex(i)), toIndex(j));
  const x = load(nests.buffer('x', mul(batch, 5)), at);
  const along = (of: Axis): Nest => ({
    ...nests.nest('sums', [i, j], [{ to, at, value: apply('add', carried, x) }]),
    ordered: { axis: of, reverse: false, start: 0 },
  });
  it.each([ts, wasm, wgsl])('is none where it is chosen: target %#', (target) => {
    for (const of of [i, j]) expect(faultsOfPlan(plan(along(of), target, () => 64))).toEqual([]);
  });

  const serial = (of: Axis) => {
    const made = plan(along(of), wasm, () => 64);
    if (made.kind !== 'serial' || made.plan.kind !== 'ordered') throw new Error('an ordered plan is expected');
    return { ...made, plan: made.plan };
  };
  const threads = plan(along(i), wgsl, () => 64);
  const product = (of: Axis): Nest => ({
    ...nests.nest('products', [i, j], [{ to, at, value: apply('mul', carried, x) }]),
    ordered: { axis: of, reverse: false, start: 1 },
  });
  it.each<[string, PlannedNest, string]>([
    ['of a product by the threads of a workgroup', { ...threads, nest: product(i) } as PlannedNest, 'that is no sum'],
    ['of a nest without order', { ...serial(j), nest }, 'has no order'],
    [
      'over other axes',
      { ...serial(j), plan: { ...serial(j).plan, outer: [other] } },
      'goes over other around the rounds',
    ],
    [
      'without its rounds',
      { ...serial(i), plan: { ...serial(i).plan, rounds: undefined } },
      'has no plan for j within a round',
    ],
    ['of a nest without order, in threads', { ...threads, nest } as PlannedNest, 'has no order'],
    ['for other threads', { ...threads, nest: along(j) } as PlannedNest, 'other places than those around j'],
  ])('%s', (_, damaged, expected) => {
    expect(faultsOfPlan(damaged).join('\n')).toContain(expected);
  });
});

describe('a damaged plan of workgroups', () => {
  const tiles = (change: (plan: TilePlan) => Partial<TilePlan>): string => {
    const made = planned('large', wgsl);
    if (made.kind !== 'workgroups' || made.plan.kind !== 'tiles') throw new Error('tiles are expected');
    return faultsOfPlan({ ...made, plan: { ...made.plan, ...change(made.plan) } }).join('\n');
  };
  const groups = (
    name: keyof typeof examples,
    change: (made: PlannedNest & { kind: 'workgroups' }) => unknown,
  ): string => {
    const made = planned(name, wgsl);
    if (made.kind !== 'workgroups') throw new Error('workgroups are expected');
    const damaged = { ...made, plan: { ...made.plan, ...(change(made) as object) } } as PlannedNest;
    return faultsOfPlan(damaged).join('\n');
  };
  const factor = load(nests.buffer('x', 9), toIndex(0));
  it.each<[string, string, string]>([
    ['too many threads', tiles(() => ({ threads: { down: 32, across: 32 } })), 'has 1024 threads'],
    ['blocks that are not by four', tiles(() => ({ block: { rows: 3, columns: 4 } })), 'all are by four'],
    ['more memory than there is', tiles(() => ({ depth: 512 })), 'in the memory of a workgroup'],
    ['a fold in another order', tiles(() => ({ order: [other] })), 'orders a fold over other axes'],
    [
      'sides exchanged',
      tiles(({ sides }) => ({
        sides: {
          ...sides,
          rows: { ...sides.rows, factors: sides.columns.factors },
          columns: { ...sides.columns, factors: sides.rows.factors },
        },
      })),
      "with the other's axes",
    ],
    [
      'a side without its axes',
      tiles(({ sides }) => ({ sides: { ...sides, rows: { ...sides.rows, axes: [other] } } })),
      'over other axes than its own',
    ],
    [
      'other factors',
      tiles(({ sides }) => ({ sides: { ...sides, rows: { ...sides.rows, factors: [factor] } } })),
      'other factors than the fold has',
    ],
    [
      'another fold',
      tiles(({ sides }) => ({ sides: { ...sides, fold: { ...sides.fold, key: 'none' } } })),
      'of a fold that it does not have',
    ],
    [
      'shares of nothing',
      groups('rowSums', ({ plan: p }) => ({
        parts: p.kind === 'groups' ? p.parts.map((part) => ({ ...part, plan: { ...part.plan, folds: [] } })) : [],
      })),
      'folds in shares, and folds nothing',
    ],
    ['no threads', groups('rowSums', () => ({ threads: 0 })), 'has 0 threads'],
    ['parts of another', groups('crossEntropyRows', () => ({ parts: [] })), 'for other parts than its own'],
    [
      'four neighbours that are none',
      groups('dense', ({ plan: p }) => ({
        kind: 'threads',
        threads: 64,
        parts: p.kind === 'threads' ? p.parts : [],
        quads: other,
      })),
      'for other parts|which do not lie so',
    ],
  ])('%s', (_, faults, expected) => {
    expect(faults).toMatch(new RegExp(expected));
  });
});

it('may have one axis in blocks and in tiles within', () => {
  const made = planned('panels', relaxed);
  if (made.kind !== 'serial' || made.plan.kind !== 'nest') throw new Error('a plan of a nest is expected');
  const axes: Axis[] = made.plan.loops.map((loop) => loop.axis);
  expect(new Set(axes).size).toBeLessThan(axes.length);
  expect(faultsOfPlan(made)).toEqual([]);
  const narrow = made.plan.loops.map((loop): LoopPlan => (loop.lanes ? { ...loop, tile: 5 } : loop));
  expect(faultsOfPlan({ ...made, plan: { ...made.plan, loops: narrow } }).join()).toContain('has two loops over');
});
