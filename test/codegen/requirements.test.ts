// What models require of run-time sizes: a RangeError before anything is written, in the mode that requires it, on every target.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, stateOf } from '../support/emitted.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const normalised = (accumulate = 1, more = ''): string => `model m {
  input x: [batch, 3]
  input y: [batch, 1]
  h = x |> dense(4) |> batch_norm |> tanh |> dense(1)
  ${more}
  output h
  loss = mse(h, y)
  train { optimizer = sgd(lr = 0.05, momentum = 0.5), batch = 4, epochs = 2, accumulate = ${accumulate}, seed = 5 }
}`;

function rows(count: number): { x: Float32Array; y: Float32Array } {
  return {
    x: Float32Array.from({ length: 3 * count }, (_, i) => Math.sin(1.7 * i)),
    y: Float32Array.from({ length: count }, (_, i) => Math.cos(i)),
  };
}

const tooFew = 'RangeError: h.batch_norm: training needs more than one value a channel, got batch = 1';

describe.each(['ts', 'wasm'] as const)('batch_norm on %s', (target) => {
  it.each([1, 2])(
    'refuses to learn from one value a channel and changes nothing, accumulating %i',
    async (accumulate) => {
      const trainer = await (await loadText(normalised(accumulate), { target })).createTrainer();
      trainer.step(rows(3));
      const before = stateOf(trainer);
      expect(errorOf(() => trainer.step(rows(1)))).toBe(tooFew);
      expect(errorOf(() => trainer.gradients(rows(1)))).toBe(tooFew);
      expect(stateOf(trainer)).toBe(before);
      expect(trainer.evaluate(rows(1)).loss).toBeGreaterThan(0);
      expect(trainer.predict(rows(1)).h.length).toBe(1);
      expect(trainer.step(rows(2)).loss).toBeGreaterThan(0);
      for (const values of Object.values(trainer.parameters)) expect(values.every(Number.isFinite)).toBe(true);
    },
  );

  it('takes single images, whose channels have many values', async () => {
    const text = `model m {
      input x: [batch, 2, 3]
      h = x |> batch_norm
      output h
      loss = mean(h^2)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const code = await runnableText(text, { target });
    expect(code).not.toContain('requireSizes');
    const trainer = await (await loadText(text, { target })).createTrainer();
    expect(trainer.step({ x: Float32Array.of(1, 2, 3, 4, 5, 7) }).loss).toBeGreaterThan(0);
  });

  it('is asked by fit for rows that it can learn from, and resumes to the bit', async () => {
    const module = await loadText(normalised(2), { target });
    const sizes = async (trainer: LoadedTrainer, count: number, options: object): Promise<number[]> => {
      const made: number[] = [];
      const { step } = trainer;
      trainer.step = (inputs) => {
        made.push((inputs as ReturnType<typeof rows>).y.length);
        return step.call(trainer, inputs);
      };
      for await (const progress of trainer.fit(rows(count), options))
        expect(progress.steps).toBe(made.length / Number(progress.epoch));
      return made;
    };
    expect(await sizes(await module.createTrainer(), 13, { epochs: 2 })).toEqual([4, 4, 5, 4, 4, 5]);
    expect(await sizes(await module.createTrainer(), 14, { epochs: 1 })).toEqual([4, 4, 4, 2]);
    expect(await sizes(await module.createTrainer(), 12, { epochs: 1 })).toEqual([4, 4, 4]);
    expect(await sizes(await module.createTrainer(), 5, { epochs: 1 })).toEqual([5]);
    expect(await sizes(await module.createTrainer(), 14, { epochs: 1, validation: 1 / 14, batch: 3 })).toEqual([
      3, 3, 3, 4,
    ]);

    const whole = await module.createTrainer();
    const checkpoints: Uint8Array[] = [];
    for await (const progress of whole.fit(rows(13), { report: 'step' }))
      if (progress.rows !== undefined) checkpoints.push(whole.save({ optimizer: true }));
    expect(checkpoints.length).toBe(6);
    for (const start of [1, 2, 3, 4, 5]) {
      const later = await module.createTrainer();
      later.load(checkpoints[start - 1]);
      for await (const progress of later.fit(rows(13), { start })) expect(progress.steps).toBe(3);
      expect(stateOf(later)).toBe(stateOf(whole));
    }
  });

  it('one row in all is too few for fit', async () => {
    const trainer = await (await loadText(normalised(), { target })).createTrainer();
    const fit = async (): Promise<void> => {
      for await (const progress of trainer.fit(rows(1))) expect(progress).toBe('none');
    };
    await expect(fit()).rejects.toThrow('h.batch_norm: training needs more than one value a channel, got batch = 1');
  });
});

describe('what a body requires of run-time sizes', () => {
  it('is checked in the mode that requires it, and says whose it is', async () => {
    const text = `fn pairs(x, n) {
      require n >= 2 and n < 7.5, "there are 2 to 7"
      require not (n == 3), "there are not three"
      return x
    }
    layer late(k)(x: [rows, T]) {
      require training or (rows != k or T > 2 * k), "T is long enough"
      return x
    }
    model sizes {
      input x: [batch, T]
      require batch <= 6, "the batch is \\"small\\""
      block = late(4)
      h = pairs(x, T) |> block
      output h
      param w: [] = 1
      loss = mean(h * w)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const trainer = (await loadText(text)).createTrainer();
    const x = (batch: number, T: number): object => ({
      x: { data: new Float32Array(batch * T).fill(0.5), shape: [batch, T] },
    });
    const errors = (batch: number, T: number): string[] =>
      [trainer.step, trainer.gradients, trainer.evaluate, trainer.predict].map((call) =>
        errorOf(() => call(x(batch, T))),
      );
    const each = (error: string): string[] => [error, error, error, error];
    expect(errors(3, 5)).toEqual(each('no error'));
    expect(errors(3, 1)).toEqual(each('RangeError: pairs: there are 2 to 7, got T = 1'));
    expect(errors(3, 8)).toEqual(each('RangeError: pairs: there are 2 to 7, got T = 8'));
    expect(errors(3, 3)).toEqual(each('RangeError: pairs: there are not three, got T = 3'));
    expect(errors(7, 5)).toEqual(each('RangeError: sizes: the batch is "small", got batch = 7'));
    const late = 'RangeError: block: T is long enough, got batch = 4, T = 7';
    expect(errors(4, 7)).toEqual(['no error', 'no error', late, late]);
  });

  it('is decided while compiling where it holds for every size, or for none', async () => {
    const of = (condition: string): string => `model m {
      input x: [batch, 3]
      require ${condition}, "what is required"
      param w: [] = 1
      loss = mean(x * w)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    for (const condition of [
      'batch >= 1',
      '0 < batch',
      '2 * batch > 1.5',
      'batch < inf',
      'batch == batch',
      'batch != 1.5',
    ])
      expect(await runnableText(of(condition))).not.toContain('requireSizes');
    for (const condition of [
      'batch < 1',
      'batch == 0',
      'batch + 1 == batch',
      'batch > inf',
      'batch == 2.5',
      'not batch > 0',
    ])
      await expect(runnableText(of(condition))).rejects.toThrow('requirement-not-met: what is required');
  });
});

it('names what the model calls, not what the library does within', async () => {
  const text = `model m {
  input image: [batch, 1, h, w]
  edges = image |> conv2d(4, kernel = 5) |> relu |> max_pool2d(2)
  output p = mean(edges, axis = [2, 3])
}`;
  const trainer = await (await loadText(text)).createTrainer();
  const image = { data: new Float32Array(12), shape: [1, 1, 3, 4] };
  expect(errorOf(() => trainer.predict({ image }))).toMatch(
    /^RangeError: edges\.conv2d: the kernel fits into the padded image/,
  );
  const small = { data: new Float32Array(25), shape: [1, 1, 5, 5] };
  expect(errorOf(() => trainer.predict({ image: small }))).toMatch(/^RangeError: edges\.max_pool2d: the window fits/);
});

describe('batch_norm on WebGPU', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('refuses to learn from one value a channel', async () => {
    const trainer = await gpu.createTrainer(await runnableText(normalised(), { target: 'wgsl' }));
    await trainer.step(rows(3));
    const before = await trainer.read();
    await expect(trainer.step(rows(1))).rejects.toThrow('training needs more than one value a channel, got batch = 1');
    await expect(trainer.gradients(rows(1))).rejects.toThrow('training needs more than one value a channel');
    expect(await trainer.read()).toEqual(before);
    expect((await trainer.evaluate(rows(1))).loss).toBeGreaterThan(0);
  });
});
