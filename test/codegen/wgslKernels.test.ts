// Lowered nests as shaders in software: tiles, trees and rows compute what their nests mean, for every size of the batch.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Call } from '../../src/codegen/wgsl/call.js';
import { printShaders } from '../../src/codegen/wgsl/shaders.js';
import { constant, evaluateSizes, type Index } from '../../src/ir/index.js';
import type { Buffer } from '../../src/ir/scalar.js';
import type { AnyNest, Kernel } from '../../src/ir/program.js';
import { lowerWork } from '../../src/passes/schedule/lower/workgroups.js';
import { lowerWorkgroups } from '../support/lowered.js';
import { planNest } from '../../src/passes/schedule/plan/serial.js';
import { planTiles } from '../../src/passes/schedule/plan/tiles.js';
import type { TilePlan } from '../../src/ir/nest/plans.js';
import { chosen } from '../support/full.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { allocate } from '../support/interpret.js';
import { evaluateNest } from '../support/runKernel.js';
import { wgsl } from '../support/targets.js';

const { batch } = nests;

/** A contraction in these tiles instead of those that plan chooses for its size. */
interface Tiled extends Example {
  readonly tiles: Pick<TilePlan, 'threads' | 'block' | 'depth'>;
}

const large = { threads: { down: 16, across: 16 }, block: { rows: 8, columns: 8 }, depth: 8 };
const narrow = { threads: { down: 16, across: 4 }, block: { rows: 4, columns: 4 }, depth: 32 };

/** What others show as well: the same tiles of the same sides. */
const besides = ['A·B in large tiles', 'A·Bᵀ in large tiles', 'A·B in vectors'];

const examples: Record<string, () => Example | Tiled> = {
  'A·B in tiles': () => nests.contraction('A·B', batch, 70, 150),
  'Aᵀ·B in tiles': () => nests.contraction('Aᵀ·B', 67, 65, batch),
  'A·Bᵀ in tiles': () => nests.contraction('A·Bᵀ', batch, 64, 96),
  'A·B in vectors': () => nests.contraction('A·B', batch, 68, 148),
  'Aᵀ·B in vectors': () => nests.contraction('Aᵀ·B', 68, 72, batch),
  'A·Bᵀ in vectors': () => nests.contraction('A·Bᵀ', batch, 64, 96),
  'A·B in large tiles': () => ({ ...nests.contraction('A·B', batch, 136, 20), tiles: large }),
  'Aᵀ·B in large tiles': () => ({ ...nests.contraction('Aᵀ·B', 68, 72, batch), tiles: large }),
  'A·Bᵀ in large tiles': () => ({ ...nests.contraction('A·Bᵀ', batch, 132, 20), tiles: large }),
  'A·B in narrow tiles': () => ({ ...nests.contraction('A·B', batch, 10, 64), tiles: narrow }),
  'dense and relu in vectors': () => nests.dense(batch, 148, 64),
  'head merge': () => nests.headMerge(batch, 2, 8, 16, 40),
  'row sums': () => nests.rowSums(batch, 300),
  'column sums': () => nests.columnSums(batch, 37),
  'a mean over everything': () => nests.meanSquare(batch, 11),
  'two folds of one nest': () => nests.rowRange(batch, 200),
  'a contraction that updates in place': () => nests.updateByContraction(batch, 40, 70),
  gather: () => nests.gather(batch, 7, 10),
  'softmax in one nest': () => nests.softmax(batch, 11),
  'cross entropy in narrow rows': () => nests.crossEntropyRows(batch, 10),
  'cross entropy in wide rows': () => nests.crossEntropyRows(batch, 90),
  'a fold under a guard': () => nests.paddedSums(9, 40),
};

let gpu: GpuProcess;
let withSubgroups: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
  withSubgroups = await startGpu('swiftshader', { subgroups: true });
});
afterAll(() => {
  gpu?.end();
  withSubgroups?.end();
});

function lowerTiles(nest: AnyNest, tiles: Tiled['tiles']): Kernel {
  const estimate = (): number => 10_000;
  const plan = nest.kind === 'nest' ? planTiles(nest, planNest(nest, wgsl, estimate), estimate) : undefined;
  if (!plan) throw new Error('no contraction in tiles');
  return lowerWork(nest, { ...plan, ...tiles }, wgsl);
}

it.each(chosen(Object.entries(examples), ([name]) => !besides.includes(name)))('%s', async (_, make) => {
  const example = make();
  const { nest, buffers } = example;
  const kernel = 'tiles' in example ? lowerTiles(nest, example.tiles) : lowerWorkgroups(nest, wgsl, () => 64);
  for (const rows of [3, 66]) {
    const sizes = { batch: rows };
    const lengthOf = (of: Index): number => evaluateSizes(of, () => rows);
    const offsets = new Map<Buffer, Index>();
    const words = { floats: 0, integers: 0 };
    const memoryOf = (b: Buffer): keyof typeof words => (b.dtype === 'f32' ? 'floats' : 'integers');
    for (const b of [...buffers, ...kernel.scratch]) {
      if (b.space === 'workgroup') continue;
      offsets.set(b, constant(words[memoryOf(b)]));
      words[memoryOf(b)] += 4 * Math.ceil(lengthOf(b.length) / 4);
    }
    const call: Call = {
      fields: [{ name: 'batch', field: 'batch', type: 'i32', of: { kind: 'now', size: 'batch' } }],
      has: () => false,
      host: new Set(),
      turns: new Map(),
      given: [],
      slots: new Map(),
    };
    const { text, totals, names } = printShaders(
      {
        entries: { predict: { name: 'predict', steps: [{ kind: 'run', kernel }], inputs: [], results: [] } },
        kernels: [kernel],
        buffers,
        memory: { offsets, length: constant(words.floats) },
      },
      call,
    );
    let state = 1;
    const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
    const memory = allocate(buffers, sizes, (b) =>
      b.dtype === 'i32' ? Math.floor((draw() + 0.5) * (b.below ?? 10)) : Math.fround(draw()),
    );
    const given = { floats: new Float32Array(words.floats).fill(NaN), integers: new Int32Array(words.integers) };
    const start = (b: Buffer): number => lengthOf(offsets.get(b) ?? constant(0));
    for (const [b, values] of memory) given[memoryOf(b)].set(values, start(b));
    evaluateNest(nest, memory, sizes);
    const forms = totals
      ? [
          { on: gpu, code: text + totals.tree },
          { on: withSubgroups, code: `enable subgroups;\n${text}${totals.subgroups}` },
        ]
      : [{ on: gpu, code: text }];
    for (const { on, code } of forms) {
      const back = await on.shaders({
        code,
        dispatches: [{ name: names.get(kernel) ?? '', groups: [lengthOf(kernel.grid?.[0] ?? constant(0))] }],
        ...given,
        call: Int32Array.of(rows),
      });
      for (const [b, values] of memory) {
        if (nest.kind === 'rows' && nest.rowLocal.includes(b)) continue;
        const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
        values.forEach((x, i) => {
          const got = back[memoryOf(b)][start(b) + i];
          if (!(Math.abs(got - x) <= 3e-6 * largest))
            expect.fail(`${rows} rows: ${b.name}[${i}] is ${got}, by definition ${x}`);
        });
      }
    }
  }
  for (const one of [gpu, withSubgroups]) expect(await one.errors()).toEqual([]);
});
