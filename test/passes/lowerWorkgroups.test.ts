// Kernels of workgroups compute what their nests mean, and no thread reads what another has stored since the last barrier.
import { describe, it } from 'vitest';
import { planWorkgroups } from '../../src/passes/plan/workgroups.js';
import { lowerWork } from '../../src/passes/lower/workgroups.js';
import { compare } from '../support/compareKernel.js';
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
  'a contraction that updates in place': () => nests.updateByContraction(batch, 40, 70),
  gather: () => nests.gather(batch, 7, 10),
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
