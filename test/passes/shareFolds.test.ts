// Long folds to few places in shares: enough workgroups for a processor, the same sums, and one kernel where folds are short.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantOf, evaluateSizes } from '../../src/ir/index.js';
import type { AnyNest } from '../../src/ir/program.js';
import type { Buffer } from '../../src/ir/scalar.js';
import { lowerWorkgroups } from '../support/lowered.js';
import { shareFolds } from '../../src/passes/schedule/plan/shareFolds.js';
import { compare } from '../support/compareKernel.js';
import { example } from '../support/drawNests.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { runGroups } from '../support/runGroups.js';
import { evaluateNest } from '../support/runKernel.js';
import { wgsl } from '../support/targets.js';
import { runnableText } from '../support/runnable.js';

const { batch } = nests;
const drawn = fc.tuple(example, fc.constantFrom(3_000, 100_000, 1_000_000));

/** Threads that the kernel of a nest has for a batch of so many rows. */
function threadsOf(nest: AnyNest, rows: number): number {
  const { grid = [], threads = [] } = lowerWorkgroups(nest, wgsl, () => rows);
  return evaluateSizes(grid[0], () => rows) * threads[0];
}

/** The parts, planned for a batch of `estimate` and run one after another, store what the nest does. */
function same(example: Example, parts: readonly AnyNest[], estimate: number, rows: number): void {
  const kernels = parts.map((part) => lowerWorkgroups(part, wgsl, () => estimate));
  const between = parts[0].kind === 'nest' && parts.length > 1 ? parts[0].stores.map((s) => s.to) : [];
  const sizes = { batch: rows };
  compare(
    example,
    (memory) => {
      const room = (b: Buffer): Float64Array => new Float64Array(evaluateSizes(b.length, () => rows)).fill(NaN);
      const all = new Map([...memory, ...between.map((b) => [b, room(b)] as const)]);
      for (const kernel of kernels) runGroups(kernel, all, sizes);
    },
    (memory) => evaluateNest(example.nest, memory, sizes),
    sizes,
  );
}

const long: Record<string, { make: () => Example; estimate: number; rows: readonly number[] }> = {
  'the gradient of few weights over a long batch': {
    make: () => nests.contraction('Aᵀ·B', 12, 9, batch),
    estimate: 65_536,
    rows: [1, 5, 700],
  },
  'a batch that shares divide': {
    make: () => nests.contraction('Aᵀ·B', 8, 8, 2_048),
    estimate: 1,
    rows: [1],
  },
  'the gradient of a bias': { make: () => nests.columnSums(batch, 70), estimate: 65_536, rows: [1, 17, 2_000] },
  'a mean over everything': { make: () => nests.meanSquare(batch, 11), estimate: 65_536, rows: [1, 900] },
  'two folds of one nest': { make: () => nests.rowRange(3, batch), estimate: 1_000_000, rows: [1, 40] },
  'a contraction that updates in place': {
    make: () => nests.updateByContraction(batch, 12, 9),
    estimate: 65_536,
    rows: [3, 600],
  },
};

describe.each(Object.entries(long))('%s', (_, { make, estimate, rows }) => {
  const made = make();
  const parts = shareFolds(made.nest, wgsl, () => estimate);

  it('keeps many threads busy', () => {
    expect(parts).toHaveLength(2);
    const [one] = [threadsOf(made.nest, estimate)];
    expect(threadsOf(parts[0], estimate)).toBeGreaterThanOrEqual(4 * one);
  });

  it.each(rows)('gives the same for a batch of %i', (n) => same(made, parts, estimate, n));

  it('needs memory that does not grow with the batch', () => {
    for (const part of parts[0].kind === 'nest' ? parts[0].stores : [])
      expect(constantOf(part.to.length)).toBeLessThanOrEqual(64 * 16_384);
  });
});

describe('any nest', () => {
  it.each([1, 40, 3_000])('counts what is the same at %i places as often', (rows) => {
    const made = nests.repeatedSums(12, batch);
    const parts = shareFolds(made.nest, wgsl, () => 1_000_000);
    expect(parts).toHaveLength(2);
    same(made, parts, 1_000_000, rows);
  });

  it('gives the same in shares', () => {
    let shared = 0;
    fc.assert(
      fc.property(drawn, fc.constantFrom(1, 2, 7, 20), ([made, estimate], rows) => {
        const parts = shareFolds(made.nest, wgsl, () => estimate);
        if (parts.length === 1) return;
        shared++;
        same(made, parts, estimate, rows);
      }),
      { numRuns: Number(process.env.NNC_RUNS ?? 160), seed: process.env.NNC_RUNS ? undefined : 1 },
    );
    expect(shared).toBeGreaterThan(8);
  });
});

describe('one kernel', () => {
  it.each([
    ['where the fold is short', () => nests.contraction('A·B', batch, 10, 512)],
    ['where places are many', () => nests.contraction('A·B', 512, 512, 4_096)],
    ['of rows', () => nests.crossEntropyRows(batch, 4_096)],
    ['where nothing is folded', () => nests.chain(batch, 10)],
  ])('%s', (_, make) => {
    const { nest } = make();
    expect(shareFolds(nest, wgsl, () => 64)).toEqual([nest]);
  });
});

describe('dispatches of a step', () => {
  const network = (hidden: string, train: string): string => `model digits {
  input image: [batch, 784]
  input label: index(10)[batch]
  logits = image |> ${hidden} |> dense(10)
  loss = cross_entropy(logits, label)
  train { optimizer = ${train} }
}
`;
  const dispatches = async (text: string): Promise<number> => {
    const code = await runnableText(text, { target: 'wgsl' });
    return /function runStep\(m\) \{([^]*?)\n\}/.exec(code)?.[1].match(/dispatch\(/g)?.length ?? 0;
  };

  it.each([
    ['784-128-10 by sgd', network('dense(128) |> relu', 'sgd(lr = 0.1), batch = 64'), 8],
    ['784-512-512-10 by adam', network('dense(512) |> gelu |> dense(512) |> gelu', 'adam(lr = 1e-3), batch = 128'), 14],
  ])('of %s are few', async (_, text, most) => {
    const found = await dispatches(text);
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThanOrEqual(most);
  });

  it('of a long batch are more', async () => {
    const text = (size: number): string => network('dense(128) |> relu', `sgd(lr = 0.1), batch = ${size}`);
    expect(await dispatches(text(8_192))).toBeGreaterThan(await dispatches(text(64)));
  });
});
