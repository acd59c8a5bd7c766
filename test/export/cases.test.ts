// The recorded models in ONNX Runtime: what they predict, and ten steps of training.
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { casePath, cases, inputsOf, readCase, takeRows } from '../reference/reference.js';
import { chosen } from '../support/full.js';
import { expectAlike } from './alike.js';
import type { Fed } from './onnxRuntime.js';

/** States, a normalization and a loop. */
const few = ['batch_norm_net', 'rnn'];

describe.each(chosen(cases, (name) => few.includes(name)))('%s', (name) => {
  it('predicts and trains alike', async () => {
    const {
      model,
      set,
      inputs,
      other_inputs: others,
      other_batch: rows = [],
      step_rows: steps,
      ...record
    } = readCase(name);
    const file = casePath(model);
    const parameters = Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)] as const);
    const batches = [inputs, others ?? takeRows(inputs, rows)];
    await expectAlike({
      text: readFileSync(file, 'utf8'),
      file,
      set,
      parameters: Object.fromEntries(parameters),
      inputs: (step) => inputsOf(steps ? takeRows(inputs, steps[step]) : inputs) as Fed,
      predictInputs: batches.map((batch) => inputsOf(batch, record.predict_inputs) as Fed),
    });
  });
});
