// Windows longer than one element along run-time sizes: a fresh trainer makes room for sizes at which they fit, on every target.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePrograms } from '../../src/compile.js';
import { expectedSizes } from '../../src/inspect/memory.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { loadText } from '../support/trainer.js';

// A convolution with weights of 1 and no bias gives sums over its windows.
const model = (input: string, layer: string): string => `model m {
  input x: ${input}
  param gain: f32 = 1
  h = gain * x |> ${layer}
  output h
  loss = mean(h)
}`;
const sums = (kernel: number): string => `conv1d(1, kernel = ${kernel}, bias = false)`;

const cases = [
  {
    what: 'a kernel longer than one element',
    text: model('[batch, 1, length]', sums(5)),
    at: { batch: 32, length: 5 },
    shape: [2, 1, 7],
    h: [10, 15, 20, 45, 50, 55],
  },
  {
    what: 'a kernel longer than the expected batch, along the first size',
    text: model('[1, 1, length]', sums(40)),
    at: { length: 40 },
    shape: [1, 1, 41],
    h: [780, 820],
  },
  {
    what: 'pooling along two sizes after a stride',
    text: model('[batch, 1, height, width]', 'max_pool2d([3, 1], stride = [2, 1]) |> max_pool2d([2, 4])'),
    at: { batch: 32, height: 5, width: 4 },
    shape: [1, 1, 5, 4],
    h: [19],
  },
  {
    what: 'a size that must be larger than twice another',
    text: model('[batch, frames]', 'tail').replace(
      'model',
      `layer tail(x: [batch, frames]) {
  require frames > 2 * batch + 3, "there are many frames"
  return x[:, 2 * batch:]
}
model`,
    ),
    at: { batch: 32, frames: 68 },
    shape: [1, 6],
    h: [2, 3, 4, 5],
  },
  {
    what: 'a height that exceeds the width by nine',
    text: model('[1, 1, height, width]', 'banner |> avg_pool2d([10, 2], stride = 1)').replace(
      'model',
      `layer banner(x: [batch, c, height, width]) {
  require height == width + 9, "a banner is nine higher than wide"
  return x
}
model`,
    ),
    at: { height: 32, width: 23 },
    shape: [1, 1, 11, 2],
    h: [9.5, 11.5],
  },
];

const inputOf = (shape: number[]): object => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { x: { data: Float32Array.from({ length }, (_, i) => i), shape } };
};

describe.each(cases)('$what', ({ text, at, shape, h }) => {
  it.each(['ts', 'wasm'] as const)('on %s', async (target) => {
    const module = await loadText(text, { target });
    for (const options of [{}, { batch: 1 }]) {
      const trainer = await module.createTrainer(options);
      trainer.parameters['h.conv1d.W']?.fill(1);
      expect(Array.from(trainer.predict(inputOf(shape)).h)).toEqual(h);
      expect(trainer.gradients(inputOf(shape)).gradients.gain[0]).toBeCloseTo(
        h.reduce((a, b) => a + b, 0) / h.length,
        3,
      );
    }
  });

  it('is expected at sizes that fit', () => {
    const [{ program }] = makePrograms({ file: 'model.nn', text }).programs;
    expect(Object.fromEntries(expectedSizes(program))).toEqual(at);
  });
});

describe('on WebGPU', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it.each(cases)('$what', async ({ text, shape }) => {
    const trainer = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
    const plain = await (await loadText(text)).createTrainer();
    expect((await trainer.evaluate(inputOf(shape))).loss).toBeCloseTo(plain.evaluate(inputOf(shape)).loss, 4);
  });
});
