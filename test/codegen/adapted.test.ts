// What practitioners combine: adapters, averages, norms of weights, a scaled learning rate and freezing in one model, on every target alike.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const text = `model combined {
  input x: [batch, 4]
  input image: [batch, 1, 3, 3]
  body = lora(dense(6), rank = 2, alpha = 4)
  h = x |> body |> tanh
  grown = image |> spectral_norm(conv_transpose2d(2, kernel = 2)) |> flatten |> spectral_norm(dense(6))
  p = (h * grown) |> dense(2)
  output p
  loss = mean((p - 1)^2)
  train { optimizer = adam(lr = 0.02), ema = 0.8, seed = 5 }
}`;
const plain = text.replace('lora(dense(6), rank = 2, alpha = 4)', 'dense(6)');

function batch(at: number, rows = 5): { x: Float32Array; image: Float32Array } {
  const wave = (count: number, by: number): Float32Array =>
    Float32Array.from({ length: rows * count }, (_, i) => Math.sin(by * i + at));
  return { x: wave(4, 1.3), image: wave(9, 0.7) };
}

function tensorsOf(file: Uint8Array): Record<string, Float32Array> {
  const { tensors } = readHeader(file, (why) => new Error(why));
  return Object.fromEntries(
    [...tensors].map(([name, { from, to }]) => [name, new Float32Array(file.slice(from, to).buffer)]),
  );
}

const trainerOf = async (of: string, target: 'ts' | 'wasm' = 'ts', options: object = {}): Promise<LoadedTrainer> =>
  (await loadText(of, { target })).createTrainer(options);

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it('averages what is trained of an adapter, and evaluates by that', async () => {
    const trainer = await trainerOf(text, target);
    const names = ['body.lora.A', 'body.lora.B'];
    const averages = names.map((name) => Float64Array.from(trainer.parameters[name]));
    for (let i = 0; i < 5; i++) {
      trainer.step(batch(i));
      names.forEach((name, k) =>
        averages[k].forEach((before, j) => (averages[k][j] = 0.8 * before + 0.2 * trainer.parameters[name][j])),
      );
    }
    const saved = tensorsOf(trainer.save());
    names.forEach((name, k) =>
      saved[`${name}.ema`].forEach((value, j) => expect(value).toBeCloseTo(averages[k][j], 5)),
    );
    // The weight beside is frozen, and has none.
    expect(Object.keys(saved)).not.toContain('body.W.ema');
    // Merging takes the weights that were trained.
    const merged = await trainerOf(plain, target, { parameters: trainer.save({ merged: true }) });
    const [A, B] = names.map((name) => trainer.parameters[name]);
    const update = (i: number): number =>
      2 * (A[2 * Math.floor(i / 6)] * B[i % 6] + A[2 * Math.floor(i / 6) + 1] * B[6 + (i % 6)]);
    trainer.parameters['body.W'].forEach((value, i) =>
      expect(merged.parameters['body.W'][i]).toBeCloseTo(value + update(i), 5),
    );
    for (const each of [trainer, merged]) each.dispose();
  });
});

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

it('makes the same steps on WebGPU, with another learning rate, and while something is frozen', async () => {
  const here = await trainerOf(text);
  const there = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
  const agree = async (): Promise<void> => {
    const [a, b] = [tensorsOf(here.save({ optimizer: true })), tensorsOf(await there.save({ optimizer: true }))];
    expect(Object.keys(b)).toEqual(Object.keys(a));
    for (const [name, values] of Object.entries(a)) {
      const largest = Math.max(...values.map(Math.abs), 1e-6);
      const worst = Math.max(...values.map((value, i) => Math.abs(value - b[name][i])));
      expect(worst / largest, name).toBeLessThanOrEqual(2e-5);
    }
  };
  for (let i = 0; i < 12; i++) {
    if (i === 4) {
      here.learningRateScale = 0.25;
      await there.scale(0.25);
    }
    if (i === 8) {
      here.freeze(['body.lora.*', 'p.*']);
      await there.freeze(['body.lora.*', 'p.*']);
    }
    const [a, b] = [here.step(batch(i)), await there.step(batch(i))];
    expect(Math.abs(b.loss - a.loss)).toBeLessThanOrEqual(1e-5 * a.loss);
  }
  await agree();
  const [p, q] = [here.predict(batch(20)), await there.predict(batch(20))];
  Array.from(p['p'] as Float32Array).forEach((value, i) => expect(q.p[i]).toBeCloseTo(value, 4));
  await there.dispose();
  expect(await gpu.errors()).toEqual([]);
});
