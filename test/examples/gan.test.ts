// A contest of two small networks: what the generator forges comes to look like digits, and different ones. How well it ends is in test/full.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { likeness, pixelsOf } from './pictures.js';

const examples = join(import.meta.dirname, '../../examples');

describe('gan', () => {
  it('forges what is more and more like digits, and not all the same', async () => {
    const { train } = await import(join(examples, 'mnist/data.mjs'));
    const { sample } = await import(join(examples, 'vae/sample.mjs'));
    const { generator } = await import(join(examples, 'moby-dick/write.mjs'));
    const text = readFileSync(join(examples, 'gan/gan.nn'), 'utf8');
    const code = await runnableText(text, { target: 'wasm', set: { channels: 4, latent: 16 } });
    const { createTrainer, model } = await importCode(code);
    const trainer = await createTrainer({ seed: 1 });
    const written = pixelsOf(train.image.subarray(0, 784 * 1000), 255);
    // With the weights themselves: their averages take a thousand steps to follow.
    const drawn = async () =>
      pixelsOf(sample(await createTrainer({ parameters: trainer.parameters }), model, 300, generator(1)));

    const before = await drawn();
    const data = { image: Float32Array.from(train.image.subarray(0, 784 * 3000)) };
    let told: number[] = [];
    for await (const { losses } of trainer.fit(data, { epochs: 6, batch: 32 }))
      told = [...told, (losses as Record<string, number>).told_apart];
    const after = await drawn();
    // The critic finds out first, and the generator after it.
    expect(Math.max(...told)).toBeGreaterThan(0.9);
    expect(likeness(before.mean, written.mean)).toBeLessThan(0.7);
    expect(likeness(after.mean, written.mean)).toBeGreaterThan(0.8);
    expect(likeness(after.variance, written.variance)).toBeGreaterThan(0.8);
  });
});
