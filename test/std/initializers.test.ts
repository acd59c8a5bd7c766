// What parameters start from: bounds, moments, fans, orthogonality; and that a draw depends on the seed and the parameter's name alone.
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

/** [fan_in, fan_out] of a matrix [n, units], and of the filters [out, in, ky, kx] of a convolution. */
const shapes = {
  matrix: { shape: [120, 80], fans: [120, 80] },
  filters: { shape: [40, 20, 3, 5], fans: [20 * 15, 40 * 15] },
  kernel: { shape: [60, 30, 7], fans: [30 * 7, 60 * 7] },
} as const;

interface Moments {
  readonly mean: number;
  readonly std: number;
  /** No draw is further from the mean. */
  readonly bound?: number;
}

const uniform = (bound: number): Moments => ({ mean: 0, std: bound / Math.sqrt(3), bound });
const normal = (std: number, mean = 0): Moments => ({ mean, std });

/** By the formulas of their authors, of the fans. */
const initializers: Readonly<Record<string, (fanIn: number, fanOut: number) => Moments>> = {
  'glorot_uniform()': (a, b) => uniform(Math.sqrt(6 / (a + b))),
  'glorot_normal()': (a, b) => normal(Math.sqrt(2 / (a + b))),
  'he_uniform()': (a) => uniform(Math.sqrt(6 / a)),
  'he_normal()': (a) => normal(Math.sqrt(2 / a)),
  'lecun_normal()': (a) => normal(Math.sqrt(1 / a)),
  'normal(mean = 3, std = 0.5)': () => normal(0.5, 3),
  'normal()': () => normal(1),
  'uniform(-2, 4)': () => ({ mean: 1, std: 6 / Math.sqrt(12), bound: 3 }),
};

const cases = Object.entries(initializers).flatMap(([written, momentsOf]) =>
  Object.entries(shapes).map(([kind, { shape, fans }]) => ({
    title: `${written} of ${kind}`,
    written,
    shape: `[${shape.join(', ')}]`,
    moments: momentsOf(fans[0], fans[1]),
  })),
);

const model = (params: readonly string[]): string => `model m {
${params.map((text, i) => `  param p${i}: ${text}\n  output o${i} = p${i}\n`).join('')}}`;

describe('initialisers', () => {
  it('have the moments and bounds that follow from the fans', async () => {
    const { createTrainer } = await loadText(model(cases.map(({ shape, written }) => `${shape} ~ ${written}`)));
    const { parameters } = createTrainer({ seed: 7 });
    cases.forEach(({ title, moments: { mean, std, bound } }, n) => {
      const values = Array.from(parameters[`p${n}`]);
      const found = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - found) ** 2, 0) / values.length;
      // Five standard deviations of what so many draws give.
      expect(Math.abs(found - mean), title).toBeLessThan((5 * std) / Math.sqrt(values.length));
      expect(Math.abs(variance / std ** 2 - 1), title).toBeLessThan(5 * Math.sqrt(2 / values.length));
      if (bound === undefined) return;
      const furthest = Math.max(...values.map((value) => Math.abs(value - mean)));
      expect(furthest, title).toBeLessThanOrEqual(bound * (1 + 1e-6));
      expect(furthest, title).toBeGreaterThan(0.99 * bound);
    });
  });

  it('fill where nothing is drawn', async () => {
    const fills = ['zeros()', 'ones()', 'constant(-2.5)', '0.25'].map((written) => `[2, 2] ~ ${written}`);
    const { parameters } = (await loadText(model(fills))).createTrainer();
    expect([0, 1, 2, 3].map((i) => [...new Set(parameters[`p${i}`])])).toEqual([[0], [1], [-2.5], [0.25]]);
  });

  it('orthogonal() makes orthonormal rows, or columns where those are fewer, times the gain', async () => {
    const made = [
      { rows: 24, columns: 24, text: '[24, 24] ~ orthogonal()', gain: 1 },
      { rows: 10, columns: 40, text: '[10, 40] ~ orthogonal(gain = 3)', gain: 3 },
      { rows: 40, columns: 10, text: '[40, 10] ~ orthogonal(gain = 0.5)', gain: 0.5 },
      { rows: 8, columns: 36, text: '[8, 4, 3, 3] ~ orthogonal()', gain: 1 },
    ];
    const { parameters } = (await loadText(model(made.map(({ text }) => text)))).createTrainer({ seed: 3 });
    made.forEach(({ rows, columns, gain }, n) => {
      const values = parameters[`p${n}`];
      const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
      const at = (vector: number, i: number): number =>
        values[rows < columns ? vector * columns + i : i * columns + vector];
      for (let a = 0; a < count; a++)
        for (let b = 0; b <= a; b++) {
          let product = 0;
          for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
          expect(product).toBeCloseTo(a === b ? gain ** 2 : 0, 5);
        }
    });
  });
});

describe('a draw', () => {
  const body = (more: string): string => `model m {
  input x: [batch, 6]
${more}  h = x |> dense(5) |> dense(4)
  output y = h |> dense(3)
  loss = mean(y^2)
}`;

  it('is the same whatever other layers there are, and another one for another name or seed', async () => {
    const [plain, longer] = await Promise.all(
      ['', '  first = x |> dense(6) |> dropout(0.5)\n  loss more = mean(first^2)\n'].map((more) =>
        loadText(body(more)),
      ),
    );
    const [one, two, other] = [
      plain.createTrainer({ seed: 1 }).parameters,
      longer.createTrainer({ seed: 1 }).parameters,
      plain.createTrainer({ seed: 2 }).parameters,
    ];
    const names = Object.keys(one);
    expect(names).toContain('h.dense_2.W');
    for (const name of names) expect(Array.from(two[name]), name).toEqual(Array.from(one[name]));
    expect(Array.from(other['h.dense.W'])).not.toEqual(Array.from(one['h.dense.W']));
    const [first, second] = ['first.dense.W', 'h.dense.W'].map((name) => Array.from(two[name]).slice(0, 12));
    expect(first.some((value, i) => Math.abs(value / second[i] - first[0] / second[0]) > 1e-3)).toBe(true);
  });

  it('is the same on every target', async () => {
    const [ts, wasm] = await Promise.all((['ts', 'wasm'] as const).map((target) => loadText(body(''), { target })));
    const [here, there] = [ts.createTrainer({ seed: 9 }), await wasm.createTrainer({ seed: 9 })];
    for (const [name, values] of Object.entries(here.parameters))
      expect(Array.from(there.parameters[name]), name).toEqual(Array.from(values));
  });
});
