// Convolutions, poolings and upsampling against PyTorch's numbers: values, and gradients by the input and every parameter, at many settings
// and sizes. What a layer means is held to all of them, in double precision; trainers to some (FULL=1: to all).
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { meaningOf } from '../support/randomModel.js';
import { runnableText } from '../support/runnable.js';
import { loadText } from '../support/trainer.js';
import { tensorsDiffer, type TensorRecord, type Tensors, type Tolerance } from './reference.js';

interface LayerRecord {
  /** As it is written: `conv2d(2, stride = 3)`. */
  readonly layer: string;
  readonly name: string;
  readonly x: TensorRecord;
  readonly parameters: Tensors;
  readonly value: TensorRecord;
  /** What weighs the value in the loss whose gradients these are. */
  readonly w: TensorRecord;
  readonly gradients: Tensors;
}

const records: readonly LayerRecord[] = JSON.parse(readFileSync(new URL('convolutions.json', import.meta.url), 'utf8'));
const exact: Tolerance = { atol: 1e-6, rtol: 1e-6, scale: 'tensor' };
const single: Tolerance = { atol: 2e-6, rtol: 1e-5, scale: 'tensor' };

/** Of each layer its first uses, and what is unlike them; under FULL=1 all. */
const chosen = records.filter(
  ({ layer, name }, i) =>
    process.env.FULL === '1' || records.findIndex((r) => r.name === name) === i || /stride = \[3|"same", d|2, mode/.test(layer),
);

/** So many to a model: one of all would be compiled for minutes. */
const portion = 20;
const portions = Array.from(
  { length: Math.ceil(chosen.length / portion) },
  (_, i) => [i * portion, chosen.slice(i * portion, (i + 1) * portion)] as const,
);

/** Each layer by itself: the images and the weights of the loss are parameters too, so that there are gradients by all; the latter's is the value. */
function modelOf(batch: readonly LayerRecord[]): { text: string; parameters: Record<string, Float32Array> } {
  const parameters: Record<string, Float32Array> = {};
  const lines = batch.flatMap(({ layer, name, x, parameters: own, value, w }, n) => {
    parameters[`x${n}`] = Float32Array.from(x.data);
    parameters[`w${n}`] = Float32Array.from(w.data);
    for (const [key, { data }] of Object.entries(own)) parameters[`y${n}.${name}.${key}`] = Float32Array.from(data);
    return [`param x${n}: [${x.shape.join(', ')}] = 0`, `param w${n}: [${value.shape.join(', ')}] = 0`, `y${n} = x${n} |> ${layer}`];
  });
  const loss = batch.map((_, n) => `sum(y${n} * w${n})`).join(' + ');
  return { text: `model m {\n${lines.join('\n')}\nloss = ${loss}\ntrain { optimizer = sgd(lr = 0.1) }\n}\n`, parameters };
}

function faults(batch: readonly LayerRecord[], gradients: Record<string, ArrayLike<number>>, tolerance: Tolerance): string[] {
  return batch.flatMap(({ layer, name, x, value, gradients: want }, n) => {
    const paths = Object.fromEntries(Object.entries(want).map(([key, tensor]) => [key === 'x' ? `x${n}` : `y${n}.${name}.${key}`, tensor]));
    return tensorsDiffer(`${layer} of [${x.shape.join(', ')}]`, { [`w${n}`]: value, ...paths }, gradients, tolerance);
  });
}

describe('layers', () => {
  it('give the recorded numbers by their definitions', () => {
    const { text, parameters } = modelOf(records);
    const { gradients } = meaningOf(text)({}, parameters, 1, {});
    expect(faults(records, Object.fromEntries(gradients), exact)).toEqual([]);
  });

  it('give the same where the sizes are known at run time alone', () => {
    const images = records.filter(({ x, value }) => x.shape.length === 4 && value.shape.length === 4);
    for (const { layer, name, x, parameters, value } of images.filter((_, i) => process.env.FULL === '1' || i % 3 === 0)) {
      const text = `model m {
        input x: [batch, ${x.shape[1]}, h, w]
        param one: f32 = 1
        param weights: [${value.shape.map((_, i) => (i === 1 ? value.shape[1] : 1)).join(', ')}] = 0
        y = one * x |> ${layer}
        loss = sum(y * weights)
        train { optimizer = sgd(lr = 0.1) }
      }`;
      const own = Object.fromEntries(Object.entries(parameters).map(([key, { data }]) => [`y.${name}.${key}`, data]));
      const [batch, , h, width] = x.shape;
      const given = { one: [1], weights: Array.from({ length: value.shape[1] }, (_, c) => c + 1), ...own };
      const { loss } = meaningOf(text)({ x: x.data }, given, batch, {}, { h, w: width });
      const each = value.shape[2] * value.shape[3];
      const want = value.data.reduce((sum, v, i) => sum + v * ((Math.floor(i / each) % value.shape[1]) + 1), 0);
      expect(Math.abs(loss - want), `${layer} of [${x.shape.join(', ')}]`).toBeLessThan(1e-5 * Math.max(1, Math.abs(want)));
    }
  });

  const runs = (['ts', 'wasm'] as const).flatMap((target) => portions.map(([from, batch]) => [target, from, batch] as const));
  it.each(runs)('give the recorded numbers on %s from %i', async (target, _, batch) => {
    const { text, parameters } = modelOf(batch);
    const trainer = await (await loadText(text, { target })).createTrainer({ seed: 0, parameters });
    expect(faults(batch, trainer.gradients({}).gradients, single)).toEqual([]);
  }, 180_000);
});

describe('in shaders', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it.each(portions)('layers give the recorded numbers from %i', async (_, batch) => {
    const { text, parameters } = modelOf(batch);
    const trainer = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }), { seed: 0, parameters });
    const { gradients } = await trainer.gradients({});
    await trainer.dispose();
    expect(faults(batch, gradients, single)).toEqual([]);
    expect(await gpu.errors()).toEqual([]);
  }, 180_000);
});

describe('second derivatives', () => {
  const layers = ['conv2d(2, padding = 1)', 'conv2d(2, kernel = 2, stride = 2)', 'conv2d(2, dilation = 2, padding = 2, groups = 2)', 'conv_transpose2d(2, kernel = 3, stride = 2, padding = 1)', 'max_pool2d(2, stride = 1)', 'avg_pool2d(3, padding = 1)', 'upsample2d(2, mode = "bilinear")', 'instance_norm'];

  it.each(layers)('of %s are what central differences give', (layer) => {
    const text = `model m {
      param x: [1, 2, 4, 4] = 0
      y = x |> ${layer}
      loss = sum(grad(sum(sin(y)), x)^2)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const draws = (n: number, seed: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed) * 1.5);
    const name = layer.replace(/\(.*/, '');
    const weights = { 'conv2d(2, d': [2, 1, 3, 3], 'conv2d(2, k': [2, 2, 2, 2], 'conv2d(2, p': [2, 2, 3, 3], 'conv_transp': [2, 2, 3, 3] }[layer.slice(0, 11)];
    const parameters: Record<string, number[]> = { x: draws(32, 1) };
    if (weights) Object.assign(parameters, { [`y.${name}.W`]: draws(weights.reduce((a, b) => a * b), 2), [`y.${name}.b`]: draws(2, 3) });
    if (name === 'instance_norm') Object.assign(parameters, { [`y.${name}.scale`]: draws(2, 4), [`y.${name}.shift`]: draws(2, 5) });
    const meaning = meaningOf(text);
    const { gradients } = meaning({}, parameters, 1, {});
    expect(gradients.size).toBeGreaterThan(0);
    const step = 1e-5;
    for (const [key, found] of gradients) {
      const moved = (i: number, by: number): number =>
        meaning({}, { ...parameters, [key]: parameters[key].map((v, k) => (k === i ? v + by : v)) }, 1, {}).loss;
      const want = parameters[key].map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
      const scale = Math.max(1, ...want.map(Math.abs));
      want.forEach((d, i) => expect(Math.abs(found[i] - d), `${key}[${i}]: ${found[i]}, right ${d}`).toBeLessThan(1e-6 * scale));
    }
  });
});
