// Whole models against PyTorch's numbers: parameters, evaluation, outputs, gradients, ten steps, another batch size.
import { describe, it } from 'vitest';
import { importCode } from '../support/trainer.js';
import { checkCase, type CaseModule } from './checkCase.js';
import { cases } from './reference.js';

async function load(code: string): Promise<CaseModule> {
  const { model, createTrainer } = await importCode(code);
  return {
    parameters: model.parameters,
    async createTrainer(options) {
      const trainer = await createTrainer(options);
      return {
        step: (inputs) => trainer.step(inputs),
        evaluate: (inputs) => trainer.evaluate(inputs),
        predict: (inputs) => trainer.predict(inputs),
        gradients: (inputs) => trainer.gradients(inputs),
        read: () => trainer.parameters,
        stepCount: () => trainer.stepCount,
        dispose: () => trainer.dispose(),
      };
    },
  };
}

describe.each(cases)('%s', (name) => {
  it.each(['ts', 'wasm'] as const)('gives the recorded numbers on %s', (target) => checkCase(name, target, load));
});
