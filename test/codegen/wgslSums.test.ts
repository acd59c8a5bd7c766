// Sums of many terms on WebGPU, in software: shares of threads, tiles, and folds of one thread.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { longFold, longSums, promised, terms } from '../support/longSums.js';
import { runnableText } from '../support/runnable.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

const few = process.env.FULL === '1' ? [1_000, 1_000_000] : [1_000, 20_003];

describe('sums', () => {
  it.each(Object.keys(longSums))('of %s', async (what) => {
    const { model, error } = longSums[what];
    const trainer = await gpu.createTrainer(await runnableText(model, { target: 'wgsl' }));
    for (const kind of ['of 0.1', 'of two thirds', 'alternating'])
      for (const count of few)
        expect(await error(trainer, count, terms[kind]), `${count} terms ${kind}`).toBeLessThanOrEqual(promised);
    await trainer.dispose();
  });

  it('of folds whose length is known', async () => {
    const length = 20_003;
    const trainer = await gpu.createTrainer(await runnableText(longFold(length), { target: 'wgsl' }));
    const x = new Float32Array(2 * length).map(terms['of two thirds']);
    const { s } = await trainer.predict({ x });
    const sum = length * Math.fround(2 / 3) * Math.fround(0.1);
    expect(Math.abs(s[1] / sum - 1)).toBeLessThanOrEqual(promised);
  });

  it('of many columns', async () => {
    const model = `model wide {
      input x: [batch, 96]
      input y: [batch, 160]
      param W: [96, 160] = 0.1
      loss = mean(sum(x @ W * y, axis = 1))
    }`;
    const count = few[1];
    const trainer = await gpu.createTrainer(await runnableText(model, { target: 'wgsl' }));
    const x = new Float32Array(96 * Math.min(count, 5_000)).fill(0.1);
    const y = new Float32Array((x.length / 96) * 160).fill(0.7);
    const { gradients } = await trainer.gradients({ x, y });
    const term = Math.fround(0.1) * Math.fround(0.7);
    for (const place of [0, 777, 96 * 160 - 1])
      expect(Math.abs(gradients.W[place] / term - 1)).toBeLessThanOrEqual(promised);
    expect(await gpu.errors()).toEqual([]);
  });
});
