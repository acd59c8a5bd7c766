// Whole models against PyTorch's numbers: parameters, evaluation, outputs, gradients, ten steps, another batch size.
import { describe, expect, it } from 'vitest';
import { loadFile } from '../support/trainer.js';
import { casePath, cases, difference, inputsOf, numbersDiffer, readCase, takeRows, tensorsDiffer } from './reference.js';

const targets = ['ts', 'wasm'] as const;

describe.each(cases)('%s', (name) => {
  it.each(targets)('gives the recorded numbers on %s', async (target) => {
    const record = readCase(name);
    const { expected, tolerance } = record;
    const module = await loadFile(casePath(record.model), { set: record.set, target });
    expect(module.model.parameters.map((p) => p.name)).toEqual(Object.keys(record.parameters));
    expect(module.model.parameters.map((p) => p.shape)).toEqual(Object.values(record.parameters).map((p) => p.shape));
    const fresh = await module.createTrainer({ seed: 0 });
    const found = record.constant.flatMap(
      (n) => difference(`initial ${n}`, record.parameters[n].data, fresh.parameters[n], { atol: 1e-7, rtol: 1e-7, scale: 'tensor' }, 1) ?? [],
    );
    fresh.dispose();

    const parameters = Object.fromEntries(Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]));
    const trainer = await module.createTrainer({ seed: 0, parameters });
    const inputs = () => inputsOf(record.inputs);
    found.push(...numbersDiffer('evaluate', expected.evaluate, trainer.evaluate(inputs()), tolerance));
    found.push(...tensorsDiffer('output', expected.outputs, trainer.predict(inputsOf(record.inputs, record.predict_inputs)), tolerance, true));
    const other = record.other_inputs ?? takeRows(record.inputs, record.other_batch ?? []);
    found.push(...numbersDiffer('other batch', expected.other_batch.evaluate, trainer.evaluate(inputsOf(other)), tolerance));
    found.push(...tensorsDiffer('other output', expected.other_batch.outputs, trainer.predict(inputsOf(other, record.predict_inputs)), tolerance, true));
    const { loss, gradients } = trainer.gradients(inputs());
    found.push(...numbersDiffer('gradients()', { loss: expected.loss }, { loss }, tolerance));
    found.push(...tensorsDiffer('gradient', expected.gradients, gradients, tolerance));
    expect(Object.keys(gradients).filter((n) => record.frozen.includes(n))).toEqual([]);
    const trajectory = expected.trajectory.map((_, i) => {
      const result = trainer.step(record.step_rows ? inputsOf(takeRows(record.inputs, record.step_rows[i])) : inputs());
      if (i === 0 && !record.step_rows)
        found.push(...numbersDiffer('step 1', { loss: expected.loss, ...expected.losses, ...expected.metrics }, result, tolerance));
      return result.loss;
    });
    found.push(...tensorsDiffer('trajectory', { loss: { shape: [], data: expected.trajectory } }, { loss: trajectory }, tolerance));
    found.push(...tensorsDiffer('parameter after', expected.parameters_after, trainer.parameters, tolerance));
    found.push(...numbersDiffer('evaluate after', expected.evaluate_after, trainer.evaluate(inputs()), tolerance));
    if (!record.accumulate) expect(trainer.stepCount).toBe(expected.trajectory.length);
    trainer.dispose();
    expect(found).toEqual([]);
  });
});
