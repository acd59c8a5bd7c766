// Schedules without steps take the run's number of updates, which fit knows.
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

const rows = 20;
const data = {
  x: Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(3 * i)),
  y: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)),
};

function textOf(schedule: string, more = ''): string {
  return `model scheduled {
  input x: [batch, 2]
  input y: [batch]
  loss = mse((x |> dense(1))[:, 0], y)
  train { optimizer = sgd(lr = ${schedule}, momentum = 0.9), batch = 4, epochs = 3, seed = 1${more} }
}`;
}

async function trained(text: string, options: object = {}, target: 'ts' | 'wasm' = 'wasm', own: object = {}) {
  const { createTrainer } = await loadText(text, { target });
  const trainer = await createTrainer(own);
  for await (const { epoch } of trainer.fit(data, options)) expect(epoch).toBeGreaterThan(0);
  // What the compiler computes of known steps, the trainer computes here: the last bit may differ.
  const values = Object.values(trainer.parameters as Record<string, Float32Array>).flatMap((p) => [...p]);
  return values.map((value) => value.toFixed(5));
}

describe.each([
  ['cosine(peak = 0.1)', 'cosine(peak = 0.1, steps = N)'],
  ['cosine(peak = 0.1, floor = 0.01, warmup = 4)', 'cosine(peak = 0.1, steps = N, floor = 0.01, warmup = 4)'],
  ['linear(0.1, 0.01)', 'linear(0.1, 0.01, N)'],
  ['one_cycle(0.1)', 'one_cycle(0.1, steps = N)'],
  ['linear(0.1, 0, steps = 0.5 * run_length())', 'linear(0.1, 0, steps = 0.5 * N)'],
])('%s', (open, given) => {
  it.each(['ts', 'wasm'] as const)('is %s as with the number of steps', async (target) => {
    const expected = await trained(textOf(given.replace('N', '15')), {}, target);
    expect(await trained(textOf(open), {}, target)).toEqual(expected);
  });

  it('counts updates, where several steps make one, and epochs and rows as fit is told', async () => {
    expect(await trained(textOf(open, ', accumulate = 2'))).toEqual(
      await trained(textOf(given.replace('N', '7'), ', accumulate = 2')),
    );
    const options = { epochs: 4, batch: 8, validation: 0.2 };
    expect(await trained(textOf(open), options)).toEqual(await trained(textOf(given.replace('N', '8')), options));
  });
});

describe('the length of a run', () => {
  it('is what createTrainer was told, in fit too', async () => {
    const [open, given] = ['cosine(peak = 0.1)', 'cosine(peak = 0.1, steps = 9)'].map((schedule) => textOf(schedule));
    expect(await trained(open, {}, 'wasm', { updates: 9 })).toEqual(await trained(given));
  });

  it('is given by a program that steps by itself, and asked for where it is not', async () => {
    const text = textOf('cosine(peak = 0.1)');
    const { createTrainer } = await loadText(text, { target: 'ts' });
    expect(() => createTrainer().step(data)).toThrow(
      'step: the learning rate follows the length of the run, which fit knows; give createTrainer the option updates, or the schedule its steps',
    );
    expect(() => createTrainer({ updates: 0 })).toThrow(RangeError);
    const given = await loadText(textOf('cosine(peak = 0.1, steps = 6)'), { target: 'ts' });
    const [a, b] = [createTrainer({ updates: 6 }), given.createTrainer()];
    for (let i = 0; i < 8; i++) expect(a.step(data)).toEqual(b.step(data));
  });

  it.each(['ts', 'wasm'] as const)(
    'is asked for by the first call, also where several make an update, on %s',
    async (target) => {
      const { createTrainer } = await loadText(textOf('cosine(peak = 0.1)', ', accumulate = 3'), { target });
      const trainer = await createTrainer();
      const before = trainer.save({ optimizer: true });
      expect(() => trainer.step(data)).toThrow(/^step: the learning rate follows the length of the run/);
      expect(trainer.save({ optimizer: true })).toEqual(before);
      const told = await createTrainer({ updates: 1 });
      for (let i = 0; i < 3; i++) expect(told.step(data).loss).toBeGreaterThan(0);
      expect(told.stepCount).toBe(1);
    },
  );

  it.each(['ts', 'wasm'] as const)(
    'is asked for before the first of several train blocks moves, on %s',
    async (target) => {
      const text = `model m {
      input x: [batch, 2]
      input y: [batch]
      loss one = mean((x |> dense(1))^2)
      loss two = mean((x |> dense(3) |> dense(1))^2)
      train first { loss = one, optimizer = adam(lr = 0.1), only = "one.*" }
      train second { loss = two, optimizer = adam(lr = cosine(peak = 0.1)), only = "two.*", accumulate = 2, every = 2 }
    }`;
      const { createTrainer } = await loadText(text, { target });
      const [trainer, told] = await Promise.all([createTrainer(), createTrainer({ updates: 4 })]);
      const x = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 2) };
      // The second block has its turn at every other call.
      trainer.step(x);
      const before = trainer.save({ optimizer: true });
      expect(() => trainer.step(x)).toThrow(/^step: the learning rate follows the length of the run/);
      expect(() => trainer.step(x, 'second')).toThrow(/^step: the learning rate follows/);
      expect(trainer.save({ optimizer: true })).toEqual(before);
      expect(trainer.step(x, 'first').one).toBeGreaterThan(0);
      for (let i = 0; i < 4; i++) expect(told.step(x).one).toBeGreaterThan(0);
      for (const each of [trainer, told]) each.dispose();
    },
  );

  it('is the same in a run that goes on from a checkpoint', async () => {
    const { createTrainer } = await loadText(textOf('cosine(peak = 0.1)', ', accumulate = 2'), { target: 'ts' });
    const whole = createTrainer();
    for await (const { epoch } of whole.fit(data)) expect(epoch).toBeLessThan(4);
    const first = createTrainer();
    for await (const { step, epoch } of first.fit(data, { report: 'step' })) if (epoch === 2 && step === 2) break;
    const second = createTrainer({ parameters: first.save({ optimizer: true }) });
    for await (const { epoch } of second.fit(data, { start: 7 })) expect(epoch).toBeGreaterThan(1);
    expect(second.save({ optimizer: true })).toEqual(whole.save({ optimizer: true }));
  });
});
