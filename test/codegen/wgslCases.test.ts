// Whole models on WebGPU in software against PyTorch's numbers.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  casePath,
  cases,
  difference,
  inputsOf,
  numbersDiffer,
  readCase,
  takeRows,
  tensorsDiffer,
} from '../reference/reference.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { compileText } from '../support/trainer.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

describe.each(cases)('%s', (name) => {
  it('gives the recorded numbers', async () => {
    const record = readCase(name);
    const { expected, tolerance } = record;
    const path = casePath(record.model);
    const code = await compileText(readFileSync(path, 'utf8'), { set: record.set, target: 'wgsl' }, path);
    const fresh = await gpu.createTrainer(code, { seed: 0 });
    expect(fresh.model.parameters.map((p) => p.name)).toEqual(Object.keys(record.parameters));
    const initial = await fresh.read();
    const found = record.constant.flatMap(
      (n) =>
        difference(
          `initial ${n}`,
          record.parameters[n].data,
          initial[n],
          { atol: 1e-7, rtol: 1e-7, scale: 'tensor' },
          1,
        ) ?? [],
    );
    await fresh.dispose();

    const parameters = Object.fromEntries(
      Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
    );
    const trainer = await gpu.createTrainer(code, { seed: 0, parameters });
    const inputs = () => inputsOf(record.inputs);
    found.push(...numbersDiffer('evaluate', expected.evaluate, await trainer.evaluate(inputs()), tolerance));
    const outputs = await trainer.predict(inputsOf(record.inputs, record.predict_inputs));
    found.push(...tensorsDiffer('output', expected.outputs, outputs, tolerance, true));
    const other = record.other_inputs ?? takeRows(record.inputs, record.other_batch ?? []);
    const another = await trainer.evaluate(inputsOf(other));
    found.push(...numbersDiffer('other batch', expected.other_batch.evaluate, another, tolerance));
    const { loss, gradients } = await trainer.gradients(inputs());
    found.push(...numbersDiffer('gradients()', { loss: expected.loss }, { loss }, tolerance));
    found.push(...tensorsDiffer('gradient', expected.gradients, gradients, tolerance));
    expect(Object.keys(gradients).filter((n) => record.frozen.includes(n))).toEqual([]);
    const trajectory: number[] = [];
    for (const [i] of expected.trajectory.entries()) {
      const rows = record.step_rows?.[i];
      trajectory.push((await trainer.step(rows ? inputsOf(takeRows(record.inputs, rows)) : inputs())).loss);
    }
    const losses = { loss: { shape: [], data: expected.trajectory } };
    found.push(...tensorsDiffer('trajectory', losses, { loss: trajectory }, tolerance));
    found.push(...tensorsDiffer('parameter after', expected.parameters_after, await trainer.read(), tolerance));
    found.push(
      ...numbersDiffer('evaluate after', expected.evaluate_after, await trainer.evaluate(inputs()), tolerance),
    );
    if (!record.accumulate) expect(await trainer.stepCount()).toBe(expected.trajectory.length);
    await trainer.dispose();
    expect(found).toEqual([]);
    expect(await gpu.errors()).toEqual([]);
  });
});
