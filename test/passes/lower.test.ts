// Kernels compute what their nests mean, for every shape of nest, target and run-time size.
import { describe, expect, it } from 'vitest';
import { printKernel } from '../../src/ir/printProgram.js';
import { lowerNest } from '../support/lowered.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { compare } from '../support/compareKernel.js';
import { evaluateNest, runKernel } from '../support/runKernel.js';
import { ts, wasm } from '../support/targets.js';
import * as windows from '../support/windows.js';

const { batch } = nests;

const examples: Record<string, () => Example> = {
  'A·B': () => nests.contraction('A·B', batch, 13, 40),
  'Aᵀ·B': () => nests.contraction('Aᵀ·B', 37, 30, batch),
  'A·Bᵀ': () => nests.contraction('A·Bᵀ', batch, 24, 33),
  'A·B of fixed sizes': () => nests.contraction('A·B', 17, 34, 21),
  'Aᵀ·B of many rows': () => nests.contraction('Aᵀ·B', 203, 66, batch),
  'a contraction of few columns': () => nests.contraction('A·B', batch, 3, 40),
  'a contraction of one row': () => nests.contraction('A·B', 1, 50, 40),
  'a contraction over the batch in one column': () => nests.contraction('Aᵀ·B', 40, 1, batch),
  'dense and relu': () => nests.dense(batch, 70, 41),
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
  gather: () => nests.gather(batch, 7, 10),
  'gradient of a table': () => nests.tableGradient(batch, 11, 39),
  'gradient of a table of few columns': () => nests.tableGradient(batch, 9, 1),
  'gradient of a table of few rows': () => nests.tableGradient(batch, 3, 8),
  'softmax in one nest': () => nests.softmax(batch, 11),
  'cross entropy in rows': () => nests.crossEntropyRows(batch, 10),
  'rows with totals': () => nests.rowsWithTotals(batch),
  'a fold under a guard': () => nests.paddedSums(9, 40),
  'padding on both sides': () => windows.padded(batch, 9, [2, 3]),
  'padding on one side': () => windows.padded(batch, 5, [0, 1]),
  'more padding than image': () => windows.padded(batch, 2, [7, 6]),
  'windows put together, an even number of places': () => windows.overlapped(batch, 5, 3, 2),
  'windows put together, an odd number of places': () => windows.overlapped(batch, 5, 3, 2, 0),
  'windows put together that lie apart': () => windows.overlapped(batch, 3, 2, 3),
  'wide windows put together': () => windows.overlapped(batch, 3, 5, 2),
  'a convolution of each channel, every second place': () =>
    windows.forward({ batch, channels: 3, outputs: 3, side: 11, kernel: 3, stride: 2, groups: 3 }),
  'a product that windows are made of': () => nests.shortColumns(batch, 18, 33, 9),
};

describe.each([ts, wasm])('lower for $name', (target) => {
  it.each(Object.entries(examples))('%s', (_, make) => {
    const example = make();
    const kernel = lowerNest(example.nest, target, () => 64);
    for (const rows of [1, 2, 3, 5, 8, 64]) {
      const sizes = { batch: rows };
      compare(
        example,
        (memory) => runKernel(kernel, memory, sizes),
        (memory) => evaluateNest(example.nest, memory, sizes),
        sizes,
      );
    }
  });
});

describe('sums of a length that is known at run time', () => {
  const armsOf = (example: Example) => lowerNest(example.nest, wasm, () => 64).body.filter((s) => s.kind === 'if');

  it('are written once, in blocks whose length is chosen', () => {
    const example = nests.columnSums(batch, 37);
    expect(armsOf(example)).toEqual([]);
    const text = printKernel(lowerNest(example.nest, wasm, () => 64));
    expect(text).toContain('let length = select((128 < batch), 48, batch)');
  });

  it('of products have an arm without blocks', () => {
    expect(armsOf(nests.contraction('Aᵀ·B', 37, 30, batch))).toHaveLength(1);
  });
});
