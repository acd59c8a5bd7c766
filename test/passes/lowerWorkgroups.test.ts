// Kernels of workgroups compute what their nests mean, and no thread reads what another has stored since the last barrier.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planTiles } from '../../src/passes/schedule/plan/tiles.js';
import { faultsOfPlan } from '../../src/ir/nest/verifyPlan.js';
import type { TilePlan, TileSide, WorkPlan } from '../../src/ir/nest/plans.js';
import { planNest } from '../../src/passes/schedule/plan/serial.js';
import { planWorkgroups } from '../../src/passes/schedule/plan/workgroups.js';
import { lowerWork } from '../../src/passes/schedule/lower/workgroups.js';
import { compare } from '../support/compareKernel.js';
import { drawnBlockings, example } from '../support/drawNests.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { runGroups } from '../support/runGroups.js';
import { evaluateNest } from '../support/runKernel.js';
import { wgsl } from '../support/targets.js';

const { batch } = nests;

const examples: Record<string, () => Example> = {
  'A·B': () => nests.contraction('A·B', batch, 13, 40),
  'A·B in tiles': () => nests.contraction('A·B', batch, 70, 150),
  'Aᵀ·B in tiles': () => nests.contraction('Aᵀ·B', 67, 65, batch),
  'A·Bᵀ in tiles': () => nests.contraction('A·Bᵀ', batch, 64, 96),
  'dense and relu in tiles': () => nests.dense(batch, 70, 41),
  'dense, small': () => nests.dense(batch, 2, 3),
  'attention scores': () => nests.batched(batch, 3, 20, 16),
  'head merge': () => nests.headMerge(batch, 2, 8, 16, 40),
  convolution: () => nests.convolution(batch, 3, 12, 9, 3),
  'a guarded convolution': () => nests.guardedConvolution(batch, 9, 3),
  'row sums': () => nests.rowSums(batch, 300),
  'column sums': () => nests.columnSums(batch, 37),
  'a mean over everything': () => nests.meanSquare(batch, 11),
  'two folds of one nest': () => nests.rowRange(batch, 200),
  'an elementwise chain': () => nests.chain(batch, 10),
  'momentum in place': () => nests.update(13, 7),
  'momentum in place, by four': () => nests.update(1_024, 64),
  'a contraction that updates in place': () => nests.updateByContraction(batch, 40, 70),
  gather: () => nests.gather(batch, 7, 10),
  'gradient of a table': () => nests.tableGradient(batch, 11, 39),
  'softmax in one nest': () => nests.softmax(batch, 11),
  'cross entropy in narrow rows': () => nests.crossEntropyRows(batch, 10),
  'cross entropy in wide rows': () => nests.crossEntropyRows(batch, 90),
  'a fold under a guard': () => nests.paddedSums(9, 40),
};

describe.each(Object.entries(examples))('%s', (_, make) => {
  const example = make();
  it.each([1, 64])('planned for a batch of %i', (estimate) => {
    const kernel = lowerWork(
      example.nest,
      planWorkgroups(example.nest, wgsl, () => estimate),
      wgsl,
    );
    for (const rows of estimate === 1 ? [1, 3] : [5, 17]) {
      const sizes = { batch: rows };
      compare(
        example,
        (memory) => runGroups(kernel, memory, sizes),
        (memory) => evaluateNest(example.nest, memory, sizes),
        sizes,
      );
    }
  });
});

describe('a scatter by threads', () => {
  const plans = [1, 3, 16].flatMap((rows) =>
    [4, 64].flatMap((threads) => [1, 4].map((shares) => ({ rows, shares, threads }))),
  );
  const tables = [
    () => nests.tableGradient(batch, 11, 39),
    () => nests.tableGradient(batch, 40, 3),
    () => nests.tableGradient(9, 16, 4),
    () => nests.tableGradient(batch, 5, 1),
  ];
  it.each(plans)('of $rows rows each, in $shares shares, $threads in a group', ({ rows, shares, threads }) => {
    for (const example of tables.map((make) => make())) {
      const { nest } = example;
      if (nest.kind !== 'nest') throw new Error('a plain nest is expected');
      const shape = { split: [], axes: [], folds: [] };
      const plan: WorkPlan = { kind: 'scatter', shape, threads, columns: nest.axes.slice(1), rows, shares, text: '' };
      expect(faultsOfPlan({ kind: 'workgroups', nest, plan })).toEqual([]);
      const kernel = lowerWork(nest, plan, wgsl);
      const sizes = { batch: 17 };
      compare(
        example,
        (memory) => runGroups(kernel, memory, sizes),
        (memory) => evaluateNest(nest, memory, sizes),
        sizes,
      );
    }
  });
});

/** Tiles of other sizes and stagings than plan would choose; with as large a batch it chooses tiles at all. */
function tilesOf({ nest }: Example): fc.Arbitrary<WorkPlan | undefined> {
  const estimate = (): number => 1_000_000;
  const chosen = nest.kind === 'nest' ? planTiles(nest, planNest(nest, wgsl, estimate), estimate) : undefined;
  if (!chosen) return fc.constant(undefined);
  const few = fc.constantFrom(1, 2, 4);
  const block = fc.constantFrom(4, 8);
  const along = fc.constantFrom('fold' as const, 'side' as const);
  return fc
    .record({
      down: few,
      across: few,
      rows: block,
      columns: block,
      depth: block,
      u: along,
      v: along,
      single: fc.boolean(),
    })
    .map(({ down, across, rows, columns, depth, u, v, single }): TilePlan => {
      const { sides } = chosen;
      // What is proved of one staging is not of the other.
      const side = (of: TileSide, to: TileSide['along']): TileSide => ({
        ...of,
        along: to,
        quads: of.quads && to === of.along && !single,
      });
      return {
        ...chosen,
        threads: { down, across },
        block: { rows, columns },
        depth,
        quads: chosen.quads && !single,
        sides: { ...sides, rows: side(sides.rows, u), columns: side(sides.columns, v) },
      };
    });
}

/** Groups of few threads, so that small nests have shares and places for many rounds. */
function withThreads(plan: WorkPlan, threads: number): WorkPlan {
  return plan.kind === 'groups' || (plan.kind === 'threads' && plan.threads > 1) ? { ...plan, threads } : plan;
}

const drawn = example.chain((made) =>
  fc.tuple(
    fc.constant(made),
    fc.oneof(
      tilesOf(made),
      fc.tuple(fc.constantFrom(1, 64, 10_000), fc.constantFrom(2, 4, 8)).map(([estimate, threads]) =>
        withThreads(
          planWorkgroups(made.nest, wgsl, () => estimate),
          threads,
        ),
      ),
    ),
  ),
);

describe('lower for workgroups', () => {
  it('means the same under any plan', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(drawn, fc.constantFrom(1, 2, 3, 5, 8, 13, 29), drawnBlockings, ([made, plan], rows, blocks) => {
        fc.pre(plan !== undefined);
        kinds.add(plan.kind);
        const kernel = lowerWork(made.nest, plan, { ...wgsl, ...(blocks && { blocks }) });
        const sizes = { batch: rows };
        compare(
          made,
          (memory) => runGroups(kernel, memory, sizes),
          (memory) => evaluateNest(made.nest, memory, sizes),
          sizes,
        );
      }),
      { numRuns: Number(process.env.NNC_RUNS ?? 300), seed: process.env.NNC_RUNS ? undefined : 1 },
    );
    expect([...kinds].sort()).toEqual(['groups', 'scatter', 'threads', 'tiles']);
  });
});
