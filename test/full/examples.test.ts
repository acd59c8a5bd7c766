// Examples that take longer reach what their pages say, trained to the end.
import { describe, expect, it } from 'vitest';
import { trainExample } from '../examples/train.js';

describe('oscillator', () => {
  it('solves its equation to a thousandth', async () => {
    const { test } = await trainExample('oscillator/oscillator.nn', { target: 'wasm' });
    expect(test?.error).toBeLessThan(1e-3);
  });
});
