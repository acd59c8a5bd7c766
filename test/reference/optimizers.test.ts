// Optimizers and schedules against PyTorch's numbers, in double precision there: six steps on two weights, and learning rates.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

interface Recorded {
  /** The weights after each step. */
  readonly optimizers: Record<string, number[][]>;
  /** The learning rate of each update. */
  readonly schedules: Record<string, number[]>;
  /** Two matrices after each step; PyTorch's own Muon, which rounds to bfloat16, is within 0.007 of these. */
  readonly muon: readonly { readonly A: number[]; readonly B: number[] }[];
}

const { optimizers, schedules, muon }: Recorded = JSON.parse(
  readFileSync(new URL('optimizers.json', import.meta.url), 'utf8'),
);

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it.each(Object.entries(optimizers))('%s', async (optimizer, expected) => {
    const text = `model m {
      param w: [2] = [0.3, -0.7]
      loss = mean(([[0.5, -1.25], [2, 0.75], [-0.5, 1.5]] @ w - [1, -0.5, 0.25])^2) + 0.1 * sum(w^4)
      train { optimizer = ${optimizer} }
    }`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    for (const weights of expected) {
      trainer.step({});
      weights.forEach((value, i) => expect(trainer.parameters.w[i]).toBeCloseTo(value, 5));
    }
    trainer.dispose();
  });

  it('muon(lr = 0.02, weight_decay = 0.1) on matrices', async () => {
    const text = `model m {
      param A: [3, 5] = [[0.3, -0.7, 0.2, 0.5, -0.1], [0.6, 0.1, -0.4, 0.2, 0.8], [-0.5, 0.9, 0.3, -0.2, 0.4]]
      param B: [5, 2] = [[0.2, -0.3], [0.7, 0.4], [-0.6, 0.1], [0.5, -0.8], [-0.2, 0.9]]
      x = [[0.5, -1.25, 0.75], [2, 0.75, -1], [-0.5, 1.5, 0.25], [1, 0.5, -1.5]]
      loss = mean((x @ A @ B - [[1, -0.5], [0.25, 0.75], [-1, 0.5], [0.5, 1.25]])^2)
      train { optimizer = muon(lr = 0.02, weight_decay = 0.1) }
    }`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    for (const { A, B } of muon) {
      trainer.step({});
      A.forEach((value, i) => expect(trainer.parameters.A[i]).toBeCloseTo(value, 5));
      B.forEach((value, i) => expect(trainer.parameters.B[i]).toBeCloseTo(value, 5));
    }
    trainer.dispose();
  });

  it.each(Object.entries(schedules))('%s', async (schedule, expected) => {
    // The gradient is 1, so that a step takes the learning rate away.
    const text = `model m {
      param w: f32 = 0
      loss = w
      train { optimizer = sgd(lr = ${schedule}) }
    }`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    for (const rate of expected) {
      trainer.parameters.w[0] = 0;
      trainer.step({});
      expect(-trainer.parameters.w[0]).toBeCloseTo(rate, 6);
    }
    trainer.dispose();
  });

  it('warms up, then runs the schedule over what is left', async () => {
    const rates = async (schedule: string, count: number): Promise<number[]> => {
      const text = `model m {\nparam w: f32 = 0\nloss = w\ntrain { optimizer = sgd(lr = ${schedule}) }\n}`;
      const trainer = await (await loadText(text, { target })).createTrainer();
      return Array.from({ length: count }, () => {
        trainer.parameters.w[0] = 0;
        trainer.step({});
        return -trainer.parameters.w[0];
      });
    };
    const warmed = await rates('cosine(peak = 0.4, steps = 14, warmup = 4)', 14);
    const plain = await rates('cosine(peak = 0.4, steps = 10)', 10);
    [0.1, 0.2, 0.3, 0.4, ...plain].forEach((rate, k) => expect(warmed[k]).toBeCloseTo(rate, 6));
  });

  it('lion takes steps of one size, by the sign of an interpolated momentum', async () => {
    const text = `model m {
      param w: [2] = [0.3, -0.7]
      loss = sum(w^2)
      train { optimizer = lion(lr = 0.01, beta1 = 0.8, beta2 = 0.9, weight_decay = 0.1) }
    }`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    const [w, m] = [
      [0.3, -0.7],
      [0, 0],
    ];
    for (let step = 0; step < 40; step++) {
      trainer.step({});
      w.forEach((value, i) => {
        const g = 2 * value;
        w[i] = value * (1 - 0.01 * 0.1) - 0.01 * Math.sign(0.8 * m[i] + 0.2 * g);
        m[i] = 0.9 * m[i] + 0.1 * g;
        expect(trainer.parameters.w[i]).toBeCloseTo(w[i], 4);
      });
    }
    trainer.dispose();
  });
});
