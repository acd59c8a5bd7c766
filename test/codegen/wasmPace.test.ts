// Where code is kept together, and what is asked for early: which loops and stores that concerns.
import { describe, expect, it } from 'vitest';
import { farAway, goesInPairs, placesApart } from '../../src/codegen/wasm/pace.js';
import type { Kernel, Statement } from '../../src/ir/program.js';
import { apply, type Scalar } from '../../src/ir/scalar.js';
import { expandIntrinsics } from '../../src/passes/expandIntrinsics.js';
import { lowerNest } from '../../src/passes/lower/lower.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';

const wasm = { name: 'wasm', lanes: true, workgroups: false, storeGradients: false, flatMemory: true } as const;
const { batch } = nests;

function kernelOf({ nest }: Example): Kernel {
  return expandIntrinsics(lowerNest(nest, wasm, () => 64));
}

/** Every list of statements of the kernel. */
function blocks(body: readonly Statement[]): (readonly Statement[])[] {
  const inner = body.flatMap((s) => (s.kind === 'loop' ? [s.body] : s.kind === 'if' ? [s.then, s.else] : []));
  return [body, ...inner.flatMap(blocks)];
}

function pairs(kernel: Kernel): number {
  const loops = blocks(kernel.body).flat();
  return loops.filter((s) => s.kind === 'loop' && goesInPairs(s)).length;
}

/** The dense example with its values run through a function, and the sums before it stored too. */
function withEpilogue(example: Example, change: (value: Scalar) => Scalar, both: boolean): Example {
  const { nest } = example;
  if (nest.kind !== 'nest') throw new Error('a nest is expected');
  const [store] = nest.stores;
  const extra = { ...store.to, name: 'changed' };
  const stores = both
    ? [store, { ...store, to: extra, value: change(store.value) }]
    : [{ ...store, value: change(store.value) }];
  return { nest: { ...nest, stores }, buffers: both ? [...example.buffers, extra] : example.buffers };
}

const tanhOf = (value: Scalar): Scalar => apply('tanh', value);

describe('loops in pairs of rounds', () => {
  it.each([
    ['A·B', nests.contraction('A·B', batch, 40, 64)],
    ['Aᵀ·B over a run-time fold', nests.contraction('Aᵀ·B', 40, 32, batch)],
    ['A·Bᵀ', nests.contraction('A·Bᵀ', batch, 24, 33)],
  ])('%s', (_, example) => {
    expect(pairs(kernelOf(example))).toBeGreaterThan(0);
  });

  it.each([
    ['row sums', nests.rowSums(batch, 37)],
    ['a contraction that reads backwards', nests.backwards(batch, 24, 33)],
    ['a contraction of rows that only addresses know', nests.chosenRows(batch, 7, 20, 24)],
    ['a contraction of one row', nests.contraction('A·B', 1, 50, 40)],
    ['an elementwise chain', nests.chain(batch, 10)],
    ['a guarded convolution', nests.guardedConvolution(batch, 9, 3)],
  ])('not %s', (_, example) => {
    expect(pairs(kernelOf(example))).toBe(0);
  });
});

describe('stores that begin a stretch', () => {
  const apart = (example: Example): number =>
    Math.max(...blocks(kernelOf(example).body).map((block) => placesApart(block).size));

  it('are those of dear values, every second of eight', () => {
    expect(apart(withEpilogue(nests.dense(batch, 64, 40), tanhOf, false))).toBe(3);
  });

  it('are as many where each place stores two values', () => {
    expect(apart(withEpilogue(nests.dense(batch, 64, 40), tanhOf, true))).toBe(3);
  });

  it('are none where values are cheap', () => {
    expect(apart(nests.dense(batch, 64, 40))).toBe(0);
  });
});

describe('what is asked for before a loop', () => {
  const asked = (example: Example): string[] => {
    const found = blocks(kernelOf(example).body).flatMap((block) =>
      block.flatMap((s, i) => (s.kind === 'loop' && goesInPairs(s) ? farAway(block.slice(i + 1)) : [])),
    );
    return [...new Set(found.map(({ buffer }) => buffer.name))].sort();
  };

  it('is every buffer that a place stores to', () => {
    expect(asked(withEpilogue(nests.dense(batch, 64, 40), tanhOf, true))).toEqual(['changed', 'hidden']);
  });

  it('is nothing where there is one', () => {
    expect(asked(nests.dense(batch, 64, 40))).toEqual([]);
  });

  it('is nothing of what it updates in place alone', () => {
    expect(asked(nests.updateByContraction(batch, 16, 24))).toEqual([]);
  });
});
