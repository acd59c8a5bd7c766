// Metrics at ties, NaN and the largest k.
import { expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

const ks = [1, 2, 3, 4];

it('top_k counts labels among the k largest; of equal ones the first come first, and NaN is larger than any number', async () => {
  const metrics = ks.map((k) => `  output k${k} = top_k(logits, label, k = ${k})\n`).join('');
  const text = `model m {\n  input logits: [batch, 4]\n  input label: index(4)[batch]\n${metrics}}`;
  const trainer = (await loadText(text)).createTrainer();
  const share = (logits: readonly number[], label: number): number[] => {
    const found = trainer.predict({ logits: Float32Array.from(logits), label: Uint8Array.of(label) });
    return ks.map((k) => found[`k${k}`][0]);
  };
  expect(share([1, 5, 3, 4], 1)).toEqual([1, 1, 1, 1]);
  expect(share([1, 5, 3, 4], 0)).toEqual([0, 0, 0, 1]);
  expect(share([1, 5, 3, 5], 3)).toEqual([0, 1, 1, 1]);
  expect(share([2, 2, 2, 2], 2)).toEqual([0, 0, 1, 1]);
  expect(share([NaN, 1, 7, 0], 2)).toEqual([0, 1, 1, 1]);
  expect(share([-Infinity, -Infinity, 0, Infinity], 0)).toEqual([0, 0, 1, 1]);
});
