// The recorded models in ONNX Runtime: what they predict, and ten steps of training.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { casePath, cases, inputsOf, readCase, takeRows } from '../reference/reference.js';
import { chosen } from '../support/full.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { differences, heldBy, modelOf, Opened, type Fed } from './onnxRuntime.js';

describe.each(chosen(cases, (name) => ['batch_norm_net', 'rnn', 'convnet'].includes(name)))('%s', (name) => {
  it('gives the same outputs and losses', async () => {
    const record = readCase(name);
    const path = casePath(record.model);
    const text = readFileSync(path, 'utf8');
    const { createTrainer } = await importCode(await runnableText(text, { set: record.set }, path));
    const parameters = Object.fromEntries(
      Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
    );
    const trainer = createTrainer({ seed: 3, parameters });
    const model = modelOf(text, { set: record.set }, path);
    const found: string[] = [];
    for (const inputs of [record.inputs, record.other_inputs ?? takeRows(record.inputs, record.other_batch ?? [])]) {
      const fed = inputsOf(inputs, record.predict_inputs) as Fed;
      const opened = await Opened.of(model, trainer, 'predict', { opset: 18 });
      found.push(...differences(trainer.predict(fed) as never, await opened.predict(fed)));
      await opened.close();
    }
    const opened = await Opened.of(model, trainer, 'step');
    const { held, seed } = heldBy(trainer);
    for (let step = 0; step < 10; step++) {
      const rows = record.step_rows?.[step];
      const fed = (rows ? inputsOf(takeRows(record.inputs, rows)) : inputsOf(record.inputs)) as Fed;
      const want = trainer.step(fed);
      const got = await opened.step(fed, held, seed, step);
      const lists = [want, got].map((of) =>
        Object.fromEntries(Object.entries(of).map(([n, v]) => [`${n} of step ${step}`, [v]])),
      );
      found.push(...differences(lists[0], lists[1]));
    }
    await opened.close();
    expect(found).toEqual([]);
  });
});
