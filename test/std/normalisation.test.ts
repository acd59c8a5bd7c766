// Normalising layers against their formulas, computed here in double precision; their gradients against central differences.
import { describe, expect, it } from 'vitest';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const targets = ['ts', 'wasm'] as const;
const [rows, channels, side] = [6, 4, 3];

function draws(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => (state = (state * 48271) % 2147483647) / 1073741824 - 1);
}

const x = draws(rows * channels * side, 11);
const weight = draws(rows * channels * side, 5);
const scale = draws(channels, 3).map((v) => v + 2);
const shift = draws(channels, 9);

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const variance = (list: readonly number[]): number => mean(list.map((v) => (v - mean(list)) ** 2));

/** The values whose statistics normalise the value at (row, channel, place). */
type Group = (row: number, channel: number) => number[];

const at = (row: number, channel: number, place: number): number => x[(row * channels + channel) * side + place];
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const overBatch: Group = (_, channel) => range(rows).flatMap((r) => range(side).map((p) => at(r, channel, p)));
const overGroup: Group = (row, channel) => {
  const first = channel - (channel % 2);
  return [first, first + 1].flatMap((c) => range(side).map((p) => at(row, c, p)));
};

function normalised(group: Group, eps: number): number[] {
  return range(rows).flatMap((row) =>
    range(channels).flatMap((channel) => {
      const values = group(row, channel);
      const [m, deviation] = [mean(values), Math.sqrt(variance(values) + eps)];
      return range(side).map((p) => ((at(row, channel, p) - m) / deviation) * scale[channel] + shift[channel]);
    }),
  );
}

function model(layer: string): string {
  return `model m {
    input x: [batch, ${channels}, ${side}]
    input weight: [batch, ${channels}, ${side}]
    h = x |> ${layer}
    output h
    loss = mean(h * weight + 0.5 * h^2)
    train { optimizer = sgd(lr = 0.1) }
  }`;
}

function close(found: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs(found[i] - value), `element ${i}`).toBeLessThan(tolerance));
}

/** The loss in double precision, from the formula. */
function lossOf(h: readonly number[]): number {
  return mean(h.map((v, i) => v * weight[i] + 0.5 * v * v));
}

async function trainerOf(layer: string, name: string, target: 'ts' | 'wasm'): Promise<LoadedTrainer> {
  const { createTrainer } = await loadText(model(layer), { target });
  return createTrainer({ parameters: { [`h.${name}.scale`]: scale, [`h.${name}.shift`]: shift } });
}

function statesOf(trainer: LoadedTrainer): Record<string, Float32Array> {
  const bytes = trainer.save();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const size = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  return Object.fromEntries(
    Object.entries(header as Record<string, { data_offsets?: [number, number] }>).flatMap(([name, { data_offsets }]) =>
      data_offsets
        ? [[name, new Float32Array(bytes.slice(8 + size + data_offsets[0], 8 + size + data_offsets[1]).buffer)]]
        : [],
    ),
  );
}

describe.each(targets)('on %s', (target) => {
  it.each([
    ['batch_norm(eps = 0.01)', 'batch_norm', overBatch],
    ['group_norm(2, eps = 0.01)', 'group_norm', overGroup],
  ] as const)('%s follows its formula in training', async (layer, name, group) => {
    const trainer = await trainerOf(layer, name, target);
    const { loss, gradients } = trainer.gradients({ x, weight });
    const h = normalised(group, 0.01);
    expect(loss).toBeCloseTo(lossOf(h), 5);
    // d loss / d scale and shift by central differences of the formula.
    for (const [parameter, values] of [
      ['scale', scale],
      ['shift', shift],
    ] as const)
      range(channels).forEach((channel) => {
        const before = values[channel];
        const step = 1 / 1024;
        values[channel] = before + step;
        const above = lossOf(normalised(group, 0.01));
        values[channel] = before - step;
        const below = lossOf(normalised(group, 0.01));
        values[channel] = before;
        expect(gradients[`h.${name}.${parameter}`][channel]).toBeCloseTo((above - below) / (2 * step), 5);
      });
    trainer.dispose();
  });

  it('batch_norm remembers unbiased running statistics and evaluates by them', async () => {
    const trainer = await trainerOf('batch_norm(momentum = 0.3)', 'batch_norm', target);
    const count = rows * side;
    trainer.step({ x, weight });
    const states = statesOf(trainer);
    const [means, variances] = [mean, variance].map((of) => range(channels).map((c) => of(overBatch(0, c))));
    const running = means.map((m) => 0.3 * m);
    const spread = variances.map((v) => 0.7 + 0.3 * v * (count / (count - 1)));
    close(states['h.batch_norm.mean'], running, 1e-6);
    close(states['h.batch_norm.variance'], spread, 1e-6);
    const [s, b] = [trainer.parameters['h.batch_norm.scale'], trainer.parameters['h.batch_norm.shift']];
    const expected = range(rows).flatMap((r) =>
      range(channels).flatMap((c) =>
        range(side).map((p) => ((at(r, c, p) - running[c]) / Math.sqrt(spread[c] + 1e-5)) * s[c] + b[c]),
      ),
    );
    close(trainer.predict({ x }).h, expected, 1e-5);
    trainer.dispose();
  });

  it('rms_norm divides by the root of the mean square', async () => {
    const { createTrainer } = await loadText(model('rms_norm(eps = 0.01)'), { target });
    const trainer = await createTrainer();
    const expected = range(rows * channels).flatMap((line) => {
      const values = range(side).map((p) => x[line * side + p]);
      const root = Math.sqrt(mean(values.map((v) => v * v)) + 0.01);
      return values.map((v) => v / root);
    });
    close(trainer.predict({ x }).h, expected, 1e-6);
    trainer.dispose();
  });

  it('gradients flow through the statistics of the batch', async () => {
    const text = `model m {
      param a: [5, 2] = 0
      loss = mean((a |> batch_norm(eps = 0.01)) * [[1, 2], [3, -1], [0, 1], [2, 2], [-1, 0.5]])
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const { createTrainer } = await loadText(text, { target });
    const a = draws(10, 21);
    const weights = [1, 2, 3, -1, 0, 1, 2, 2, -1, 0.5];
    const lossAt = (values: readonly number[]): number => {
      const columns = [0, 1].map((c) => range(5).map((r) => values[2 * r + c]));
      return mean(
        values.map((v, i) => {
          const column = columns[i % 2];
          return ((v - mean(column)) / Math.sqrt(variance(column) + 0.01)) * weights[i];
        }),
      );
    };
    const trainer = await createTrainer({ parameters: { a } });
    const { gradients } = trainer.gradients({});
    const values = Array.from(a);
    values.forEach((before, i) => {
      const moved = (by: number): number => lossAt(values.map((v, j) => (j === i ? before + by : v)));
      expect(gradients.a[i]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 5);
    });
    trainer.dispose();
  });
});
