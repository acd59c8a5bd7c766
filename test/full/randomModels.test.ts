// More of what test/codegen/randomModels.test.ts and comparisons.test.ts do.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { agree } from '../support/agree.js';
import { agreeOnComparisons } from '../support/agreeOnComparisons.js';
import { comparingModel } from '../support/comparingModel.js';
import { randomModel } from '../support/randomModel.js';

it('many random models agree on every target', { timeout: 1_200_000 }, async () => {
  await fc.assert(fc.asyncProperty(randomModel, fc.nat(1000), agree), { numRuns: 200, seed: 11 });
});

it('many random models full of comparisons agree on every target', { timeout: 2_400_000 }, async () => {
  const judged = { calls: 0, judged: 0 };
  await fc.assert(
    fc.asyncProperty(comparingModel, fc.nat(1000), (model, seed) => agreeOnComparisons(model, seed, judged)),
    { numRuns: 400, seed: 12 },
  );
  expect(judged.judged / judged.calls).toBeGreaterThan(0.9);
});
