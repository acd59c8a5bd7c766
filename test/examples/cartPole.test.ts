// A network learns to balance a pole from how long it stood.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const folder = join(import.meta.dirname, '../../examples/cart-pole');

describe('cart-pole', () => {
  it('moves as the equations of Barto, Sutton and Anderson say', async () => {
    const { moved, isOver } = await import(join(folder, 'cartPole.mjs'));
    // By hand, from rest and upright: the cart takes 10 N, of which the pole's base has its share.
    const [shared, turn] = [10 / 1.1, -10 / 1.1 / (0.5 * (4 / 3 - 0.1 / 1.1))];
    const next: number[] = moved([0, 0, 0, 0], 1);
    [0, 0.02 * (shared - (0.05 * turn) / 1.1), 0, 0.02 * turn].forEach((v, i) => expect(next[i]).toBeCloseTo(v, 12));
    expect([isOver([0, 0, 0.2, 0]), isOver([2.5, 0, 0, 0]), isOver([-2.5, 0, 0, 0])]).toEqual([false, true, true]);
    expect([isOver([0, 0, 0.21, 0]), isOver([0, 0, -0.21, 0])]).toEqual([true, true]);
  });

  it('adds up what came of each action, less of what came later', async () => {
    const { gainsOf } = await import(join(folder, 'train.mjs'));
    const gains: Float32Array = gainsOf({ actions: [0, 1, 1] });
    [3, 2, 1].forEach((left, i) => expect(gains[i]).toBeCloseTo(1 - 0.99 ** left, 6));
  });

  it('stands ten times as long after 60 rounds as before', async () => {
    const { judge, learn } = await import(join(folder, 'train.mjs'));
    const { generator } = await import(join(folder, '../moby-dick/write.mjs'));
    const text = readFileSync(join(folder, 'cart-pole.nn'), 'utf8');
    const { createTrainer } = await importCode(await runnableText(text));
    const trainer = await createTrainer({ seed: 1 });
    expect(judge(trainer, generator(1), 20)).toBeLessThan(50);
    let learnt = 0;
    for (const { length } of learn(trainer, generator(1), 60)) learnt = length;
    expect(learnt).toBeGreaterThan(350);
    expect(judge(trainer, generator(1), 20)).toBeGreaterThan(475);
  });
});
