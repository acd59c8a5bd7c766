// precision = "mixed" on WebGPU: shaders that a device with shader-f16 takes, and what is said where it is missing. Their numbers are in
// test/full.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';

const text = `model classes {
  input x: [batch, 64]
  input kind: index(4)[batch]
  hidden = x |> dense(128) |> relu
  logits = hidden |> dense(4)
  output probability = softmax(logits)
  loss = cross_entropy(logits, kind)
  train { optimizer = adam(lr = 1e-2), batch = 16, seed = 3, precision = "mixed" }
}
`;

function rows(seed: number, count = 16): { x: Float32Array; kind: Int32Array } {
  return {
    x: Float32Array.from({ length: 64 * count }, (_, i) => Math.sin(1.3 * i + seed) + ((i + seed) % 3)),
    kind: Int32Array.from({ length: count }, (_, i) => (i * i + seed) % 4),
  };
}

describe('a device with shader-f16', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('null', { halves: true });
  });
  afterAll(() => gpu?.end());

  it('takes the shaders and the trainer', async () => {
    const code = await runnableText(text, { target: 'wgsl' });
    const trainer = await gpu.createTrainer(code);
    await trainer.step(rows(0));
    await trainer.step(rows(0, 300));
    await trainer.gradients(rows(0));
    await trainer.evaluate(rows(0));
    await trainer.predict({ x: rows(0).x });
    expect(await gpu.errors()).toEqual([]);
  });
});

describe('in software', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('a device without it is refused in words', async () => {
    const code = await runnableText(text, { target: 'wgsl' });
    await expect(gpu.createTrainer(code)).rejects.toThrow(
      'classes stores halves (precision = "mixed"), and this GPU device has no shader-f16: compile the model without precision, or with --target wasm',
    );
  });
});
