// Logits of 80 and 10,000, masks of -inf, rows wholly masked and data that is nearly constant: every target gives PyTorch's numbers in double
// precision, and no gradient is NaN.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainer } from '../support/anyTarget.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { modelOf } from './expressions.js';
import { inputsOf, readOps, tensorsDiffer } from './reference.js';

const { ops, tolerance } = readOps('extremes.json');

/** Of shaders what is most unlike the rest; under FULL=1 all. */
const inShaders = [
  'log_softmax',
  'softplus',
  'cross_entropy of masked logits',
  'exp of logsumexp, rows wholly masked',
  'binary_cross_entropy',
  'var of nearly constant rows',
];

describe('extremes', () => {
  let gpu: GpuProcess;
  beforeAll(async () => void (gpu = await startGpu('swiftshader')));
  afterAll(() => gpu?.end());

  it.each(['ts', 'wasm', 'wgsl'] as const)('are the recorded numbers on %s', async (target) => {
    const chosen = ops.filter(({ name }) => target !== 'wgsl' || process.env.FULL === '1' || inShaders.includes(name));
    const { text, parameters, inputs, forOutputs } = modelOf(chosen);
    const trainer = await startTrainer(text, { target, gpu, options: { parameters } });
    const values = await trainer.predict(inputsOf(inputs, forOutputs));
    const { gradients } = await trainer.gradients(inputsOf(inputs));
    await trainer.dispose();
    const found = chosen.flatMap(({ name, value, gradients: want }, n) => {
      const by = Object.fromEntries(Object.entries(want).map(([input, tensor]) => [`${input}_${n}`, tensor]));
      return [
        ...tensorsDiffer(`value of ${name}`, { [`result_${n}`]: value }, values, tolerance),
        ...tensorsDiffer(`gradient of ${name}`, by, gradients, tolerance),
      ];
    });
    expect(found).toEqual([]);
  });
});
