// Kernels compute what their nests mean, for every shape of nest, target and run-time size.
import { describe, expect, it } from 'vitest';
import type { TargetTraits } from '../../src/ir/program.js';
import { lowerNest } from '../../src/passes/lower/lower.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { allocate, evaluateNest, runKernel, type Sizes } from '../support/runKernel.js';

const { batch } = nests;

export const ts: TargetTraits = {
  name: 'ts',
  lanes: false,
  workgroups: false,
  storeGradients: true,
  flatMemory: false,
};
export const wasm: TargetTraits = {
  name: 'wasm',
  lanes: true,
  workgroups: false,
  storeGradients: false,
  flatMemory: true,
};

const examples: Record<string, () => Example> = {
  'A·B': () => nests.contraction('A·B', batch, 13, 40),
  'Aᵀ·B': () => nests.contraction('Aᵀ·B', 37, 30, batch),
  'A·Bᵀ': () => nests.contraction('A·Bᵀ', batch, 24, 33),
  'A·B of fixed sizes': () => nests.contraction('A·B', 17, 34, 21),
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
  'softmax in one nest': () => nests.softmax(batch, 11),
  'cross entropy in rows': () => nests.crossEntropyRows(batch, 10),
  'a fold under a guard': () => nests.paddedSums(9, 40),
};

/** Runs the kernel and the nest on the same random memory and compares every buffer. */
export function compare(
  { nest, buffers }: Example,
  run: (memory: ReturnType<typeof allocate>) => void,
  byDefinition: (memory: ReturnType<typeof allocate>) => void,
  sizes: Sizes,
): void {
  let state = 1;
  const draw = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const memory = allocate(buffers, sizes, (b) =>
    b.dtype === 'i32' ? Math.floor((draw() + 0.5) * (b.below ?? 10)) : draw(),
  );
  const copy = new Map([...memory].map(([b, data]) => [b, data.slice()]));
  byDefinition(copy);
  run(memory);
  const local = nest.kind === 'rows' ? nest.rowLocal : [];
  for (const [b, data] of copy) {
    if (local.includes(b)) continue;
    const got = memory.get(b);
    data.forEach((x, i) => {
      const difference = Math.abs((got?.[i] ?? NaN) - x);
      if (!(difference <= 1e-9 * Math.max(1, Math.abs(x))))
        expect.fail(`${b.name}[${i}] is ${got?.[i]}, by definition ${x}`);
    });
  }
}

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
