// What steps.jsonl tells of stretches of steps: the same where a run stops within one and goes on from its checkpoint.
import { expect, it } from 'vitest';
import { positionText, type Recent } from '../../src/cli/runs/checkpoint.js';
import type { Health } from '../../src/cli/runs/health.js';
import type { StepRecord } from '../../src/cli/runs/metrics.js';
import { watchedTrainer } from '../../src/cli/runs/watch.js';
import type { Trainer } from '../../src/cli/trainer.js';

/** Makes steps, of which a row tells at every third, and gives those rows. */
async function rowsOf(losses: readonly number[], calls: number, recent: Recent): Promise<StepRecord[]> {
  const rows: StepRecord[] = [];
  const left = [...losses];
  const trainer = { step: () => ({ loss: left.shift() ?? NaN }) } as unknown as Trainer;
  const health = { before: async () => {}, after: () => {}, taken: () => ({}) } as unknown as Health;
  const watched = watchedTrainer(trainer, {
    ...{ calls, total: 3000, numerics: false, nonfinite: false, recent, health },
    before: async () => {},
    epoch: () => 1,
    seconds: () => 0,
    row: (row) => rows.push(row),
  });
  while (left.length > 0) await watched.step({});
  return rows;
}

it('a stretch that a checkpoint cuts is the mean of all its steps', async () => {
  const losses = [0.1, 0.7, 0.3, 1 / 3, 2e-3, 5];
  const nothing = (): Recent => ({ of: {}, count: 0 });
  const whole = await rowsOf(losses, 0, nothing());
  expect(whole.map(({ step }) => step)).toEqual([3, 6]);
  const recent = nothing();
  const before = await rowsOf(losses.slice(0, 5), 0, recent);
  expect(recent.count).toBe(2);
  const state = {} as never;
  const kept = (JSON.parse(positionText({ state, calls: 5, recent })) as { recent: Recent }).recent;
  expect([...before, ...(await rowsOf(losses.slice(5), 5, kept))]).toEqual(whole);
});
