// Lower is right for any plan: random shapes of nests, and plans that no cost rule would choose.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { constantOf } from '../../src/ir/index.js';
import type { TargetTraits } from '../../src/ir/program.js';
import { lower } from '../../src/passes/schedule/lower/lower.js';
import { planCopy } from '../../src/passes/schedule/plan/copy.js';
import { planSerial } from '../../src/passes/schedule/plan/serial.js';
import { readsOwn } from '../../src/ir/nest/strides.js';
import type { CopyPlan, CutBlock, CutPlan, LoopPlan, NestPlan, Plan } from '../../src/ir/nest/plans.js';
import { compare } from '../support/compareKernel.js';
import { drawnBlockings, example, exampleOfWindows } from '../support/drawNests.js';
import { full } from '../support/full.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { evaluateNest, runKernel } from '../support/runKernel.js';
import { relaxed, ts, wasm } from '../support/targets.js';
import * as windows from '../support/windows.js';

/** Another plan of the same nest, with its stages or without. */
function disturb(chosen: NestPlan, pure: boolean): fc.Arbitrary<NestPlan> {
  const loop = (l: LoopPlan): fc.Arbitrary<LoopPlan> =>
    fc
      .record({
        tile: fc.oneof(fc.constant(l.tile), fc.integer({ min: 1, max: 9 }), fc.constantFrom(4, 8)),
        overlap: fc.boolean(),
        lanes: fc.boolean(),
        packs: fc.boolean(),
      })
      .map(({ tile, overlap, lanes, packs }) => ({
        axis: l.axis,
        tile,
        tail: overlap && pure ? 'overlap' : 'exact',
        ...(lanes && { lanes: true as const, ...(packs && { packs: true as const }) }),
      }));
  const copy = fc.constantFrom<CopyPlan['kind']>('rows', 'columnsFirst', 'transpose');
  const keepStages = chosen.mergeColumns.length > 0 ? fc.constant(true) : fc.boolean();
  return keepStages.chain((keep) => {
    const stages = keep ? chosen.stages : [];
    const fixed = Math.max(0, ...stages.map((s) => s.position));
    const tiled = new Set(stages.flatMap((s) => (s.tile ? [s.tile.axis] : [])));
    // Invariant of stages: loops around one are as planned.
    const loops = fc.tuple(...chosen.loops.map((l, i) => (tiled.has(l.axis) || i < fixed ? fc.constant(l) : loop(l))));
    return fc
      .record({
        loops,
        order: fc.shuffledSubarray(
          chosen.loops.slice(fixed).map((_, i) => i),
          { minLength: chosen.loops.length - fixed },
        ),
        copies: fc.tuple(...stages.map(() => copy)),
        folds: fc.shuffledSubarray([...chosen.folds], { minLength: chosen.folds.length }),
        foldLanes: fc.subarray([...chosen.folds]),
        unrolled: fc.subarray(chosen.folds.filter((a) => (constantOf(a.extent) ?? 99) <= 4)),
      })
      .map(({ loops: drawn, order, copies, folds, foldLanes, unrolled }): NestPlan => {
        // Lanes along one axis only.
        const wide = drawn.find((l) => l.lanes);
        const one = drawn.map((l): LoopPlan => (l === wide ? l : { axis: l.axis, tile: l.tile, tail: l.tail }));
        return {
          ...chosen,
          loops: [...one.slice(0, fixed), ...order.map((i) => one[fixed + i])],
          stages: stages.map((s, i) => ({ ...s, copy: planCopy(copies[i], s.copy.over, s.copy.columns) })),
          mergeFolds: keep ? chosen.mergeFolds : [],
          folds,
          foldLanes,
          unrolled,
        };
      });
  });
}

/** The same with other tiles, and other orders of the folds in blocks. */
function disturbCut(chosen: CutPlan): fc.Arbitrary<CutPlan> {
  const copy = fc.constantFrom<CopyPlan['kind']>('rows', 'columnsFirst', 'transpose');
  const block = (b: CutBlock): fc.Arbitrary<CutBlock> =>
    fc.record({ plan: disturb(b.plan, false), kind: copy }).map(({ plan, kind }) => {
      const { over, columns } = b.stage.copy;
      return { ...b, plan, stage: { ...b.stage, copy: planCopy(kind, over, columns) } };
    });
  return fc
    .record({
      blocks: fc.tuple(...chosen.blocks.map(block)),
      empty: disturb(chosen.empty, true),
      rest: disturb(chosen.rest, false),
    })
    .map((parts) => ({ ...chosen, ...parts }));
}

/** The plan that is chosen for a target where run-time sizes are as estimated, or another one. */
function plansOf(made: Example, target: TargetTraits, estimate: number, asChosen: boolean): fc.Arbitrary<Case> {
  const { nest } = made;
  const chosen = planSerial(nest, target, () => estimate);
  if (asChosen || chosen.kind === 'scatter' || chosen.kind === 'ordered') return fc.constant([made, chosen]);
  if (chosen.kind === 'cut') return disturbCut(chosen).map((p) => [made, p]);
  if (chosen.kind === 'rows') {
    const parts = chosen.parts.map((p) => disturb(p, true));
    return fc.tuple(...parts).map((all) => [made, { ...chosen, parts: all }]);
  }
  return disturb(chosen, nest.kind === 'nest' && !readsOwn(nest)).map((p) => [made, p]);
}

type Case = [Example, Plan];

const drawn = fc
  .tuple(example, fc.constantFrom(ts, wasm, relaxed), fc.constantFrom(1, 8, 64, 300), fc.boolean())
  .chain((choices) => plansOf(...choices));

/** Contractions of which several panels are staged at once: with many columns, and a fold that is estimated to be long. */
const drawnBlocks = fc
  .tuple(fc.integer({ min: 8, max: 14 }), fc.constantFrom(16, 24, 25, 30, 32, 40), fc.boolean(), fc.boolean())
  .chain(([rows, columns, biased, asChosen]) => {
    const made = biased
      ? nests.dense(rows, nests.batch, columns)
      : nests.contraction('A·B', rows, columns, nests.batch);
    return plansOf(made, relaxed, 300, asChosen);
  });

/** Windows, with a cache for more and for less than what would be staged whole. */
const drawnWindows = fc
  .tuple(exampleOfWindows, fc.constantFrom(wasm, relaxed), fc.constantFrom(8, 40, 150, 1_000), fc.boolean())
  .chain(([made, target, near, asChosen]) => plansOf(made, { ...target, near }, 64, asChosen));

/** Gradients of filters, of which blocks of the fold are added up. */
const drawnCuts = fc
  .record({
    batch: fc.constantFrom(2, 5, nests.batch),
    inner: fc.constantFrom(1, 3, 4, 8),
    outputs: fc.constantFrom(4, 6, 9),
    side: fc.constantFrom(4, 6, 9),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.constantFrom(1, 2),
    groups: fc.constantFrom(1, 2),
    lines: fc.boolean(),
  })
  .map(({ inner, lines, groups, outputs, ...w }) =>
    windows.byWeights({ ...w, groups, channels: inner * groups, outputs: outputs * groups, ...(lines && { lines }) }),
  );
const isCutPlan = ([, p]: Case): boolean => p.kind === 'cut';

function meansTheSame(cases: fc.Arbitrary<Case>, runs: number): void {
  fc.assert(
    fc.property(cases, fc.constantFrom(1, 2, 3, 5, 8, 13, 29), drawnBlockings, ([made, drawnPlan], rows, cut) => {
      const kernel = lower(
        { kind: 'serial', nest: made.nest, plan: drawnPlan },
        { ...wasm, ...(cut && { blocks: cut }) },
      );
      const sizes = { batch: rows };
      compare(
        made,
        (memory) => runKernel(kernel, memory, sizes),
        (memory) => evaluateNest(made.nest, memory, sizes),
        sizes,
      );
    }),
    { numRuns: Number(process.env.NNC_RUNS ?? (full ? 2 * runs : runs)), seed: process.env.NNC_RUNS ? undefined : 1 },
  );
}

describe('lower', () => {
  it('means the same under any plan', () => {
    meansTheSame(drawn, 150);
  });

  it('means the same of windows under any plan', () => {
    meansTheSame(drawnWindows, 50);
  });

  it('means the same where folds are cut', () => {
    const cuts = fc
      .tuple(drawnCuts, fc.constantFrom(wasm, relaxed), fc.constantFrom(1_000, 3_000), fc.boolean())
      .chain(([made, target, near, asChosen]) => plansOf(made, { ...target, near }, 400, asChosen));
    meansTheSame(cuts.filter(isCutPlan), 30);
  });

  it('means the same where panels are staged side by side', () => {
    const hasBlocks = ([, p]: Case): boolean => p.kind === 'nest' && p.stages.some((s) => s.tile?.block);
    meansTheSame(drawnBlocks.filter(hasBlocks), 30);
  });
});
