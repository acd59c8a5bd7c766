// An encoder that has seen no label makes features that say more than those of one that has learnt nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const folder = join(import.meta.dirname, '../../examples/contrastive');
const load = async (file: string, set: Record<string, number>) =>
  importCode(await runnableText(readFileSync(join(folder, file), 'utf8'), { target: 'wasm', set }));

describe('contrastive', () => {
  it('finds partners, and 100 labels tell more of its features than of random ones', async () => {
    const { contrast, encoderOf, probe } = await import(join(folder, 'train.mjs'));
    const { firstDigits } = await import(join(folder, '../distillation/compare.mjs'));
    const { test } = await import(join(folder, '../mnist/data.mjs'));
    const { generator } = await import(join(folder, '../moby-dick/write.mjs'));
    const { createTrainer } = await load('contrast.nn', { hidden: 128, code: 32 });
    const trainer = await createTrainer({ seed: 1 });
    const untrained = Object.fromEntries(
      Object.entries(encoderOf(trainer) as Record<string, Float32Array>).map(([n, v]) => [n, Float32Array.from(v)]),
    );
    const losses: number[] = [];
    let share = 0;
    for (const { loss, found } of contrast(trainer, generator(1), { steps: 120, rows: 5000, batch: 128 })) {
      losses.push(loss);
      share = found;
    }
    // At first all pictures are nearly alike, and each is as likely as another to be the partner.
    expect(losses[0]).toBeCloseTo(Math.log(255), 0);
    expect(losses.at(-1)).toBeLessThan(losses[0] - 1);
    expect(share).toBeGreaterThan(0.2);

    const reader = await load('probe.nn', { hidden: 128 });
    const tested = firstDigits(test, 2000);
    const [before, after] = [
      await probe(reader.createTrainer, untrained, 100, tested, 200),
      await probe(reader.createTrainer, encoderOf(trainer), 100, tested, 200),
    ];
    expect(after).toBeGreaterThan(before + 0.05);
  });

  it('distorts by what was drawn: nothing drawn leaves a picture as it is', async () => {
    const { distort, distortion } = await import(join(folder, 'distort.mjs'));
    const image = Float32Array.from({ length: 784 }, (_, i) => i);
    const into = new Float32Array(784);
    distort({ a: [1, 0, 0, 1], shift: [0, 0] }, image, 0, into, 0);
    expect(into).toEqual(image);
    distort({ a: [1, 0, 0, 1], shift: [1, 0] }, image, 0, into, 0);
    expect([into[28], into[29], into[55]]).toEqual([0, 28, 54]);
    const { a, shift } = distortion(() => 0.5);
    expect([...a, ...shift].map((value: number) => Number(value.toFixed(3)))).toEqual([0.976, 0, 0, 0.976, 0, 0]);
  });
});
