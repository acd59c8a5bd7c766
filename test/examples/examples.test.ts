// Every example reaches what its page says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainExample } from './train.js';

const table = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);

function numbers(values: ArrayLike<number>, digits = 4): number[] {
  return Array.from(values, (value) => Number(value.toFixed(digits)));
}

describe('textbook', () => {
  it('follows the arithmetic by hand for 1,000 steps', async () => {
    const { trainer } = await trainExample('textbook/textbook.nn');
    const byHand = textbookByHand(1000);
    expect(trainer.stepCount).toBe(1000);
    const { W2, b2, W3, b3 } = trainer.parameters;
    expect(numbers([...W2, ...b2, ...W3, ...b3])).toEqual(numbers(byHand.parameters));
    const { a3 } = trainer.predict({ x: Float32Array.of(0.5, 0.8) });
    expect(a3[0]).toBeCloseTo(byHand.output, 5);
    expect(a3[0]).toBeGreaterThan(0.95);
  });
});

describe('xor', () => {
  it('cannot be learnt by a single layer: every output goes to one half', async () => {
    const { trainer, last } = await trainExample('xor-single-layer/xor-single-layer.nn');
    for (const p of Array.from(trainer.predict({ x: table }).p)) expect(p).toBeCloseTo(0.5, 2);
    expect(last.loss).toBeCloseTo(0.25, 4);
  });

  it('can be learnt with a hidden layer', async () => {
    const { trainer, last } = await trainExample('xor/xor.nn');
    expect(numbers(trainer.predict({ x: table }).p, 0)).toEqual([0, 1, 1, 0]);
    expect(last.right).toBe(1);
    expect(last.loss).toBeLessThan(0.02);
  });
});

describe('line', () => {
  it('predicts 8 for 4', async () => {
    const { trainer } = await trainExample('line/line.nn');
    const { prediction } = trainer.predict({ x: Float32Array.of(4) });
    expect(Math.abs(prediction[0] - 8)).toBeLessThan(0.2);
  });
});

describe('absolute', () => {
  it('finds the curve through the noise', async () => {
    const { test } = await trainExample('absolute/absolute.nn');
    expect(test?.loss).toBeLessThan(0.03);
  });
});

describe('logistic', () => {
  it('finds out that the answer is the first input', async () => {
    const { trainer } = await trainExample('logistic/logistic.nn');
    const { p } = trainer.predict({ x: Float32Array.of(0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0) });
    expect(numbers(p, 0)).toEqual([0, 0, 1, 1, 1]);
    expect(p[4]).toBeGreaterThan(0.95);
  });
});

describe('iris', () => {
  it('knows at least 28 of 30 flowers that it has not seen', async () => {
    const { data, test } = await trainExample('iris/iris.nn');
    expect([data.train.rows, data.test?.rows]).toEqual([120, 30]);
    expect(test?.right).toBeGreaterThanOrEqual(28 / 30 - 1e-6);
  });
});

describe('breast-cancer-sized', () => {
  it('is right on at least 93 % of the rows held back', async () => {
    const { data, validation } = await trainExample('breast-cancer-sized/cells.nn');
    expect(data.train.rows).toBe(569);
    expect(Array.from(data.train.inputs.malignant).reduce((sum, value) => sum + value, 0)).toBe(212);
    expect(validation?.right).toBeGreaterThan(0.93);
  });
});

describe('mnist', () => {
  it('reads at least 95 % of the test digits after one epoch', async () => {
    const { data, test } = await trainExample('mnist/mnist.nn', { epochs: 1, target: 'wasm' });
    expect([data.train.rows, data.test?.rows]).toEqual([60_000, 10_000]);
    expect(test?.accuracy).toBeGreaterThan(0.95);
  });
});

describe('lenet', () => {
  it('reads at least 85 % of the test digits after a tenth of an epoch', { timeout: 180_000 }, async () => {
    const { test } = await trainExample('lenet/lenet.nn', { epochs: 1, rows: 6000, target: 'wasm' });
    expect(test?.accuracy).toBeGreaterThan(0.85);
  });
});

describe('oscillator', () => {
  it('is near the solution after a tenth of its epochs', async () => {
    const { test } = await trainExample('oscillator/oscillator.nn', { epochs: 100, target: 'wasm' });
    expect(test?.error).toBeLessThan(0.05);
  });
});

describe('siamese', () => {
  it('puts most test digits next to their like after one epoch', async () => {
    const { test } = await trainExample('siamese/siamese.nn', { epochs: 1, target: 'wasm' });
    expect(test?.neighbour).toBeGreaterThan(0.85);
  });
});

describe('recommender', () => {
  it('predicts answers that it has not seen better than the mean of each food', async () => {
    const { data, test } = await trainExample('recommender/recommender.nn', { target: 'wasm' });
    expect([data.train.rows, data.test?.rows]).toEqual([5390, 674]);
    const { food, often } = data.train.inputs;
    const seen = Array.from({ length: 126 }, (_, i) => Array.from(often).filter((_, row) => food[row] === i));
    const means = seen.map((answers) => answers.reduce((sum, value) => sum + value, 0) / answers.length);
    const asked = data.test?.inputs ?? {};
    const squares = Array.from(asked.often, (value, row) => (value - means[asked.food[row]]) ** 2);
    const byFood = squares.reduce((sum, value) => sum + value, 0) / squares.length;
    expect(byFood).toBeCloseTo(3.13, 2);
    expect(test?.error).toBeLessThan(0.92 * byFood);
  });
});

describe('pages', () => {
  const folders = [
    'textbook',
    'xor-single-layer',
    'xor',
    'line',
    'absolute',
    'logistic',
    'iris',
    'breast-cancer-sized',
    'mnist',
    'lenet',
    'oscillator',
    'siamese',
    'recommender',
    'moby-dick',
    'vae',
    'gan',
    'distillation',
    'lora',
    'spirals',
  ];
  it.each(folders)('%s says what to see', (name) => {
    const folder = join(import.meta.dirname, '../../examples', name);
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(page).toContain(`node bin/nnc.js train examples/${name}/`);
    expect(page.includes('](picture.svg)')).toBe(existsSync(join(folder, 'picture.svg')));
    expect(existsSync(join(folder, 'picture.svg'))).toBe(existsSync(join(folder, 'picture.mjs')));
  });
});

/** The same network with every derivative written out, in double precision. */
function textbookByHand(steps: number): { parameters: number[]; output: number } {
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const [x, y, rate] = [[0.5, 0.8], 1, 0.1];
  const W2 = [0.1, 0.3, 0.5, 0.2, 0.4, 0.6];
  const b2 = [0.1, 0.2, 0.3];
  const W3 = [0.7, 0.8, 0.9];
  let b3 = 0.1;
  const hidden = (): number[] => b2.map((b, j) => sigmoid(x[0] * W2[j] + x[1] * W2[3 + j] + b));
  const output = (a2: readonly number[]): number => sigmoid(a2.reduce((sum, a, j) => sum + a * W3[j], b3));
  for (let step = 0; step < steps; step++) {
    const a2 = hidden();
    const a3 = output(a2);
    const d3 = (a3 - y) * a3 * (1 - a3);
    a2.forEach((a, j) => {
      const d2 = d3 * W3[j] * a * (1 - a);
      W2[j] -= rate * d2 * x[0];
      W2[3 + j] -= rate * d2 * x[1];
      b2[j] -= rate * d2;
      W3[j] -= rate * d3 * a;
    });
    b3 -= rate * d3;
  }
  return { parameters: [...W2, ...b2, ...W3, b3], output: output(hidden()) };
}
