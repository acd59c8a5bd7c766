// Lowered nests as WebAssembly: every shape of loop computes what its nest means, for every size of the batch.
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { apply, type Scalar } from '../../src/ir/scalar.js';
import { lowerNest } from '../support/lowered.js';
import { expandIntrinsics } from '../../src/passes/schedule/expandIntrinsics.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { allocate, type Memory } from '../support/interpret.js';
import { evaluateNest } from '../support/runKernel.js';
import * as targets from '../support/targets.js';
import * as windows from '../support/windows.js';
import { runKernels } from './runKernels.js';

const { batch } = nests;

// Node 20 knows fused multiply-add only when asked, and before the first module is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd');

const tanhOf = (value: Scalar): Scalar => apply('tanh', value);

const examples: Record<string, () => Example> = {
  'A·B': () => nests.contraction('A·B', batch, 13, 40),
  'Aᵀ·B': () => nests.contraction('Aᵀ·B', 37, 30, batch),
  'A·Bᵀ': () => nests.contraction('A·Bᵀ', batch, 24, 33),
  'Aᵀ·B, deep': () => nests.contraction('Aᵀ·B', 32, 8, 1025),
  'Aᵀ·B of many rows': () => nests.contraction('Aᵀ·B', 208, 12, batch),
  'A·B of fixed sizes': () => nests.contraction('A·B', 17, 34, 21),
  'A·B with A backwards': () => nests.backwards(batch, 24, 33),
  'a contraction of few columns': () => nests.contraction('A·B', batch, 3, 40),
  'a contraction of one row': () => nests.contraction('A·B', 1, 50, 40),
  'a contraction over the batch in one column': () => nests.contraction('Aᵀ·B', 40, 1, batch),
  'A·B, deep, by panels side by side': () => nests.contraction('A·B', batch, 64, 300),
  'A·B by panels of which the last block overlaps': () => nests.contraction('A·B', batch, 60, 300),
  'A·B by three panels': () => nests.contraction('A·B', batch, 24, 257),
  'A·B by panels, shorter than a block': () => nests.contraction('A·B', batch, 26, 257),
  'dense and relu': () => nests.dense(batch, 70, 41),
  'dense and tanh': () => nests.through(nests.dense(batch, 70, 41), tanhOf),
  'dense and its tanh by panels': () => nests.through(nests.dense(batch, 260, 32), tanhOf, true),
  'dense, small': () => nests.dense(batch, 2, 3),
  'attention scores': () => nests.batched(batch, 3, 9, 8),
  'head merge': () => nests.headMerge(batch, 2, 5, 8, 20),
  convolution: () => nests.convolution(batch, 3, 6, 9, 3),
  'a guarded convolution': () => nests.guardedConvolution(batch, 9, 3),
  'row sums': () => nests.rowSums(batch, 37),
  'column sums': () => nests.columnSums(batch, 37),
  'a mean over everything': () => nests.meanSquare(batch, 11),
  'two folds of one nest': () => nests.rowRange(batch, 19),
  'an elementwise chain': () => nests.chain(batch, 10),
  'momentum in place': () => nests.update(13, 7),
  'a contraction that updates in place': () => nests.updateByContraction(batch, 13, 11),
  'a deep contraction that updates in place': () => nests.updateByContraction(300, 13, 64),
  gather: () => nests.gather(batch, 7, 10),
  'a contraction of chosen rows': () => nests.chosenRows(batch, 7, 20, 24),
  'gradient of a table': () => nests.tableGradient(batch, 11, 39),
  'gradient of a table of few columns': () => nests.tableGradient(batch, 9, 1),
  'gradient of a table of few rows': () => nests.tableGradient(batch, 3, 8),
  'softmax in one nest': () => nests.softmax(batch, 11),
  'cross entropy in rows': () => nests.crossEntropyRows(batch, 10),
  'rows with totals': () => nests.rowsWithTotals(batch),
  'a fold under a guard': () => nests.paddedSums(9, 40),
};

const examplesOfWindows: Record<string, () => Example> = {
  'a convolution of strides': () => windows.forward({ batch, channels: 3, outputs: 9, side: 11, kernel: 3, stride: 2 }),
  'a convolution in groups': () =>
    windows.forward({ batch, channels: 6, outputs: 4, side: 9, kernel: 3, groups: 2, padding: 1 }),
  'a depthwise convolution': () => windows.forward({ batch, channels: 5, outputs: 5, side: 9, kernel: 3, groups: 5 }),
  'a convolution of lines': () => windows.forward({ batch, channels: 4, outputs: 9, side: 20, kernel: 5, lines: true }),
  'a convolution of 1×1': () => windows.forward({ batch, channels: 8, outputs: 9, side: 6, kernel: 1 }),
  'the gradient of filters': () => windows.byWeights({ batch, channels: 3, outputs: 9, side: 11, kernel: 3 }),
  'the gradient of filters of many channels': () =>
    windows.byWeights({ batch, channels: 16, outputs: 5, side: 7, kernel: 3 }),
  'the gradient of filters of strides': () =>
    windows.byWeights({ batch, channels: 3, outputs: 5, side: 17, kernel: 5, stride: 2 }),
  'the gradient of filters in groups': () =>
    windows.byWeights({ batch, channels: 6, outputs: 8, side: 9, kernel: 3, groups: 2 }),
  'the gradient of filters of lines': () =>
    windows.byWeights({ batch, channels: 8, outputs: 7, side: 40, kernel: 5, lines: true }),
  'the gradient of small filters': () => windows.byWeights({ batch, channels: 8, outputs: 6, side: 6, kernel: 3 }),
  'the gradient of a convolved image': () => windows.byInput({ batch, channels: 9, outputs: 8, side: 8, kernel: 3 }),
  'the gradient of a convolved image of few channels': () =>
    windows.byInput({ batch, channels: 6, outputs: 4, side: 7, kernel: 5 }),
  'max pooling': () => windows.maxPool(batch, 2, 14, 2),
  'max pooling of a few': () => windows.maxPool(batch, 3, 5, 3),
  'the gradient of max pooling': () => windows.maxPoolGradient(batch, 3, 5, 2),
  'the gradient of max pooling by three': () => windows.maxPoolGradient(batch, 2, 4, 3),
};

const examplesOfManyRows: Record<string, () => Example> = {
  'A·Bᵀ by panels that are turned': () => nests.contraction('A·Bᵀ', 513, 26, 68),
  'A·B of rows that tiles of six do not fill': () => nests.contraction('A·B', 32, 20, 9),
  'a convolution of sixteen filters': () => windows.forward({ batch, channels: 3, outputs: 16, side: 9, kernel: 3 }),
  'the gradient of sixteen filters': () => windows.byWeights({ batch, channels: 3, outputs: 16, side: 9, kernel: 3 }),
  'the gradient of an image of sixteen channels': () =>
    windows.byInput({ batch, channels: 16, outputs: 4, side: 7, kernel: 3 }),
};

const all = [
  ...Object.entries(examples).map((e) => [...e, [1, 2, 3, 5, 8, 64]] as const),
  ...Object.entries(examplesOfWindows).map((e) => [...e, [1, 3, 6]] as const),
  ...Object.entries(examplesOfManyRows).map((e) => [...e, [1]] as const),
];

/** Random numbers, and what becomes of them by definition. */
function memoriesOf({ nest, buffers }: Example, batch: number): Record<'given' | 'wanted', Memory> {
  let state = 1;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const given = allocate(buffers, { batch }, (b) =>
    b.dtype === 'i32' ? Math.floor((draw() + 0.5) * (b.below ?? 10)) : Math.fround(draw()),
  );
  const wanted = new Map([...given].map(([b, values]) => [b, values.slice()]));
  evaluateNest(nest, wanted, { batch });
  return { given, wanted };
}

describe.each(all)('%s', (_, make, batches) => {
  const example = make();
  const { nest, buffers } = example;
  const local = nest.kind === 'rows' ? nest.rowLocal : [];
  const memories = new Map<number, ReturnType<typeof memoriesOf>>();
  describe.each([
    ['plain', targets.wasm],
    ['relaxed', targets.relaxed],
    ['wide', targets.wide],
    ['wide and relaxed', targets.wideRelaxed],
  ] as const)('%s', (_, target) => {
    const relaxed = target.fma === true;
    const kernel = expandIntrinsics(lowerNest(nest, target, () => 64));
    it.each(batches)('a batch of %i', (rows) => {
      const { given, wanted } = memories.get(rows) ?? memoriesOf(example, rows);
      memories.set(rows, { given, wanted });
      const running = runKernels([kernel], [...buffers, ...kernel.scratch], { batch: rows }, { relaxed });
      for (const [b, values] of given) (b.dtype === 'f32' ? running.of(b) : running.ints(b)).set(values);
      for (const b of kernel.scratch) running.of(b).fill(NaN);
      running.run();
      for (const [b, values] of wanted) {
        if (local.includes(b)) continue;
        const got = b.dtype === 'f32' ? running.of(b) : running.ints(b);
        const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
        values.forEach((x, i) => {
          if (!(Math.abs(got[i] - x) <= 2e-6 * largest))
            expect.fail(`${b.name}[${i}] is ${got[i]}, by definition ${x}`);
        });
      }
    });
  });
});
