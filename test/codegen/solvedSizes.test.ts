// Run-time sizes that stand in expressions: solved from the shapes that a call gives, on every target.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainer } from '../support/anyTarget.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';

const halves = `model halves {
  input image: [batch, 1, 2 * H, 4 * W]
  param gain: f32 = 1
  small = gain * image |> max_pool2d([2, 4])
  output same = small |> upsample2d([2, 4])
  output heights = H + 10 * W
  loss = mean(small)
}`;
const image = (batch: number, ...shape: [number, number]) => {
  const length = batch * shape[0] * shape[1];
  return { image: { data: Float32Array.from({ length }, (_, i) => i), shape: [batch, 1, ...shape] } };
};

// What predict needs tells no T: it takes y as well.
const squares = `model squares {
  input x: [batch, T * T]
  input y: [2 * T + 1]
  output sums = sum(x, axis = 1)
  loss = mean(x) + mean(y)
}`;

describe.each(['ts', 'wasm', 'wgsl'] as const)('on %s', (target) => {
  let gpu: GpuProcess | undefined;
  beforeAll(async () => {
    if (target === 'wgsl') gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('heights and widths that are multiples', async () => {
    const trainer = await startTrainer(halves, { target, gpu, options: { seed: 0 } });
    const { same, heights } = await trainer.predict(image(1, 2, 8));
    expect(Array.from(same)).toEqual([11, 11, 11, 11, 15, 15, 15, 15, 11, 11, 11, 11, 15, 15, 15, 15]);
    expect(Array.from(heights)).toEqual([21]);
    const { loss, gradients } = await trainer.gradients(image(2, 4, 4));
    expect(loss).toBeCloseTo((7 + 15 + 23 + 31) / 4, 4);
    expect(gradients.gain[0]).toBeCloseTo(19, 4);
    await trainer.dispose();
  });

  it('an input that only another tells the sizes of', async () => {
    const trainer = await startTrainer(squares, { target, gpu, options: { seed: 0 } });
    const { sums } = await trainer.predict({ x: new Float32Array(8).fill(1), y: new Float32Array(5) });
    expect(Array.from(sums)).toEqual([4, 4]);
    await trainer.dispose();
  });
});

describe('a shape that no size fits', () => {
  const refused = async (text: string, inputs: object): Promise<string> => {
    const trainer = await startTrainer(text, { target: 'ts', options: { seed: 0 } });
    return trainer.predict(inputs).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
  };

  it('names the axis and the size', async () => {
    expect(await refused(halves, image(1, 4, 6))).toBe(
      'RangeError: image: expected [batch, 1, 2*H, 4*W], got shape [1, 1, 4, 6]: its axis 3 is 6, for which W would be 1.5',
    );
    expect(await refused(halves, image(1, 0, 4))).toBe(
      'RangeError: image: expected [batch, 1, 2*H, 4*W], got shape [1, 1, 0, 4]: its axis 2 is 0, for which H would be 0',
    );
  });

  it('tells of a length', async () => {
    expect(await refused(squares, { x: new Float32Array(8), y: new Float32Array(4) })).toBe(
      'RangeError: y: expected [2*T + 1], got 4 values',
    );
  });
});
