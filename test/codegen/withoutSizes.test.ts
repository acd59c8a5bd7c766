// Calls that read no run-time dimension, and calls that read nothing but its size.
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode, type LoadedTrainer } from '../support/trainer.js';

const body = (lines: string): string =>
  `model m {\n  input x: [batch, 2]\n  input z: [batch, time]\n  param a: [3] = 2\n  param b: [2] = 1\n${lines}\n  train { optimizer = adam(lr = 0.1) }\n}\n`;

const x = Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25);
const z = { data: new Float32Array(6), shape: [3, 2] };

async function trainerOf(lines: string, target: 'ts' | 'wasm'): Promise<LoadedTrainer> {
  return (await importCode(await runnableText(body(lines), { target }))).createTrainer({ seed: 1 });
}

describe.each(['ts', 'wasm'] as const)('%s', (target) => {
  it('a loss that reads no run-time dimension', async () => {
    const trainer = await trainerOf('output v = x * b\nloss = mean(a^2)', target);
    const { loss, gradients } = await trainer.gradients({});
    expect(loss).toBe(4);
    expect([...gradients.a]).toEqual([4 / 3, 4 / 3, 4 / 3].map(Math.fround));
    expect(await trainer.predict({ x })).toEqual({ v: x });
    expect((await trainer.step({ x })).loss).toBe(4);
    expect((await trainer.step({})).loss).toBeCloseTo(3.61, 5);
    expect((await trainer.evaluate({})).loss).toBeCloseTo(3.24, 2);
  });

  it('an output that reads no run-time dimension', async () => {
    const trainer = await trainerOf('output v = a * 3\nloss = mean((x * b)^2)', target);
    expect(await trainer.predict({})).toEqual({ v: Float32Array.of(6, 6, 6) });
    expect((await trainer.step({ x })).loss).toBeCloseTo(0.5729166, 5);
  });

  it('a loss that reads a size and no element asks for an input that tells it', async () => {
    const trainer = await trainerOf('output v = x * b\nloss = mean(a^2) / batch\nmetric steps = time', target);
    expect(await trainer.step({ x, z })).toEqual({ loss: Math.fround(4 / 3), steps: 2 });
    const { gradients } = await trainer.gradients({
      x: x.slice(0, 2),
      z: { data: new Float32Array(5), shape: [1, 5] },
    });
    expect(gradients.a[0]).toBeCloseTo((2 * 1.9) / 3, 5);
    expect(await trainer.evaluate({ x, z: { data: new Float32Array(12), shape: [3, 4] } })).toMatchObject({ steps: 4 });
  });
});

describe.each(['ts', 'wasm'] as const)('%s, a size that no call has told yet', (target) => {
  const source = `model m {
  input x: [batch, 6]
  input z: [count, 2]
  generator = dense(5) >> tanh >> dense(6)
  critic = dense(7) >> relu >> dense(1)
  fake = normal_like(zeros([batch, 2])) |> generator
  loss critic_loss = mean(softplus(-critic(x))) + mean(softplus(critic(fake)))
  loss generator_loss = mean(softplus(-critic(fake)))
  output sample = z |> generator
  train { seed = 1 }
  train critic { loss = critic_loss, only = ["critic.*"], optimizer = adam(lr = 0.01) }
  train generator { loss = generator_loss, only = ["generator.*"], optimizer = adam(lr = 0.01) }
}
`;
  const rows = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const codes = Float32Array.from({ length: 400 }, (_, i) => Math.cos(i));

  it('has room of its own: results do not depend on which call is first', async () => {
    const { createTrainer } = await importCode(await runnableText(source, { target }));
    const [fresh, used] = [await createTrainer({ seed: 1 }), await createTrainer({ seed: 1 })];
    const sample = (await fresh.predict({ z: codes })).sample;
    const step = await used.step({ x: rows });
    expect(await used.predict({ z: codes })).not.toEqual({ sample });
    expect(await fresh.step({ x: rows })).toEqual(step);
    const told = await createTrainer({ seed: 1, batch: 2 });
    expect(await told.predict({ z: codes })).toEqual({ sample });
    expect(await told.step({ x: rows })).toEqual(step);
    expect([...told.save({ optimizer: true })]).toEqual([...fresh.save({ optimizer: true })]);
    expect([...used.save({ optimizer: true })]).toEqual([...fresh.save({ optimizer: true })]);
  });
});
