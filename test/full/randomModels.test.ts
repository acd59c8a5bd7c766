// More of what test/codegen/randomModels.test.ts does.
import fc from 'fast-check';
import { it } from 'vitest';
import { randomModel } from '../support/randomModel.js';
import { agree } from '../support/agree.js';

it('many random models agree on every target', { timeout: 1_200_000 }, async () => {
  await fc.assert(fc.asyncProperty(randomModel, fc.nat(1000), agree), { numRuns: 200, seed: 11 });
});
