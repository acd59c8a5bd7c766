// Derivatives and run-time sizes as expressions, with their numbers on every target.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

type Predicted = Record<string, ArrayLike<number>>;

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

const targets = ['ts', 'wasm', 'wgsl'] as const;

async function predicted(text: string, target: (typeof targets)[number], inputs: object): Promise<Predicted> {
  const code = await runnableText(text, { target });
  const trainer = await (target === 'wgsl' ? gpu.createTrainer(code) : (await importCode(code)).createTrainer());
  return trainer.predict(inputs);
}

const close = (found: ArrayLike<number>, wanted: readonly number[]): void => {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((value, i) =>
    expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value))),
  );
};

describe('grad', () => {
  const text = `model m {
  input x: [batch, 3]
  param w: [3] = [0.3, 1.7, -0.4]
  param v: [3] = [2, 3, -1]
  a, b = grad(sum(x * w^2 * v), [w, v])
  energy = sum(w^4) + w[0] * w[1]^2 + sum(exp(w * v))
  output by_w = a
  output by_v = b
  output by_neither = grad(energy, x)
  output one = grad(energy, [v])[0]
  output product = grad(sum(grad(energy, w) * v), w)
  output third = grad(sum(grad(sum(grad(sum(w^4), w)), w)), w)
  output rows = grad(sum(x^3, axis = 1), x)
}`;
  const [w, v] = [
    [0.3, 1.7, -0.4],
    [2, 3, -1],
  ];
  const x = [1, 2, 3, -1, 0.5, 2];
  /** The gradient of the energy by w. */
  const slope = ([p, q, r]: readonly number[], by = v): number[] => [
    4 * p ** 3 + q ** 2 + by[0] * Math.exp(p * by[0]),
    4 * q ** 3 + 2 * p * q + by[1] * Math.exp(q * by[1]),
    4 * r ** 3 + by[2] * Math.exp(r * by[2]),
  ];

  it.each(targets)('is by one tensor or by several, to any order: %s', async (target) => {
    const found = await predicted(text, target, { x: Float32Array.from(x) });
    const columns = [0, 1, 2].map((i) => x[i] + x[3 + i]);
    close(
      found.by_w,
      w.map((each, i) => 2 * each * v[i] * columns[i]),
    );
    close(
      found.by_v,
      w.map((each, i) => each ** 2 * columns[i]),
    );
    close(found.by_neither, [0, 0, 0, 0, 0, 0]);
    close(
      found.one,
      w.map((each, i) => each * Math.exp(each * v[i])),
    );
    const h = 1e-5;
    const [up, down] = [h, -h].map((step) => slope(w.map((each, i) => each + step * v[i])));
    up.forEach((each, i) => expect(found.product[i] / ((each - down[i]) / (2 * h))).toBeCloseTo(1, 5));
    close(
      found.third,
      w.map((each) => 24 * each),
    );
    close(
      found.rows,
      x.map((each) => 3 * each ** 2),
    );
  });
});

describe('run-time sizes', () => {
  /** Expressions over batch = 5 and T = 3, with their values. */
  const expressions: readonly (readonly [expression: string, value: number])[] = [
    ['sum(x) / batch', 11],
    ['batch + 1', 6],
    ['1 / (batch * T)', 1 / 15],
    ['(batch + 1) / (T + 1)', 1.5],
    ['-batch + 2 * T - 1', 0],
    ['batch^2 + 2^batch', 57],
    ['sqrt(batch) + log(T)', Math.sqrt(5) + Math.log(3)],
    ['if batch > 3 then T else x[0, 0]', 3],
    ['max(batch, 9) + min(batch, T)', 12],
    ['floor(batch / 2) + round(T / 2)', 4],
    ['f32(batch == T) + f32(batch != 3)', 1],
    ['sum(zeros([batch, T]) + batch)', 75],
    ['sum(f32(range(batch)))', 10],
    ['sum(x[0:batch - 1])', 36],
    ['sum(reshape(x, [batch * 2, -1]))', 55],
    ['shape(x)[0] / shape(x)[1]', 2.5],
    ['mean([batch, 2, T])', 10 / 3],
    ['sum(x @ [[batch], [2 * T]])', 5 * 25 + 6 * 30],
    ['sum(grad(sum(x^2) / batch, x))', 22],
    ['clamp(sum(x), 0, batch) + where(x[0, 0] > batch, 7, T)', 8],
    ['sum(share(x))', 55 * 2.5],
    ['sum(s * T - batch)', 3],
  ];

  it.each(targets)('are numbers in expressions: %s', async (target) => {
    const outputs = expressions.map(([expression], i) => `  output y${i} = f32(${expression}) + 0 * sum(s)\n`);
    const text = `fn share(v: [n, m]) = v * n / m
model m {
  input x: [batch, 2]
  input s: [T]
${outputs.join('')}}`;
    const inputs = { x: Float32Array.from({ length: 10 }, (_, i) => i + 1), s: Float32Array.of(1, 2, 3) };
    const found = await predicted(text, target, inputs);
    expressions.forEach(([expression, value], i) => expect(found[`y${i}`][0], expression).toBeCloseTo(value, 4));
  });
});
