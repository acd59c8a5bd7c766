// One model on every target that runs here: the loss and gradients of the reference evaluator, at many batch sizes.
import { expect } from 'vitest';
import { meaningOf, type RandomModel } from './randomModel.js';
import { compileText, importCode, type LoadedTrainer } from './trainer.js';

const batches = [7, 1, 2, 33, 3];

/** Rounding in f32 of sums of a hundred terms or so. */
const tolerance = 2e-4;

export async function agree(model: RandomModel, seed: number): Promise<void> {
  const { text } = model;
  const mean = meaningOf(text);
  const trainers: [string, LoadedTrainer][] = [];
  for (const target of ['ts', 'wasm'] as const) {
    const module = await importCode(await compileText(text, { target }));
    trainers.push([target, await module.createTrainer({ seed })]);
  }
  for (const [call, rows] of batches.entries()) {
    const inputs = model.inputs(rows, seed + call);
    const found = trainers.map(([target, trainer]) => ({ target, ...trainer.gradients(inputs) }));
    const [{ parameters }] = trainers.map(([, trainer]) => trainer);
    const want = mean(inputs, parameters, rows, { seed, draw: 0 });
    const largest = [...want.gradients.values()].reduce(
      (m, values) => values.reduce((n, x) => Math.max(n, Math.abs(x)), m),
      1e-3,
    );
    for (const { target, loss, gradients } of found) {
      const where = `${target} at batch ${rows}, seed ${seed}:\n${text}`;
      expect(Object.keys(gradients)).toEqual([...want.gradients.keys()]);
      expect(Math.abs(loss - want.loss), `loss ${loss}, not ${want.loss}, of ${where}`).toBeLessThanOrEqual(
        1e-5 * Math.max(1, Math.abs(want.loss)),
      );
      for (const [name, values] of want.gradients) {
        const worst = values.reduce((m, x, i) => Math.max(m, Math.abs(gradients[name][i] - x)), 0);
        expect(worst / largest, `${name} of ${where}`).toBeLessThanOrEqual(tolerance);
      }
    }
  }
}
