// Random small models: both targets and the reference evaluator agree, whatever the batch.
import fc from 'fast-check';
import { it } from 'vitest';
import { randomModel } from '../support/randomModel.js';
import { agree } from '../support/agree.js';

it('a few random models agree on every target', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(randomModel, fc.nat(1000), (model, seed) => agree(model, seed)),
    { numRuns: 8, seed: 4 },
  );
});
