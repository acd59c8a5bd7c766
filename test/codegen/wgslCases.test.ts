// Whole models on WebGPU in software against PyTorch's numbers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkCase } from '../reference/checkCase.js';
import { cases } from '../reference/reference.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());
afterEach(async () => expect(await gpu.errors()).toEqual([]));

describe.each(cases)('%s', (name) => {
  it('gives the recorded numbers', () =>
    checkCase(name, 'wgsl', async (code) => {
      const first = await gpu.createTrainer(code, { seed: 0 });
      await first.dispose();
      return {
        parameters: first.model.parameters,
        createTrainer: (options) => gpu.createTrainer(code, options),
      };
    }));
});
