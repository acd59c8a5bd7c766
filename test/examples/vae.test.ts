// The variational autoencoder learns from a few digits, and its decoder draws what is like them. How well it ends is in test/full.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainExample } from './train.js';
import { likeness, pixelsOf } from './pictures.js';

const examples = join(import.meta.dirname, '../../examples');

describe('vae', () => {
  it('bounds the likelihood of digits, and draws different ones from normal numbers', async () => {
    const { normals, asText } = await import(join(examples, 'vae/sample.mjs'));
    const { generator } = await import(join(examples, 'moby-dick/write.mjs'));
    const settings = { target: 'wasm', epochs: 4, rows: 5000, set: { hidden: 128 } } as const;
    const { trainer, test, data } = await trainExample('vae/vae.nn', settings);
    // The loss of a decoder that knows the mean of each pixel alone is 206.
    expect(test?.loss).toBeLessThan(175);
    expect(test?.divergence).toBeGreaterThan(6);

    const { sample } = trainer.predict({ z: normals(8 * 200, generator(1)) });
    const [drawn, written] = [pixelsOf(sample), pixelsOf(data.train.inputs.image.subarray(0, 784 * 1000), 255)];
    expect(likeness(drawn.variance, written.variance)).toBeGreaterThan(0.85);
    const lines: string = asText(Array.from(sample).slice(0, 784 * 3), 3);
    expect(lines.split('\n')).toHaveLength(12);
  });
});
