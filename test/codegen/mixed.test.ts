// precision = "mixed" on WebAssembly: what is stored as halves, steps that are left out, checkpoints, threads.
import { describe, expect, it } from 'vitest';
import { makePrograms, programOf, type CompileOptions } from '../../src/compile.js';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { memoryUse } from '../../src/inspect/memory.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const model = (train: string, factor = 1): string => `model classes {
  input x: [batch, 16]
  input label: index(4)[batch]
  h = x |> dense(48) |> relu |> dense(48) |> relu
  logits = h |> dense(4)
  loss = ${factor} * cross_entropy(logits, label)
  metric right = mean(argmax(logits) == label)
  train {
    batch = 32
    ${train}
  }
}
`;

const adam = 'optimizer = adam(lr = 3e-3)';
const mixed = 'precision = "mixed"';

/** Four clouds of points. */
function rows(seed: number, count = 32): { x: Float32Array; label: Int32Array } {
  let state = seed * 7919 + 1;
  const draw = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const label = Int32Array.from({ length: count }, () => Math.floor(4 * draw()));
  const x = Float32Array.from({ length: 16 * count }, (_, i) => {
    const at = label[Math.floor(i / 16)];
    return (i % 4 === at ? 1.2 : 0) + 2 * (draw() + draw() + draw() - 1.5);
  });
  return { x, label };
}

async function trainerOf(text: string, options: object = {}, compile: CompileOptions = {}): Promise<LoadedTrainer> {
  const { createTrainer } = await loadText(text, { target: 'wasm', ...compile });
  return createTrainer({ seed: 1, batch: 32, ...options });
}

/** Steps with batches of their own. */
function train(trainer: LoadedTrainer, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => trainer.step(rows(from + i)).loss);
}

function tensorsIn(file: Uint8Array): ReadonlyMap<string, readonly number[]> {
  const { tensors } = readHeader(file, (why) => new Error(why));
  return new Map(
    [...tensors].map(([name, { from, to }]) => [name, [...new Float32Array(file.slice(from, to).buffer)]]),
  );
}

const scale = 'optimizer/loss scale/value';

describe('what it says', () => {
  it('ts has no halves: an error at the line of precision', () => {
    const { diagnostics, programs } = makePrograms({ file: 'model.nn', text: model(`${adam}, ${mixed}`) });
    expect(programs).toEqual([]);
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'not-mixed: the target ts cannot store halves',
    ]);
    const [{ span }] = diagnostics[0].labels;
    expect(model(`${adam}, ${mixed}`).slice(span.start, span.end)).toBe(mixed);
  });

  it('is ignored where all is asked for in full', () => {
    const { programs } = makePrograms({ file: 'model.nn', text: model(`${adam}, ${mixed}`) }, { full: true });
    expect(programs).toHaveLength(1);
  });

  it('"full" is what there is without it', async () => {
    const [a, b] = await Promise.all([trainerOf(model(adam)), trainerOf(model(`${adam}, precision = "full"`))]);
    expect(train(a, 0, 3)).toEqual(train(b, 0, 3));
    expect(a.lossScale).toBeUndefined();
  });
});

describe('what is stored', () => {
  const programs = [adam, `${adam}, ${mixed}`].map((text) => {
    const source = model(text).replace('batch = 32', 'batch = 4096');
    const made = makePrograms({ file: 'model.nn', text: source }, { target: 'wasm' });
    if (!made.model) throw new Error('no model');
    return programOf(made.model, 'wasm');
  });

  it('activations and cotangents are halves, parameters, slots, gradients of parameters and results are not', () => {
    const [, { buffers, entries }] = programs;
    const halves = buffers.filter(({ dtype }) => dtype === 'f16');
    expect(halves.length).toBeGreaterThan(4);
    expect(halves.every(({ space }) => space === 'arena')).toBe(true);
    expect(halves.some(({ scaled }) => scaled)).toBe(true);
    expect(halves.some(({ scaled }) => !scaled)).toBe(true);
    for (const entry of Object.values(entries))
      for (const { buffer } of entry.results) expect(buffer.dtype).not.toBe('f16');
  });

  it('memory falls with the batch', () => {
    const [full, half] = programs.map((program) => memoryUse(program, 'wasm', () => 4096).tensors);
    expect(half).toBeLessThan(0.75 * full);
  });
});

describe('training', () => {
  it('comes to the losses and the accuracy of f32', async () => {
    const [a, b] = await Promise.all([trainerOf(model(adam)), trainerOf(model(`${adam}, ${mixed}`))]);
    const [full, half] = [a, b].map((trainer) => train(trainer, 0, 300));
    for (let i = 0; i < 100; i++) expect(Math.abs(half[i] - full[i])).toBeLessThan(1e-2 * full[i]);
    const test = rows(1_000_000, 4000);
    const [right, other] = [a, b].map((trainer) => trainer.evaluate(test).right);
    expect(right).toBeGreaterThan(0.8);
    expect(Math.abs(right - other)).toBeLessThan(0.005);
  });

  it('agrees with f32 where gradients are clipped and accumulated, and weights averaged', async () => {
    const settings = 'optimizer = sgd(lr = 0.1, momentum = 0.9), clip_norm = 0.5, accumulate = 3, ema = 0.9';
    const [a, b] = await Promise.all(['', mixed].map((precision) => trainerOf(model(`${settings}\n${precision}`))));
    const [full, half] = [a, b].map((trainer) => train(trainer, 0, 30));
    full.forEach((loss, i) => expect(Math.abs(half[i] - loss)).toBeLessThan(1e-2 * loss));
    expect(b.stepCount).toBe(a.stepCount);
    const [one, two] = [a, b].map((trainer) => trainer.evaluate(rows(99)).loss);
    expect(Math.abs(one - two)).toBeLessThan(1e-2 * one);
  });

  it('gradients are those of f32, whatever the scale', async () => {
    const [a, b] = await Promise.all([trainerOf(model(adam)), trainerOf(model(`${adam}, ${mixed}`))]);
    const [full, half] = [a, b].map((trainer) => trainer.gradients(rows(1)).gradients);
    for (const [name, values] of Object.entries(full)) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      values.forEach((value, i) => expect(Math.abs(half[name][i] - value)).toBeLessThan(1e-2 * largest));
    }
  });
});

describe('a step whose gradients are no halves', () => {
  it('is left out: all stays as it is, the scale is halved, and training goes on', async () => {
    const trainer = await trainerOf(model(`optimizer = adam(lr = 3e-3), ema = 0.9, ${mixed}`, 100));
    const before = tensorsIn(trainer.save({ optimizer: true }));
    trainer.step(rows(0));
    const after = tensorsIn(trainer.save({ optimizer: true }));
    expect([trainer.lossScale, trainer.stepCount]).toEqual([2 ** 15, 0]);
    for (const [name, values] of before)
      if (!name.startsWith('optimizer/loss scale/')) expect(after.get(name), name).toEqual(values);
    expect(after.get('optimizer/loss scale/steps')).toEqual([-1]);
    const losses = train(trainer, 1, 60);
    expect(trainer.stepCount).toBeGreaterThan(40);
    expect(trainer.lossScale).toBeLessThan(2 ** 15);
    expect(losses[58]).toBeLessThan(0.8 * losses[0]);
  });

  it('tells the optimizer nothing: its first update is that of a fresh one', async () => {
    // Adam's first update is the rate for every element, however many steps were left out before.
    const trainer = await trainerOf(model(`${adam}, ${mixed}`, 100));
    let first = trainer.parameters['logits.dense.b'].slice();
    while (trainer.stepCount === 0) {
      first = trainer.parameters['logits.dense.b'].slice();
      trainer.step(rows(0));
    }
    trainer.parameters['logits.dense.b'].forEach((value, i) => expect(Math.abs(value - first[i])).toBeCloseTo(3e-3, 5));
  });
});

describe('checkpoints', () => {
  it('hold the scale and its count, and go on to the bit', async () => {
    const text = model(`${adam}, ${mixed}`, 100);
    const trainer = await trainerOf(text);
    train(trainer, 0, 20);
    const saved = trainer.save({ optimizer: true });
    const rest = train(trainer, 20, 40);
    const other = await trainerOf(text, { parameters: saved });
    expect(other.lossScale).toBe(tensorsIn(saved).get(scale)?.[0]);
    expect(other.lossScale).toBeLessThan(2 ** 16);
    expect(train(other, 20, 40)).toEqual(rest);
    expect(other.save({ optimizer: true })).toEqual(trainer.save({ optimizer: true }));
  });

  it('pass between precisions: a scale that is missing begins anew, and one that is there is left aside', async () => {
    const [full, half] = await Promise.all([trainerOf(model(adam)), trainerOf(model(`${adam}, ${mixed}`, 100))]);
    train(half, 0, 10);
    expect(half.lossScale).toBeLessThan(2 ** 16);
    train(full, 0, 10);
    half.load(full.save({ optimizer: true }));
    expect([half.lossScale, half.stepCount]).toEqual([2 ** 16, 10]);
    full.load(half.save({ optimizer: true }));
    expect(full.stepCount).toBe(10);
    expect([...full.parameters['logits.dense.W']]).toEqual([...half.parameters['logits.dense.W']]);
  });
});

it('threads compute the same bits', async () => {
  const text = model(`${adam}, ${mixed}`).replaceAll('dense(48)', 'dense(192)');
  const trainers = await Promise.all([1, 2].map((threads) => trainerOf(text, { threads, batch: 128 })));
  const [one, two] = trainers.map((trainer) => [0, 1, 2].map((i) => trainer.step(rows(i, 128)).loss));
  expect(two).toEqual(one);
  const [a, b] = trainers.map((trainer) => trainer.save({ optimizer: true }));
  expect(b).toEqual(a);
  for (const trainer of trainers) trainer.dispose();
});
