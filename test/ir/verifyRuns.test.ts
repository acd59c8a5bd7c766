// The verifier of what entries run finds what is wrong with calls of kernels that are right by themselves.
import { expect, it } from 'vitest';
import { axis } from '../../src/ir/index.js';
import type { Run, Step } from '../../src/ir/program.js';
import { faultsOfEntries } from '../../src/ir/verifyRuns.js';
import { formAfter } from '../support/forms.js';

const { entries } = formAfter(
  `
model deep {
  input x: [batch, 6]
  input y: [batch, 3]
  h = x |> dense(32) |> repeat(5, dense(32) >> tanh >> dropout(0.1))
  p = h |> dense(3) |> softmax
  output p
  loss = mean((p - y)^2)
  train { optimizer = adam(lr = 0.1) }
}
`,
  'lower',
  'kernels',
  'wasm',
);

type Runs = readonly Run[];

function damaged(change: (runs: Runs) => Runs): string {
  return faultsOfEntries(
    entries.map((entry) => {
      const runs = entry.steps.filter((step: Step) => step.kind === 'run');
      return entry.name === 'step' ? { ...entry, steps: change(runs) } : entry;
    }),
  ).join('\n');
}

it('finds nothing where all is well', () => {
  expect(faultsOfEntries(entries)).toEqual([]);
});

it('finds what is read before it is written', () => {
  expect(damaged((runs) => [...runs].reverse())).toMatch(/step: \S+ reads \S+, which nothing before it writes/);
});

it('finds a result that nothing writes', () => {
  expect(damaged(() => [])).toContain('step: nothing writes the result loss');
});

it('finds a parameter that is read after its update', () => {
  expect(damaged((runs) => [...runs, ...runs])).toMatch(/reads \S+, whose old value is gone/);
});

it('finds calls of one kernel that give different parameters', () => {
  const some = (runs: Runs): Runs => {
    const last = runs.findLastIndex(({ given }) => given !== undefined);
    return runs.map((run, n) => (n === last ? { ...run, given: undefined } : run));
  };
  expect(damaged(some)).toContain('gives other parameters than the one before');
});

it('finds a number that calls do not give', () => {
  const other = axis('other', 9);
  const without = (runs: Runs): Runs =>
    runs.map((run) => (run.numbers ? { ...run, numbers: new Map([[other, 1]]) } : run));
  expect(damaged(without)).toMatch(/mentions site.*, over which nothing goes/);
});
