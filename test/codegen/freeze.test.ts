// trainer.freeze(patterns): from then on steps leave these parameters and their slots as they are, and all others do what they would.
import { afterAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { startGpu } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode, loadText, type LoadedTrainer } from '../support/trainer.js';

/** All that a step may change: slots, averages, gradients added up, a state; and a norm over all gradients. */
const text = `model frozen {
  input x: [batch, 6]
  input y: [batch, 2]
  encoder = dense(40) >> batch_norm >> tanh
  h = encoder(x)
  p = h |> dense(40) |> tanh |> dense(2)
  output p
  loss = mse(p, y)
  train { optimizer = adam(lr = 0.05), optimizer "*.b" = sgd(lr = 0.1, momentum = 0.9), clip_norm = 0.1, ema = 0.9, batch = 8, seed = 3, SETTING }
}`;
const plain = text.replace(', SETTING', '');

function batch(at: number, rows = 32): { x: Float32Array; y: Float32Array } {
  return {
    x: Float32Array.from({ length: 6 * rows }, (_, i) => Math.sin(i + 7 * at)),
    y: Float32Array.from({ length: 2 * rows }, (_, i) => Math.cos(3 * i + at)),
  };
}

/** What a checkpoint with the optimizer holds, by name. */
function tensorsOf(file: Uint8Array): Map<string, string> {
  const { tensors } = readHeader(file, (why) => new Error(why));
  return new Map([...tensors].map(([name, { from, to }]) => [name, Buffer.from(file.slice(from, to)).toString('hex')]));
}

/** The tensors that differ. */
function changedBetween(before: Uint8Array, after: Uint8Array): string[] {
  const old = tensorsOf(before);
  return [...tensorsOf(after)].filter(([name, bytes]) => old.get(name) !== bytes).map(([name]) => name);
}

const encoders = (names: readonly string[]): string[] => names.filter((name) => name.includes('encoder.dense'));
const others = (names: readonly string[]): string[] => names.filter((name) => !name.includes('encoder.dense'));

type Kind = 'ts' | 'wasm' | 'threads' | 'fallback' | 'wgsl';
type Answer<T> = T | Promise<T>;

/** A trainer of any kind, whose answers may be promises. */
interface AnyTrainer {
  step(inputs: object, block?: string): Answer<Record<string, number>>;
  save(options?: object): Answer<Uint8Array>;
  load(checkpoint: Uint8Array): Answer<void>;
  freeze(patterns: readonly string[]): Answer<void>;
  dispose(): Answer<void>;
}

let started: ReturnType<typeof startGpu> | undefined;
afterAll(async () => (await started)?.end());

async function start(kind: Kind, of = plain): Promise<AnyTrainer> {
  if (kind === 'wgsl')
    return (await (started ??= startGpu('swiftshader'))).createTrainer(await runnableText(of, { target: 'wgsl' }));
  if (kind === 'threads') return (await loadText(of, { target: 'wasm' })).createTrainer({ threads: 2 });
  if (kind === 'fallback') return (await importCode(await runnableText(of, { target: 'wgsl,wasm' }))).createTrainer();
  return (await loadText(of, { target: kind })).createTrainer();
}

describe.each(['ts', 'wasm', 'threads', 'fallback', 'wgsl'] as const)('freeze on %s', (kind) => {
  it('leaves what it names as it is, with its slots and averages; a step does with the others what it would', async () => {
    const [trainer, free] = [await start(kind), await start(kind)];
    const whole = { optimizer: true };
    for (let i = 0; i < 2; i++) for (const each of [trainer, free]) await each.step(batch(i));
    const before = await trainer.save(whole);
    await trainer.freeze(['encoder.dense.*']);
    expect(await trainer.step(batch(2))).toEqual(await free.step(batch(2)));
    const [once, unfrozen] = [await trainer.save(whole), await free.save(whole)];
    const moved = changedBetween(before, unfrozen);
    expect(encoders(moved)).toEqual([
      ...['encoder.dense.W', 'encoder.dense.b', 'encoder.dense.W.ema', 'encoder.dense.b.ema'],
      ...['optimizer/encoder.dense.W/m', 'optimizer/encoder.dense.W/v', 'optimizer/encoder.dense.b/velocity'],
    ]);
    expect(changedBetween(before, once)).toEqual(others(moved));
    expect(changedBetween(unfrozen, once)).toEqual(encoders(moved));
    // A larger batch makes memory grow.
    for (let i = 3; i < 6; i++) await trainer.step(batch(i, 40 * i));
    const later = await trainer.save(whole);
    expect(changedBetween(before, later)).toEqual(others(moved));
    // What is named again is all that is frozen.
    await trainer.freeze(['p.*']);
    await trainer.step(batch(6));
    const names = changedBetween(later, await trainer.save(whole));
    expect(names.filter((name) => /(^|\/)p\./.test(name))).toEqual([]);
    expect(names).toContain('optimizer/encoder.dense.W/m');
    // Without patterns a step is what it was, from where the slots have stayed.
    await trainer.load(before);
    await trainer.freeze([]);
    await free.load(before);
    for (const each of [trainer, free]) await each.step(batch(7));
    expect(changedBetween(await trainer.save(whole), await free.save(whole))).toEqual([]);
    for (const each of [trainer, free]) await each.dispose();
  });
});

describe.each(['ts', 'wasm', 'wgsl'] as const)('freeze on %s', (kind) => {
  it('leaves gradients that are being added up as they are', async () => {
    const trainer = await start(kind, text.replace('SETTING', 'accumulate = 2'));
    await trainer.step(batch(0));
    const before = await trainer.save({ optimizer: true });
    await trainer.freeze(['*.dense.W', 'encoder*']);
    for (let i = 1; i < 4; i++) {
      await trainer.step(batch(i));
      const changed = changedBetween(before, await trainer.save({ optimizer: true }));
      expect(changed.filter((name) => name.includes('dense.W') || encoders([name]).length > 0)).toEqual([]);
      expect(changed.some((name) => name.endsWith('dense.b/accumulated'))).toBe(true);
    }
    await trainer.dispose();
  });

  it('holds for every train block', async () => {
    const trainer = await start(
      kind,
      `model m {
        input x: [batch, 2]
        body = dense(3)
        h = x |> body |> tanh
        loss one = mean((h |> dense(1))^2)
        loss two = mean(((h |> dense(1)) - 1)^2)
        train first { loss = one, optimizer = adam(lr = 0.1), only = ["body.*", "one.*"] }
        train second { loss = two, optimizer = sgd(lr = 0.1, momentum = 0.5), only = ["body.*", "two.*"] }
      }`,
    );
    const { x } = batch(0);
    await trainer.step({ x });
    const before = await trainer.save({ optimizer: true });
    await trainer.freeze(['body.*', 'two.dense.b']);
    await trainer.step({ x });
    await trainer.step({ x }, 'second');
    expect(changedBetween(before, await trainer.save({ optimizer: true }))).toEqual([
      ...['one.dense.W', 'one.dense.b', 'two.dense.W'],
      ...['optimizer/first/one.dense.W/m', 'optimizer/first/one.dense.W/v', 'optimizer/first/one.dense.b/m'],
      ...['optimizer/first/one.dense.b/v', 'optimizer/second/two.dense.W/velocity'],
    ]);
    await trainer.dispose();
  });
});

it('keeps arrays that a program has, and what it writes into them, on WebAssembly whose memory grows', async () => {
  const trainer = (await start('wasm')) as LoadedTrainer;
  const bias = trainer.parameters['encoder.dense.b'];
  trainer.freeze(['encoder.*']);
  trainer.step(batch(0, 4000));
  bias.fill(0.25);
  trainer.step(batch(1, 8000));
  expect(new Set(bias)).toEqual(new Set([0.25]));
  expect(new Set(trainer.parameters['encoder.dense.b'])).toEqual(new Set([0.25]));
  trainer.dispose();
});

it('says what is wrong with patterns, and then changes nothing', async () => {
  const trainer = (await start('ts')) as LoadedTrainer;
  trainer.freeze(['p.*']);
  const freeze = (patterns: unknown) => () => trainer.freeze(patterns as string[]);
  expect(freeze(['p.*', 'encodr.*'])).toThrow(
    new RangeError(
      'freeze: no parameter is called encodr.*: there are encoder.dense.W, encoder.dense.b, ' +
        'encoder.batch_norm.scale, encoder.batch_norm.shift, p.dense.W, p.dense.b, p.dense_2.W, p.dense_2.b',
    ),
  );
  expect(freeze('p.*')).toThrow(new TypeError('freeze: expected a list of patterns, got "p.*"'));
  expect(freeze([3])).toThrow(new TypeError('freeze: expected text, got 3'));
  expect(freeze(undefined)).toThrow(TypeError);
  expect(freeze(['p?dense.W'])).toThrow(RangeError);
  const before = trainer.save();
  trainer.step(batch(0));
  expect(changedBetween(before, trainer.save()).filter((name) => name.startsWith('p.'))).toEqual([]);
  trainer.freeze(['*']);
  const still = trainer.save({ optimizer: true });
  trainer.step(batch(1));
  expect(changedBetween(still, trainer.save({ optimizer: true }))).toEqual([
    'encoder.batch_norm.mean',
    'encoder.batch_norm.variance',
  ]);
  trainer.dispose();
});

it('is there where a model has a loss and no train block, and not where it only predicts', async () => {
  const alone = 'model m {\n  input x: [batch, 2]\n  output y = x |> dense(1)\nLOSS}';
  const learning = (await loadText(alone.replace('LOSS', '  loss = mean(y^2)\n'))).createTrainer();
  learning.freeze(['y.*']);
  expect(() => learning.freeze(['z'])).toThrow(RangeError);
  expect('freeze' in (await loadText(alone.replace('LOSS', ''))).createTrainer()).toBe(false);
});
