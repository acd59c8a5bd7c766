// WebGPU in software at length: every recorded expression, every recorded model, and networks of the size that people train.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import type { TensorType } from '../../src/ir/types.js';
import { batches, expressionsDiffer, modelOf } from '../reference/expressions.js';
import { casePath, inputsOf } from '../reference/reference.js';
import { shadersOf, startGpu, type GpuProcess } from '../support/gpu.js';
import { createDraws, fillType } from '../support/sampleTypes.js';
import { runnableText } from '../support/runnable.js';
import { compileText, importCode } from '../support/trainer.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

describe('expressions', () => {
  it.each(batches.map((batch, i) => [i * 30, batch] as const))('from %i', async (_, batch) => {
    const { text, parameters, inputs, forOutputs } = modelOf(batch);
    const code = await compileText(text, { target: 'wgsl' });
    const trainer = await gpu.createTrainer(code);
    const used = new Set(trainer.model.parameters.map((p) => p.name));
    await trainer.dispose();
    const given = Object.fromEntries(Object.entries(parameters).filter(([n]) => used.has(n)));
    const started = await gpu.createTrainer(code, { seed: 0, parameters: given });
    const values = await started.predict(inputsOf(inputs, forOutputs));
    const { gradients } = await started.gradients(inputsOf(inputs));
    await started.dispose();
    expect(expressionsDiffer(batch, values, gradients)).toEqual([]);
  });
});

describe('networks', () => {
  const digits = (hidden: string, train: string): string => `model digits {
  input image: [batch, 784]
  input label: index(10)[batch]
  logits = image |> ${hidden} |> dense(10)
  loss = cross_entropy(logits, label)
  metric right = accuracy(logits, label)
  train { optimizer = ${train} }
}
`;
  it.each([
    ['784-128-10 by sgd', digits('dense(128) |> relu', 'sgd(lr = 0.1), batch = 64'), 64, 30],
    [
      '784-512-512-10 by adam',
      digits('dense(512) |> gelu |> dense(512) |> gelu', 'adam(lr = 1e-3), batch = 128'),
      128,
      5,
    ],
  ] as const)('%s takes the steps of WebAssembly', async (_, text, batch, steps) => {
    const there = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
    const here = await (await importCode(await runnableText(text, { target: 'wasm' }))).createTrainer();
    for (let step = 0; step < steps; step++) {
      const image = Float32Array.from({ length: 784 * batch }, (_value, i) => Math.abs(Math.sin(1.7 * i + step)));
      const label = Int32Array.from({ length: batch }, (_value, i) => (7 * i + step) % 10);
      const [a, b] = [here.step({ image, label }), await there.step({ image, label })];
      expect(Math.abs(b.loss / a.loss - 1)).toBeLessThan(1e-4);
      expect(b.right).toBeCloseTo(a.right, 5);
    }
    await there.dispose();
    expect(await gpu.errors()).toEqual([]);
  });
});

describe('a hundred steps of every example', () => {
  const files = readdirSync('examples', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.nn'));

  it.each(files.filter((f) => !f.includes('node_modules')))('%s are those of WebAssembly', async (file) => {
    const text = readFileSync(join('examples', file), 'utf8');
    const { model } = check({ file, text });
    if (!model) throw new Error(`${file} does not compile`);
    const sizes = { batch: Math.min(model.train.batch, 64) };
    const draw = createDraws(1);
    const arrayOf = ({ element }: TensorType, data: readonly number[]): Float32Array | Int32Array =>
      element.kind === 'f32' ? Float32Array.from(data) : Int32Array.from(data);
    const inputs = Object.fromEntries(
      model.inputs.map(({ name, type }) => [name, arrayOf(type, fillType(type, draw, undefined, sizes))]),
    );
    const there = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
    const here = await (await importCode(await runnableText(text, { target: 'wasm' }))).createTrainer();
    for (let step = 0; step < 100; step++) {
      const [a, b] = [here.step(inputs), await there.step(inputs)];
      const apart = Math.abs(b.loss - a.loss) / Math.max(Math.abs(a.loss), 1e-6);
      expect(apart, `step ${step}: ${a.loss} and ${b.loss}`).toBeLessThan(step < 10 ? 1e-4 : 1e-2);
    }
    await there.dispose();
    expect(await gpu.errors()).toEqual([]);
  });
});

describe('long folds', () => {
  const models = {
    'a long input into few outputs': [
      'model long {\n  input x: [batch, 4096]\n  h = x |> dense(64) |> tanh\n  loss = mean((h - 0.3)^2)\n  train { optimizer = sgd(lr = 0.1), batch = 64 }\n}\n',
      64 * 4096,
    ],
    'a long batch into few weights': [
      'model long {\n  input x: [batch, 30]\n  h = x |> dense(10) |> tanh\n  loss = mean((h - 0.3)^2)\n  train { optimizer = sgd(lr = 0.1), batch = 9000 }\n}\n',
      9_000 * 30,
    ],
  } as const;
  it.each(Object.entries(models))('%s: the steps of WebAssembly, and the same bits again', async (_, [text, count]) => {
    const code = await compileText(text, { target: 'wgsl' });
    expect(code).toContain('shares of each sum');
    const x = Float32Array.from({ length: count }, (_value, i) => Math.sin(i * i));
    const here = await (await importCode(await runnableText(text, { target: 'wasm' }))).createTrainer();
    const there = [await gpu.createTrainer(code), await gpu.createTrainer(code)];
    for (let step = 0; step < 3; step++) {
      const { loss } = here.step({ x });
      const losses = [await there[0].step({ x }), await there[1].step({ x })].map((l) => l.loss);
      expect(Math.abs(losses[0] / loss - 1)).toBeLessThan(1e-5);
      expect(losses[1]).toBe(losses[0]);
    }
    expect(await there[1].read()).toEqual(await there[0].read());
    for (const trainer of there) await trainer.dispose();
    expect(await gpu.errors()).toEqual([]);
  });
});

it('takes more workgroups than one dimension holds', async () => {
  const text =
    'model sums {\n  input x: [batch, 200]\n  param w: f32 = 1\n  output y = sum(x, axis = 1)\n  loss = w\n}\n';
  const trainer = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
  const rows = 65_535 + 70;
  const { y } = await trainer.predict({
    x: Float32Array.from({ length: 200 * rows }, (_, i) => Math.floor(i / 200) % 7),
  });
  for (const i of [0, 1, 65_534, 65_535, rows - 1]) expect(y[i]).toBe(200 * (i % 7));
  expect(await gpu.errors()).toEqual([]);
});

describe('every recorded model that compiles', () => {
  const files = readdirSync(new URL('../reference/cases', import.meta.url)).filter((file) => file.endsWith('.nn'));
  const compiling = files.filter((file) => check({ file, text: readFileSync(casePath(file), 'utf8') }).model);
  it.each(compiling)('%s has valid shaders', async (file) => {
    const text = readFileSync(casePath(file), 'utf8');
    const code = await compileText(text, { target: 'wgsl' }, file);
    const validator = await startGpu('null', { subgroups: true });
    for (const shaders of shadersOf(code)) expect(await validator.validate(shaders)).toEqual([]);
    validator.end();
  });
});
