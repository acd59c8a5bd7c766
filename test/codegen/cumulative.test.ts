// Running sums and products: PyTorch's values with first and second derivatives on every target, zeros among the factors too; long runs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode, loadText } from '../support/trainer.js';

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

const x = [1, 2, 3, 4, 5, 1, 0, 2, 0, 3, -1, 0.5, 0, 1, 1];

/** y, the gradient g of sum(weight * y^2) by x, and that of sum(g^2) / 2, by PyTorch 2 in double precision. */
const cases: readonly (readonly [string, readonly number[], readonly number[], readonly number[]])[] = [
  [
    'cumsum(x, axis = 1)',
    [1, 3, 6, 10, 15, 1, 1, 3, 3, 6, -1, -0.5, -0.5, 0.5, 1.5],
    [66, 64, 76, 40, 60, 34, 32, 36, 18, 24, 2, 4, 2, 5, 6],
    [1580, 1448, 1968, 732, 1224, 752, 684, 948, 336, 576, 78, 74, 98, 50, 76],
  ],
  [
    'cumprod(x, axis = -1)',
    [1, 2, 6, 24, 120, 1, 0, 0, 0, 0, -1, -0.5, 0, 0, 0],
    [56650, 28324, 18888, 14112, 11520, 2, 0, 0, 0, 0, -1, -2, 0, 0, 0],
    [6190951428, 4298849176, 3015152256, 2292438528, 1884395520, 4, 0, 0, 0, 0, -9, 4, 0, 0, 0],
  ],
  [
    'cumprod(x, axis = batch)',
    [1, 2, 3, 4, 5, 1, 0, 6, 0, 15, -1, 0, 0, 0, 15],
    [6, -8, 90, -8, 380, 4, 0, 108, 0, 600, -2, 0, 0, 0, 900],
    [76, 32, 10476, 16, 496880, 72, 0, 12312, 0, 751200, -44, 0, 0, 0, 1306800],
  ],
  [
    'cumprod(x, 1, reverse = true)',
    [120, 120, 60, 20, 5, 0, 0, 0, 0, 3, 0, 0, 0, 1, 1],
    [28800, -14400, -2400, -2000, -1580, 0, 0, 0, 0, 12, 0, 0, 0, -2, 2],
    [321638400, 979660800, 697036800, 523544000, 419123280, 0, 0, 0, 0, 48, 0, 0, 0, -4, 12],
  ],
  [
    'cumsum(x, axis = 0, reverse = true)',
    [1, 2.5, 5, 5, 9, 0, 0.5, 2, 1, 4, -1, 0.5, 0, 1, 1],
    [2, -10, 30, -10, 36, 2, -12, 42, -12, 52, 0, -14, 42, -14, 56],
    [8, 144, 684, 72, 576, 12, 248, 1188, 124, 1008, 12, 304, 1440, 152, 1232],
  ],
  ['flip(cumsum(flip(x, axis = 1), axis = 1), axis = 1) - cumsum(x, axis = 1, reverse = true)', ...zeros()],
];

function zeros(): [number[], number[], number[]] {
  const of = (): number[] => Array<number>(15).fill(0);
  return [of(), of(), of()];
}

const text = `model m {
  input x: [batch, 5]
${cases
  .map(
    ([expression], i) => `  y${i} = ${expression}
  g${i} = grad(sum([1, -2, 3, -1, 2] * y${i}^2), x)
  output y${i}
  output g${i}
  output h${i} = grad(sum(g${i}^2) / 2, x)
`,
  )
  .join('')}}`;

const close = (found: ArrayLike<number>, wanted: readonly number[], what: string, tolerance = 1e-6): void => {
  expect(found.length, what).toBe(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  wanted.forEach((value, i) => {
    const bound = tolerance * scale;
    if (!(Math.abs(found[i] - value) <= bound)) expect.fail(`[${i}] of ${what} is ${found[i]}, not ${value}`);
  });
};

describe('cumsum and cumprod', () => {
  it.each(['ts', 'wasm', 'wgsl'] as const)(
    'have the values and derivatives of PyTorch: %s',
    { timeout: 300_000 },
    async (target) => {
      const code = await runnableText(text, { target });
      const trainer = await (target === 'wgsl' ? gpu.createTrainer(code) : (await importCode(code)).createTrainer());
      const found = await trainer.predict({ x: Float32Array.from(x) });
      cases.forEach(([expression, ...wanted], i) =>
        ['y', 'g', 'h'].forEach((name, n) => close(found[`${name}${i}`], wanted[n], `${name} of ${expression}`)),
      );
    },
  );

  const long = `model m {
  input x: [n, 3]
  input z: [m]
  output down = cumsum(x, axis = n)
  output along = cumsum(z, axis = 0)
  output within = cumsum(x * x, axis = 1, reverse = true)
  output one = cumprod(x[:, 0:1], axis = 1) + cumsum(x[:, 0:1], axis = 1)
}`;

  it.each(['ts', 'wasm', 'wgsl'] as const)(
    'lose no more than sums in order do: %s',
    { timeout: 300_000 },
    async (target) => {
      const code = await runnableText(long, { target });
      const trainer = await (target === 'wgsl' ? gpu.createTrainer(code) : (await importCode(code)).createTrainer());
      for (const rows of [1, 5, 2000]) {
        const values = Float32Array.from({ length: 3 * rows }, (_, i) => Math.sin(i) + 0.5);
        const z = Float32Array.from({ length: rows }, (_, i) => Math.cos(i));
        const found = await trainer.predict({ x: values, z });
        const sums = [0, 0, 0, 0];
        for (let row = 0; row < rows; row++) {
          [0, 1, 2].forEach((c) => {
            sums[c] += values[3 * row + c];
            // Each of so many additions is rounded once.
            expect(Math.abs(found.down[3 * row + c] - sums[c])).toBeLessThanOrEqual((row + 1) * 2 ** -24 * 1500);
          });
          sums[3] += z[row];
          expect(Math.abs(found.along[row] - sums[3])).toBeLessThanOrEqual((row + 1) * 2 ** -24 * 3);
          const [a, b, c] = values.slice(3 * row, 3 * row + 3).map((value) => value * value);
          [a + b + c, b + c, c].forEach((each, i) => expect(found.within[3 * row + i]).toBeCloseTo(each, 5));
          expect(found.one[row]).toBeCloseTo(2 * values[3 * row], 5);
        }
      }
    },
  );

  describe('of long runs in shaders', () => {
    const runs = `model m {
  input x: [batch, 1000]
  input z: [m]
  input u: [300, 70, 3]
  output there = cumsum(x, axis = 1)
  output back = cumsum(x * x, axis = 1, reverse = true)
  output alone = cumsum(z, axis = 0)
  output outer = cumsum(u, axis = 0)
  output product = cumprod(1 + 0.001 * x, axis = 1)
}`;
    const slope = `model m {
  input x: [batch, 1000]
  param w: [1000] = 1
  h = cumsum(x * w, axis = 1)
  loss = mean(h^2)
  train { optimizer = sgd(lr = 0.1) }
}`;

    it('are added up by workgroups, and products by threads', { timeout: 300_000 }, async () => {
      const code = await runnableText(runs, { target: 'wgsl' });
      expect(code.match(/along .*64 threads each/g)).toHaveLength(3);
      expect(code.match(/along .*256 threads each/g)).toHaveLength(1);
      expect(code.match(/along .*a thread each/g)).toHaveLength(1);
      const there = await gpu.createTrainer(code);
      const here = (await loadText(runs)).createTrainer();
      const values = (count: number): Float32Array =>
        Float32Array.from({ length: count }, (_, i) => Math.sin(i * i) + 0.1);
      for (const [batch, m] of [
        [2, 1],
        [1, 63],
        [3, 1000],
        [1, 20_011],
      ]) {
        const inputs = { x: values(1000 * batch), z: values(m), u: values(63_000) };
        const [found, wanted] = [await there.predict(inputs), here.predict(inputs)];
        for (const [name, want] of Object.entries(wanted))
          close(found[name], Array.from(want), `${name} of ${m}`, 1e-5);
      }
      expect(await gpu.errors()).toEqual([]);
    });

    it('have the gradients of the other targets', { timeout: 300_000 }, async () => {
      const there = await gpu.createTrainer(await runnableText(slope, { target: 'wgsl' }));
      const here = (await loadText(slope)).createTrainer();
      const x = Float32Array.from({ length: 3000 }, (_, i) => Math.cos(i * i));
      close((await there.gradients({ x })).gradients.w, [...here.gradients({ x }).gradients.w], 'the gradient', 1e-5);
    });
  });

  it('are trained through, and give the same numbers for any number of threads', { timeout: 300_000 }, async () => {
    const network = `model m {
  input x: [batch, 64]
  h = cumprod(cumsum(x |> dense(64) |> tanh, axis = 1) * 0.01 + 1, axis = batch)
  loss = mean(h^2)
  train { optimizer = sgd(lr = 0.1) }
}`;
    const inputs = { x: Float32Array.from({ length: 64 * 48 }, (_, i) => Math.sin(i * i)) };
    const ts = (await loadText(network)).createTrainer({ seed: 1 });
    const wasm = await loadText(network, { target: 'wasm' });
    const one = await wasm.createTrainer({ seed: 1 });
    const three = await wasm.createTrainer({ seed: 1, threads: 3 });
    for (let step = 0; step < 3; step++) {
      const [a, b, c] = [ts, one, three].map((trainer) => trainer.step(inputs).loss);
      expect(b / a).toBeCloseTo(1, 5);
      expect(c).toBe(b);
    }
    three.dispose();
  });
});
