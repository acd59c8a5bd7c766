// What fuse does grows with the layers of a model, not with their square: counted in questions it asks, not in time.
import { expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { passesFrom } from '../../src/passes.js';
import type { Nests } from '../../src/passes/entries.js';
import { joinRows } from '../../src/passes/fuse/rows.js';
import { joinTotals } from '../../src/passes/fuse/sums.js';
import { inPlaceOf } from '../../src/passes/fuse/drafts.js';
import { isAt, walk, type Context } from '../../src/passes/pipeline.js';
import { targets } from '../../src/targets.js';

/** The nests of a network of so many equal layers, in order. */
function orderedNests(layers: number): Nests {
  const text = `model deep {
  input x: [batch, 3]
  y = x |> repeat(${layers}, dense(3) >> sigmoid)
  loss = mean(y^2)
  train { optimizer = sgd(lr = 0.1) }
}`;
  const { model } = check({ file: 'deep.nn', text });
  if (!model) throw new Error('the model has errors');
  const context: Context = {
    read: () => undefined,
    memoryLimit: Infinity,
    target: targets.ts,
    threads: false,
    without: new Set(),
    diagnostics: [],
  };
  const end = walk({ stage: 'graph', is: { written: model, model } }, passesFrom('simplify-model', 'order'), context);
  if (!end || !isAt(end, 'nests')) throw new Error('there are no nests');
  return end.is;
}

/** How often the passes that put rows and their totals into loops ask whether two nests may share one, and whether a buffer is overwritten. */
function questions(layers: number): { rows: number; totals: number; groups: number } {
  const { entries, estimate } = orderedNests(layers);
  const fusion = entries.find(({ name }) => name === 'step')?.fusion;
  if (!fusion) throw new Error('there is no step');
  const inPlace = inPlaceOf(fusion.request);
  let asked = 0;
  const joining = {
    estimate,
    needed: () => false,
    inPlace: (buffer: Parameters<typeof inPlace>[0]) => {
      asked++;
      return inPlace(buffer);
    },
    mayShare: () => {
      asked++;
      return true;
    },
    describe: () => {
      throw new Error('nothing is described');
    },
  };
  const joined = joinRows(fusion.drafts, joining);
  const rows = asked;
  const groups = joinTotals(joined, joining);
  return { rows, totals: asked - rows, groups: groups.length };
}

it('asks about as much of each layer, however many there are', () => {
  const [few, many] = [questions(16), questions(64)];
  expect(few.groups).toBeGreaterThan(0);
  for (const what of ['rows', 'totals'] as const) {
    expect(few[what]).toBeGreaterThan(0);
    expect(many[what] / few[what], what).toBeLessThan(6);
  }
});
