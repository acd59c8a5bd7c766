// Single expressions against PyTorch's numbers: value and gradients, many to a compiled model.
import { describe, expect, it } from 'vitest';
import { chosen } from '../support/full.js';
import { loadText } from '../support/trainer.js';
import { batches, expressionsDiffer, modelOf } from './expressions.js';
import { inputsOf } from './reference.js';

describe('expressions', () => {
  const runs = batches.flatMap((batch, i) => (['ts', 'wasm'] as const).map((target) => [i * 30, target, batch] as const));
  // All on one target: that targets agree on every op is what test/ops shows.
  it.each(chosen(runs, ([from, target]) => target === 'ts' || from % 120 === 0))('from %i on %s', async (_, target, batch) => {
    const { text, parameters, inputs, forOutputs } = modelOf(batch);
    const module = await loadText(text, { target });
    const used = new Set(module.model.parameters.map((p) => p.name));
    const trainer = await module.createTrainer({ seed: 0, parameters: Object.fromEntries(Object.entries(parameters).filter(([n]) => used.has(n))) });
    const values = trainer.predict(inputsOf(inputs, forOutputs));
    const { gradients } = trainer.gradients(inputsOf(inputs));
    const found = expressionsDiffer(batch, values, gradients);
    expect(found).toEqual([]);
  });
});
