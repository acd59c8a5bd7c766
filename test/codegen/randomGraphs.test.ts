// Random graphs, with their derivatives, as programs: what targets compute is what the evaluator does, with fused nests or without.
import fc from 'fast-check';
import { it } from 'vitest';
import { passes } from '../../src/passes.js';
import { agreeOnGraph } from '../support/agreeOnGraph.js';
import { randomGraph } from '../support/randomGraph.js';

const optional = passes.filter((pass) => pass.optional).map(({ name }) => name);

it('a few random graphs are the same on every target', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(randomGraph({ steps: 10 }), async (graph) => {
      await agreeOnGraph(graph, { targets: ['ts', 'wasm'], without: [[], optional] });
    }),
    { numRuns: 25, seed: 2 },
  );
});
