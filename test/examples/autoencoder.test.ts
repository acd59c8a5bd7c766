// The autoencoder learns from the first digits. How well it ends is in test/full/examples.test.ts.
import { describe, expect, it } from 'vitest';
import { trainExample } from './train.js';

describe('autoencoder', () => {
  it('restores the test digits better than their mean after 5,000 digits, from 16 numbers', async () => {
    const { trainer, data, test } = await trainExample('autoencoder/autoencoder.nn', {
      target: 'wasm',
      epochs: 1,
      rows: 5000,
    });
    // Of the mean of all digits it is 0.067.
    expect(test?.error).toBeLessThan(0.06);
    const image = (data.test?.inputs.image ?? new Float32Array()).subarray(0, 784 * 3);
    const { z, restored } = trainer.predict({ image });
    expect([z.length, restored.length]).toEqual([48, 784 * 3]);
    expect(Array.from(restored).every((grey) => grey >= 0 && grey <= 1)).toBe(true);
  });
});
