// What a trainer gathers of its data before the first step: standardize against its formula in double precision, and statements of one's own.
import { describe, expect, it } from 'vitest';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const rows = 10;
const x = Float32Array.from(
  { length: 3 * rows },
  (_, i) => Math.sin(7 * i) * (i % 3 === 1 ? 0.01 : 3) + (i % 3 === 2 ? 100 : 0),
);
const y = Float32Array.from({ length: rows }, (_, i) => i % 2);

const text = `model m {
  input x: [batch, 3]
  input y: [batch, 1]
  scaled = x |> standardize
  output scaled
  loss = mse(scaled |> dense(4) |> tanh |> dense(1), y)
  train { optimizer = sgd(lr = 0.1), batch = 4, epochs = 2, seed = 3 }
}`;

/** Rows from `from` to `to`. */
const part = (from: number, to: number) => ({ x: x.slice(3 * from, 3 * to), y: y.slice(from, to) });

function expected(): number[] {
  const columns = [0, 1, 2].map((c) => Array.from({ length: rows }, (_, r) => x[3 * r + c]));
  const statistics = columns.map((values) => {
    const mean = values.reduce((a, b) => a + b, 0) / rows;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / rows;
    return { mean, deviation: Math.sqrt(variance + 1e-5) };
  });
  return Array.from(x, (value, i) => (value - statistics[i % 3].mean) / statistics[i % 3].deviation);
}

function expectStandardised(trainer: LoadedTrainer): void {
  const { scaled } = trainer.predict({ x });
  expected().forEach((value, i) => expect(scaled[i]).toBeCloseTo(value, 4));
}

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  const start = async (options: object = {}) => (await loadText(text, { target })).createTrainer(options);

  it.each([[[10]], [[1, 1, 8]], [[4, 4, 2]]])(
    'standardize gathers means and variances from batches of %j rows',
    async (sizes) => {
      const trainer = await start();
      let from = 0;
      for (const size of sizes) trainer.observe(part(from, (from += size)));
      expectStandardised(trainer);
      trainer.dispose();
    },
  );

  it('fit looks at its training rows once, before the first step', async () => {
    const [fitted, looked] = [await start(), await start()];
    for (const [from, to] of [
      [0, 4],
      [4, 8],
      [8, 10],
    ])
      looked.observe(part(from, to));
    for (const trainer of [fitted, looked]) {
      for await (const { epoch } of trainer.fit({ x, y })) expect(epoch).toBeLessThan(3);
      for await (const { epoch } of trainer.fit({ x, y })) expect(epoch).toBeLessThan(3);
    }
    expect(fitted.save()).toEqual(looked.save());
    expectStandardised(fitted);
    for (const trainer of [fitted, looked]) trainer.dispose();
  });

  it('leaves out the rows that are held back', async () => {
    const [held, own] = [await start(), await start()];
    let rest: readonly number[] = [];
    for await (const { heldOut } of held.fit({ x, y }, { validation: 0.3, epochs: 1 }))
      rest = (heldOut as readonly number[] | undefined) ?? rest;
    expect(rest.length).toBe(3);
    const kept = Array.from({ length: rows }, (_, i) => i).filter((i) => !rest.includes(i));
    const taken = Float32Array.from(kept.flatMap((i) => [...x.slice(3 * i, 3 * i + 3)]));
    own.observe({ x: taken, y: y.slice(0, kept.length) });
    const [a, b] = [held, own].map((trainer) => trainer.predict({ x }).scaled);
    Array.from(b).forEach((value, i) => expect(a[i]).toBeCloseTo(value, 4));
    for (const trainer of [held, own]) trainer.dispose();
  });

  it('refuses to look after a step, and goes on from a checkpoint without looking again', async () => {
    const trainer = await start();
    trainer.observe(part(0, 10));
    trainer.step(part(0, 4));
    expect(() => trainer.observe(part(0, 4))).toThrow(/^observe: a step has been made/);
    const again = await start({ parameters: trainer.save() });
    for await (const { epoch } of again.fit(part(0, 5), { epochs: 1 })) expect(epoch).toBe(1);
    expectStandardised(again);
    for (const each of [trainer, again]) each.dispose();
  });

  it('looks again where a checkpoint lacks what is observed', async () => {
    const plain = `model m {
      input x: [batch, 3]
      input y: [batch, 1]
      scaled = x
      output scaled
      loss = mse(scaled |> dense(4) |> tanh |> dense(1), y)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const saved = (await (await loadText(plain, { target })).createTrainer({ seed: 4 })).save();
    const trainer = await start({ parameters: saved });
    for await (const { epoch } of trainer.fit({ x, y }, { epochs: 1 })) expect(epoch).toBe(1);
    expectStandardised(trainer);
    trainer.dispose();
  });

  it('goes with averages of weights, and with memory = "small"', async () => {
    const averaged = text.replace('seed = 3', 'seed = 3, ema = 0.9, memory = "small"');
    const trainer = await (await loadText(averaged, { target })).createTrainer();
    for await (const { epoch } of trainer.fit({ x, y })) expect(epoch).toBeLessThan(3);
    expectStandardised(trainer);
    trainer.dispose();
  });

  it('statements of one kind may follow one another, and do nothing in a step', async () => {
    const own = `layer ranged(x: [batch, n]) {
      state low: [n] = 1e30
      state high: [n] = -1e30
      state width: [n] = 1
      observe low := min(low, min(x, axis = 0))
      observe high := max(high, max(x, axis = 0))
      observe width := high - low
      return (x - low) / width
    }
    model m {
      input x: [batch, 3]
      output r = x |> ranged
      loss = mean((r |> dense(1))^2)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const trainer = await (await loadText(own, { target })).createTrainer();
    trainer.observe({ x: x.slice(0, 12) });
    trainer.observe({ x: x.slice(12) });
    trainer.step({ x: x.map((value) => 1000 * value) });
    const { r } = trainer.predict({ x });
    for (const c of [0, 1, 2]) {
      const column = Array.from({ length: rows }, (_, i) => r[3 * i + c]);
      expect(Math.min(...column)).toBe(0);
      expect(Math.max(...column)).toBe(1);
    }
    trainer.dispose();
  });
});
