// What evaluate and predict run of the step's: the same kernels, of which a module has the code once, and the same numbers.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import type { EntryName, TrainerProgram } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { loadText } from '../support/trainer.js';

const reader = `model m {
  input x: [batch, 8]
  input y: index(40)[batch]
  h = x |> dense(16) |> gelu |> layer_norm
  output logits = h |> dense(40)
  loss = cross_entropy(logits, y)
  train { optimizer = adam(lr = 0.01)  batch = 4 }
}`;

function programFor(text: string, without: readonly string[] = []): TrainerProgram {
  const { model } = check({ file: 'model.nn', text });
  if (!model) throw new Error('the model has errors');
  return programOf(model, 'wasm', false, without);
}

/** The kernels that only this entry runs. */
function ownKernels({ entries }: TrainerProgram, name: EntryName): string[] {
  const step = new Set(runsOf(entries.step?.steps ?? []).map(({ kernel }) => kernel));
  return runsOf(entries[name]?.steps ?? []).flatMap(({ kernel }) => (step.has(kernel) ? [] : [kernel.name]));
}

describe('evaluate and predict', () => {
  it("run the step's kernels, which keep what derivatives read", () => {
    const whole = programFor(reader);
    expect(ownKernels(whole, 'predict')).toEqual([]);
    expect(ownKernels(whole, 'evaluate')).toEqual([]);
    const apart = programFor(reader, ['reuse']);
    expect(ownKernels(apart, 'predict')).not.toEqual([]);
  });

  it('answer the same as by kernels of their own', async () => {
    const inputs = { x: Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)), y: Int32Array.of(0, 3, 1, 4) };
    const [shared, apart] = await Promise.all(
      [[], ['reuse']].map(async (without) => {
        const { createTrainer } = await loadText(reader, { target: 'wasm', without });
        const trainer = await createTrainer({ seed: 1 });
        trainer.step(inputs);
        return { ...trainer.evaluate(inputs), logits: Array.from(trainer.predict({ x: inputs.x }).logits) };
      }),
    );
    expect(shared).toEqual(apart);
  });

  it('answer the same where a loop reads what its rounds make, as attention by blocks of rows does', async () => {
    const text = `model m {
      input x: [batch, 128, 4]
      output y = x |> attention(1, causal = true) |> attention(1)
      loss = mean(y^2)
      train { optimizer = sgd(lr = 0.1)  batch = 2 }
    }`;
    const x = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(12.9898 * (i + 1)));
    const [shared, apart] = await Promise.all(
      [[], ['reuse']].map(async (without) => {
        const { createTrainer } = await loadText(text, { target: 'wasm', without });
        const trainer = await createTrainer({ seed: 1 });
        trainer.step({ x });
        return { ...trainer.evaluate({ x }), y: Array.from(trainer.predict({ x }).y) };
      }),
    );
    expect(shared).toEqual(apart);
  });

  it('run kernels of their own where the step drops values', () => {
    const dropping = reader.replace('layer_norm', 'dropout(0.5)');
    expect(ownKernels(programFor(dropping), 'predict')).not.toEqual([]);
  });

  it('never update', () => {
    const { entries } = programFor(reader.replaceAll('16', '2').replace('x: [batch, 8]', 'x: [batch, 2]'));
    for (const name of ['evaluate', 'predict'] as const)
      for (const { kernel } of runsOf(entries[name]?.steps ?? [])) expect(kernel.provenance.phase).not.toBe('update');
  });
});
