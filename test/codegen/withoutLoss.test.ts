// Models without a loss: their trainers predict, and have no method that would need one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, type ModuleTarget } from '../../src/compile.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode, loadText } from '../support/trainer.js';

const body = `
  input x: [batch, 3]
  input kind: index(4)[batch]
  state seen: f32 = 2
  h = x |> dense(5) |> tanh |> dropout(0.5)
  output y = h |> dense(2)
  output place = seen * y[:, 0] + (kind |> embedding(1))[:, 0]
`;
const text = `model predictor {${body}}`;
const learning = `model learner {${body}  loss = mean(y^2) + mean(place)\n  train { optimizer = adam(lr = 0.1) }\n}`;

const inputs = {
  x: Float32Array.from({ length: 21 }, (_, i) => Math.sin(i)),
  kind: Uint8Array.from({ length: 7 }, (_, i) => i % 4),
};

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

describe('a trainer of a model without a loss', () => {
  it.each(['ts', 'wasm'] as const)('predicts as one with a loss does: %s', async (target) => {
    const trainer = await (await loadText(text, { target })).createTrainer({ seed: 5 });
    const other = await (await loadText(learning, { target })).createTrainer({ seed: 5 });
    expect(Object.keys(trainer).sort()).toEqual(['dispose', 'load', 'parameters', 'predict', 'save']);
    expect(Object.keys(trainer.parameters)).toEqual(Object.keys(other.parameters));
    expect(trainer.predict(inputs)).toEqual(other.predict(inputs));
    other.step(inputs);
    const before = trainer.predict(inputs);
    trainer.load(other.save());
    expect(trainer.predict(inputs)).toEqual(other.predict(inputs));
    expect(trainer.predict(inputs)).not.toEqual(before);
    // What an optimizer remembers is left aside.
    other.step(inputs);
    trainer.load(other.save({ optimizer: true }));
    expect(trainer.predict(inputs)).toEqual(other.predict(inputs));
    expect(() => trainer.predict({ x: inputs.x })).toThrow(/kind/);
  });

  it('predicts on WebGPU', async () => {
    const code = await runnableText(text, { target: 'wgsl' });
    expect(code).not.toMatch(/async (step|evaluate|gradients)\(|fitTrainer/);
    const here = (await loadText(text)).createTrainer({ seed: 5 });
    const there = await gpu.createTrainer(code, { seed: 5 });
    const [want, got] = [here.predict(inputs), await there.predict(inputs)];
    for (const name of ['y', 'place'])
      Array.from(want[name]).forEach((value, i) => expect(got[name][i]).toBeCloseTo(value, 5));
    expect(await gpu.errors()).toEqual([]);
  });

  it('falls back where there is no GPU', async () => {
    const module = await importCode(await runnableText(text, { target: 'wgsl,wasm' }));
    const trainer = await module.createTrainer({ seed: 5 });
    const here = (await loadText(text)).createTrainer({ seed: 5 });
    expect('step' in trainer || 'fit' in trainer || 'stepCount' in trainer).toBe(false);
    const found = await trainer.predict(inputs);
    const want = here.predict(inputs).y;
    Array.from(want).forEach((value, i) => expect(found.y[i]).toBeCloseTo(value, 5));
  });

  it('needs neither inputs nor parameters', async () => {
    const trainer = (await loadText('model m { output y = range(3)\n output z = pi }')).createTrainer();
    expect(Array.from(trainer.predict({}).y)).toEqual([0, 1, 2]);
    expect(trainer.predict({}).z[0]).toBeCloseTo(Math.PI, 6);
  });

  it.each(['ts', 'wasm', 'wgsl', 'wgsl,wasm'] as const)(
    'has no types of what it lacks: %s',
    async (target: ModuleTarget) => {
      const { code = '' } = await compile({ file: 'm.nn', text }, { target });
      expect(code).toContain('interface PredictInputs');
      expect(code).not.toMatch(
        /interface (Inputs|Losses|FitOptions|Progress|Gradients)\b|type (Dataset|TrainedParameterName)\b/,
      );
    },
  );
});
