// Scales of learning rates on plateaus against PyTorch's ReduceLROnPlateau with threshold 0, and learningRateScale on every target.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { betterThanBefore, onPlateau } from '../../src/codegen/runtime/monitor.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

interface Recorded {
  readonly values: readonly number[];
  /** The learning rate after each epoch, from 1. */
  readonly runs: readonly {
    readonly mode: 'min' | 'max';
    readonly factor: number;
    readonly patience: number;
    readonly scales: readonly number[];
  }[];
}

const { values, runs } = JSON.parse(readFileSync(new URL('plateau.json', import.meta.url), 'utf8')) as Recorded;

it.each(runs)('falls as PyTorch has it: $mode, factor $factor, patience $patience', ({ mode, scales, ...plateau }) => {
  const better = betterThanBefore(mode === 'min' ? '-score' : 'score', { metrics: ['score'] });
  const lower = onPlateau(plateau);
  let scale = 1;
  const found = values.map((score) => (scale *= lower(better({ loss: 0, score } as { loss: number }))));
  found.forEach((value, i) => expect(value).toBeCloseTo(scales[i], 12));
  expect(scales.at(-1)).toBeLessThan(1);
});

const rows = 8;
const data = {
  x: Float32Array.from({ length: 4 * rows }, (_, i) => Math.sin(3 * i)),
  y: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)),
};

function textOf(optimizer: string): string {
  return `model scaled {
  input x: [batch, 4]
  input y: [batch]
  prediction = (x |> dense(8) |> tanh |> dense(1))[:, 0]
  loss = mse(prediction, y)
  metric error = mse(prediction, y)
  train { optimizer = ${optimizer}, batch = 8, epochs = 9, seed = 1, monitor = "error" }
}`;
}

async function trainerOf(optimizer: string, target: 'ts' | 'wasm'): Promise<LoadedTrainer> {
  return (await loadText(textOf(optimizer), { target })).createTrainer();
}

function weightsOf(trainer: LoadedTrainer): number[] {
  return Object.values(trainer.parameters).flatMap((values) => [...values]);
}

const optimizers = [
  ['sgd(lr = RATE, momentum = 0.9)', '0.1', '0.05'],
  ['adamw(lr = RATE, weight_decay = 0.1)', '0.01', '0.005'],
  ['lion(lr = RATE, weight_decay = 0.1)', '0.01', '0.005'],
  ['adam(lr = RATE)', 'linear(from = 0.01, to = 0.001, steps = 20)', 'linear(from = 0.005, to = 0.0005, steps = 20)'],
] as const;

describe.each(['ts', 'wasm'] as const)('learningRateScale on %s', (target) => {
  it.each(optimizers)('multiplies every learning rate: %s', async (optimizer, rate, half) => {
    const [scaled, lower, whole] = await Promise.all(
      [rate, half, rate].map((lr) => trainerOf(optimizer.replace('RATE', lr), target)),
    );
    expect(scaled.learningRateScale).toBe(1);
    scaled.learningRateScale = 0.5;
    for (let i = 0; i < 5; i++) for (const trainer of [scaled, lower, whole]) trainer.step(data);
    const [a, b, c] = [scaled, lower, whole].map(weightsOf);
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 5));
    expect(Math.max(...a.map((value, i) => Math.abs(value - c[i])))).toBeGreaterThan(1e-3);
    for (const trainer of [scaled, lower, whole]) trainer.dispose();
  });

  it('is kept with the optimizer, and is a number from 0 up', async () => {
    const [first, second] = [await trainerOf('sgd(lr = 0.1)', target), await trainerOf('sgd(lr = 0.1)', target)];
    first.learningRateScale = 0.3;
    second.load(first.save({ optimizer: true }));
    expect(second.learningRateScale).toBe(0.3);
    second.load(first.save());
    expect(second.learningRateScale).toBe(1);
    for (const wrong of [-1, NaN, Infinity, 1e300])
      expect(() => (second.learningRateScale = wrong)).toThrow(
        `learningRateScale: expected a finite number from 0 up, got ${wrong}`,
      );
    expect(() => (second.learningRateScale = '1' as unknown as number)).toThrow(TypeError);
    second.learningRateScale = 0;
    const before = weightsOf(second);
    second.step(data);
    expect(weightsOf(second)).toEqual(before);
    for (const trainer of [first, second]) trainer.dispose();
  });

  it('falls in fit by on_plateau, after more than patience epochs without a better one', async () => {
    // As a metric, whose higher values are better, the error gets worse from the first epoch on.
    const fitted = await trainerOf('sgd(lr = on_plateau(0.1, factor = 0.5, patience = 2))', target);
    const scales: number[] = [];
    for await (const { epoch } of fitted.fit(data)) scales[Number(epoch) - 1] = fitted.learningRateScale;
    expect(scales).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
    const stepped = await trainerOf('sgd(lr = 0.1)', target);
    const again = await trainerOf('sgd(lr = on_plateau(0.1, factor = 0.5, patience = 2))', target);
    for (let i = 0; i < 9; i++) {
      stepped.learningRateScale = i < 4 ? 1 : i < 7 ? 0.5 : 0.25;
      stepped.step(data);
    }
    for await (const { epoch } of again.fit(data, { shuffle: false })) expect(epoch).toBeGreaterThan(0);
    expect(weightsOf(again)).toEqual(weightsOf(stepped));
    for (const trainer of [fitted, stepped, again]) trainer.dispose();
  });
});
