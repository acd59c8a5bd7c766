// What callers give wrongly: options, seeds, checkpoints and arrays of another kind or another realm, said in words on every target.
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { emitted, errorOf, stateOf } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import { loadText, type LoadedModule, type LoadedTrainer } from '../support/trainer.js';

const text = `model classes {
  input x: [batch, 3]
  input kind: index(4)[batch]
  input on: bool[batch]
  hidden = x |> dense(4) |> dropout(0.5)
  logits = hidden |> dense(4)
  output logits
  loss = cross_entropy(logits, kind) + mean(if on then 1 else 0)
  train { optimizer = adam(lr = 1e-2), batch = 4, epochs = 2, accumulate = 3 }
}
`;

const rows = 10;
const data = {
  x: Float32Array.from({ length: 3 * rows }, (_, i) => Math.sin(i)),
  kind: Int32Array.from({ length: rows }, (_, i) => i % 4),
  on: Uint8Array.from({ length: rows }, (_, i) => i % 2),
};

async function drained(all: AsyncIterable<unknown>): Promise<void> {
  for await (const each of all) void each;
}

/** The error of a call, or of the promise that it gives. */
async function failureOf(run: () => unknown): Promise<string> {
  try {
    const result = await run();
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
      await drained(result as AsyncIterable<unknown>);
  } catch (error) {
    return String(error);
  }
  return 'no error';
}

async function failuresOf(runs: Readonly<Record<string, () => unknown>>): Promise<string> {
  const lines: string[] = [];
  for (const [what, run] of Object.entries(runs)) lines.push(`${what}: ${await failureOf(run)}`);
  return lines.join('\n');
}

/** A value made by a script elsewhere, as frames, contexts and test runners make them. */
function elsewhere<Value>(code: string): Value {
  return runInNewContext(code) as Value;
}

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  let module: LoadedModule;
  let trainer: LoadedTrainer;
  beforeAll(async () => {
    module = await loadText(text, { target });
    trainer = await module.createTrainer({ seed: 1 });
  });

  it('options of createTrainer that are unknown or out of range are named', async () => {
    const create = (options: unknown) => () => module.createTrainer(options as object);
    expect(
      await failuresOf({
        unknown: create({ sed: 1 }),
        'another case': create({ Batch: 1 }),
        'far from all': create({ learning_rate: 1 }),
        null: create(null),
        'a checkpoint in their place': create(new Uint8Array(3)),
        'a number': create(5),
        'a promise': create(Promise.resolve({ seed: 1 })),
        'parameters that are still read': create({ parameters: Promise.resolve(new Uint8Array(3)) }),
        'parameters as a map': create({ parameters: new Map([['logits.dense.b', new Float32Array(4)]]) }),
        'parameters as a response': create({ parameters: new Response(new Uint8Array(3)) }),
        'parameters as a view': create({ parameters: new DataView(new ArrayBuffer(3)) }),
        'seed below 0': create({ seed: -1 }),
        'seed of 33 bits': create({ seed: 2 ** 32 }),
        'seed of 53 bits': create({ seed: 2 ** 53 - 1 }),
        'seed with a fraction': create({ seed: 0.5 }),
        'seed that is no number': create({ seed: NaN }),
        'seed as text': create({ seed: '1' }),
        'seed null': create({ seed: null }),
        'seed of many bits': create({ seed: 1n }),
        'batch 0': create({ batch: 0 }),
        'batch with a fraction': create({ batch: 1.5 }),
        'batch without end': create({ batch: Infinity }),
        'threads 0': create({ threads: 0 }),
        'threads as text': create({ threads: 'two' }),
        'parameters as a number': create({ parameters: 7 }),
        'parameters as text': create({ parameters: 'model.safetensors' }),
        'parameters null': create({ parameters: null }),
        'parameters as a list': create({ parameters: [1] }),
        'parameters as numbers': create({ parameters: new Float32Array(3) }),
        'a parameter as a list': create({ parameters: { 'logits.dense.b': [1, 2, 3, 4] } }),
        'a parameter that is not there': create({ parameters: { W: new Float32Array(3) } }),
      }),
    ).toMatchInlineSnapshot(`
      "unknown: TypeError: createTrainer: there is no option sed: did you mean seed?
      another case: TypeError: createTrainer: there is no option Batch: did you mean batch?
      far from all: TypeError: createTrainer: there is no option learning_rate: it has seed, parameters, batch, threads, device, updates
      null: TypeError: createTrainer: expected an object of options, got null
      a checkpoint in their place: TypeError: createTrainer: expected an object of options, got Uint8Array
      a number: TypeError: createTrainer: expected an object of options, got 5
      a promise: TypeError: createTrainer: expected an object of options, got Promise
      parameters that are still read: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got Promise
      parameters as a map: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got Map
      parameters as a response: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got Response
      parameters as a view: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got DataView
      seed below 0: RangeError: seed: expected a whole number from 0 to 4294967295, got -1
      seed of 33 bits: RangeError: seed: expected a whole number from 0 to 4294967295, got 4294967296
      seed of 53 bits: RangeError: seed: expected a whole number from 0 to 4294967295, got 9007199254740991
      seed with a fraction: RangeError: seed: expected a whole number from 0 to 4294967295, got 0.5
      seed that is no number: RangeError: seed: expected a whole number from 0 to 4294967295, got NaN
      seed as text: TypeError: seed: expected a whole number from 0 to 4294967295, got "1"
      seed null: TypeError: seed: expected a whole number from 0 to 4294967295, got null
      seed of many bits: TypeError: seed: expected a whole number from 0 to 4294967295, got 1n
      batch 0: RangeError: batch: expected a whole number of at least 1, got 0
      batch with a fraction: RangeError: batch: expected a whole number of at least 1, got 1.5
      batch without end: RangeError: batch: expected a whole number of at least 1, got Infinity
      threads 0: RangeError: threads: expected a whole number of at least 1, got 0
      threads as text: TypeError: threads: expected a whole number of at least 1, got "two"
      parameters as a number: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got 7
      parameters as text: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got "model.safetensors"
      parameters null: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got null
      parameters as a list: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got Array
      parameters as numbers: TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got Float32Array
      a parameter as a list: TypeError: parameters: expected logits.dense.b as Float32Array, got Array
      a parameter that is not there: RangeError: parameters: the model has no W"
    `);
    for (const seed of [0, 1, 2 ** 31, 2 ** 32 - 1]) expect(await failureOf(create({ seed }))).toBe('no error');
  });

  it('every seed gives other draws', async () => {
    const seeds = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    const weights = new Set<string>();
    const losses = new Set<number>();
    for (const seed of seeds) {
      const made = await module.createTrainer({ seed });
      weights.add(String(made.parameters['logits.dense.W']));
      const parameters = Object.fromEntries(
        Object.entries(made.parameters).map(([name, { length }]) => [
          name,
          Float32Array.from({ length }, (_, i) => Math.sin(i)),
        ]),
      );
      losses.add((await module.createTrainer({ seed, parameters })).step(data).loss);
      const resumed = await module.createTrainer({ parameters: made.save({ optimizer: true }) });
      expect(stateOf(resumed)).toBe(stateOf(made));
      expect(resumed.step(data)).toEqual(made.step(data));
    }
    expect(weights.size).toBe(seeds.length);
    expect(losses.size).toBeGreaterThan(3);
  });

  it('options of the calls are, too, before anything is done', async () => {
    const before = stateOf(trainer);
    const fit = (options: unknown) => () => trainer.fit(data, options as object);
    expect(
      await failuresOf({
        'fit unknown': fit({ epoch: 1 }),
        'fit null': fit(null),
        'fit a number': fit(3),
        'epochs below 0': fit({ epochs: -1 }),
        'epochs as text': fit({ epochs: '3' }),
        'batch 0': fit({ batch: 0 }),
        'batch with a fraction': fit({ batch: 1.5 }),
        'shuffle 1': fit({ shuffle: 1 }),
        'validation 1.5': fit({ validation: 1.5 }),
        'validation 1': fit({ validation: 1 }),
        'validation below 0': fit({ validation: -0.1 }),
        'validation as text': fit({ validation: '0.1' }),
        'validation null': fit({ validation: null }),
        'validation lacks an input': fit({ validation: { x: data.x, kind: data.kind } }),
        'patience 0': fit({ patience: 0 }),
        'patience with a fraction': fit({ patience: 0.5 }),
        'monitor of nothing': fit({ monitor: 'accuracy' }),
        'start below 0': fit({ start: -1 }),
        'start with a fraction': fit({ start: 2.5 }),
        'report as another word': fit({ report: 'steps' }),
        'report true': fit({ report: true }),
        'signal as a word': fit({ signal: 'stop' }),
        'save unknown': () => trainer.save({ optimiser: true } as object),
        'save a word': () => trainer.save({ optimizer: 'yes' } as object),
        'save null': () => trainer.save(null as unknown as object),
        'predict unknown': () => (trainer.predict as (...given: unknown[]) => unknown)(data, { sed: 1 }),
      }),
    ).toMatchInlineSnapshot(`
      "fit unknown: TypeError: fit: there is no option epoch: did you mean epochs?
      fit null: TypeError: fit: expected an object of options, got null
      fit a number: TypeError: fit: expected an object of options, got 3
      epochs below 0: RangeError: epochs: expected a whole number of at least 1, got -1
      epochs as text: TypeError: epochs: expected a whole number of at least 1, got "3"
      batch 0: RangeError: batch: expected a whole number of at least 1, got 0
      batch with a fraction: RangeError: batch: expected a whole number of at least 1, got 1.5
      shuffle 1: TypeError: shuffle: expected true or false, got 1
      validation 1.5: RangeError: validation: expected a share of the rows from 0 to below 1, or data, got 1.5
      validation 1: RangeError: validation: expected a share of the rows from 0 to below 1, or data, got 1
      validation below 0: RangeError: validation: expected a share of the rows from 0 to below 1, or data, got -0.1
      validation as text: TypeError: validation: expected a share of the rows from 0 to below 1, or data, got "0.1"
      validation null: TypeError: validation: expected an object of arrays (x, kind, on), got null
      validation lacks an input: TypeError: on: this input is missing in validation, which has x, kind
      patience 0: RangeError: patience: expected a whole number of at least 1, got 0
      patience with a fraction: RangeError: patience: expected a whole number of at least 1, got 0.5
      monitor of nothing: RangeError: monitor: expected loss, or "-NAME" where lower is better, got "accuracy"
      start below 0: RangeError: start: expected a whole number of at least 0, got -1
      start with a fraction: RangeError: start: expected a whole number of at least 0, got 2.5
      report as another word: RangeError: report: expected "epoch" or "step", got "steps"
      report true: TypeError: report: expected "epoch" or "step", got true
      signal as a word: TypeError: signal: expected an AbortSignal, got "stop"
      save unknown: TypeError: save: there is no option optimiser: did you mean optimizer?
      save a word: TypeError: optimizer: expected true or false, got "yes"
      save null: TypeError: save: expected an object of options, got null
      predict unknown: TypeError: predict: there is no option sed: did you mean seed?"
    `);
    expect(stateOf(trainer)).toBe(before);
  });

  it('inputs that are none are told in words', async () => {
    const before = stateOf(trainer);
    const step = (inputs: unknown) => () => trainer.step(inputs as object);
    const detached = data.x.slice();
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(
      await failuresOf({
        nothing: () => (trainer.step as () => unknown)(),
        null: step(null),
        'a number': step(5),
        'no inputs': step({}),
        'a shape that is a number': step({ ...data, x: { data: data.x, shape: 3 } }),
        'a shape of texts': step({ ...data, x: { data: data.x, shape: ['10', '3'] } }),
        'a shape null': step({ ...data, x: { data: data.x, shape: null } }),
        'an array without data': step({ ...data, x: { shape: [10, 3] } }),
        'an array detached': step({ ...data, x: detached }),
        'plain numbers': step({ ...data, x: [...data.x] }),
        'a view without type': step({ ...data, kind: new DataView(new ArrayBuffer(rows)) }),
        'a buffer': step({ ...data, kind: new ArrayBuffer(rows) }),
        'numbers for classes': step({ ...data, kind: new Float32Array(rows) }),
        'truth values': step({ ...data, on: Array.from(data.on, Boolean) }),
        'a class of 33 bits': step({ ...data, kind: BigInt64Array.from(data.kind, (k) => BigInt(k) + 4294967296n) }),
        'a class of 64 bits': step({ ...data, kind: BigUint64Array.from(data.kind, () => 2n ** 64n - 1n) }),
        'a class below 0': step({ ...data, kind: BigInt64Array.from(data.kind, () => -1n) }),
        'a class of 32 bits': step({ ...data, kind: Uint32Array.from(data.kind, () => 2 ** 32 - 1) }),
        'a truth of 64 bits': step({ ...data, on: BigInt64Array.from(data.on, () => 2n ** 32n) }),
        'fit nothing': () => (trainer.fit as () => unknown)(),
        'fit plain numbers': () => trainer.fit({ ...data, x: [...data.x] }),
        'fit a plain list': () => trainer.fit([1, 2, 3]),
        'fit a promise': () => trainer.fit(Promise.resolve(data)),
        'fit a number': () => trainer.fit({ ...data, x: 3 }),
        'fit without one': () => trainer.fit({ x: data.x, kinds: data.kind, on: data.on }),
        'fit a shape that is a number': () => trainer.fit({ ...data, x: { data: data.x, shape: 3 } }),
        'fit a shape that does not fit': () => trainer.fit({ ...data, x: { data: data.x, shape: [9, 3] } }),
        'fit an array detached': () => trainer.fit({ ...data, x: detached }),
        'load nothing': () => (trainer.load as () => unknown)(),
        'load a number': () => trainer.load(7 as unknown as Uint8Array),
        'load a text': () => trainer.load('a.safetensors' as unknown as Uint8Array),
        'load words': () => trainer.load(new Uint16Array(8) as unknown as Uint8Array),
      }),
    ).toMatchInlineSnapshot(`
      "nothing: TypeError: inputs: expected an object of arrays (x, kind, on), got undefined
      null: TypeError: inputs: expected an object of arrays (x, kind, on), got null
      a number: TypeError: inputs: expected an object of arrays (x, kind, on), got 5
      no inputs: TypeError: x: expected [batch, 3] as Float32Array, got undefined
      a shape that is a number: TypeError: x: expected the shape of [batch, 3] as an array of numbers, got 3
      a shape of texts: TypeError: x: expected the shape of [batch, 3] as an array of numbers, got ["10", "3"]
      a shape null: TypeError: x: expected the shape of [batch, 3] as an array of numbers, got null
      an array without data: TypeError: x: expected [batch, 3] as Float32Array, got Object
      an array detached: TypeError: x: its array is detached: its memory was transferred, or has grown
      plain numbers: TypeError: x: expected [batch, 3] as Float32Array, got Array
      a view without type: TypeError: kind: expected index(4)[batch] as an array of integers, got DataView
      a buffer: TypeError: kind: expected index(4)[batch] as an array of integers, got ArrayBuffer
      numbers for classes: TypeError: kind: expected index(4)[batch] as an array of integers, got Float32Array
      truth values: TypeError: on: expected bool[batch] as an array of integers, got Array
      a class of 33 bits: RangeError: kind: expected index(4)[batch], got 4294967296 at position 0
      a class of 64 bits: RangeError: kind: expected index(4)[batch], got 18446744073709551615 at position 0
      a class below 0: RangeError: kind: expected index(4)[batch], got -1 at position 0
      a class of 32 bits: RangeError: kind: expected index(4)[batch], got 4294967295 at position 0
      a truth of 64 bits: RangeError: on: expected bool[batch], got 4294967296 at position 0
      fit nothing: TypeError: data: expected an object of arrays (x, kind, on), got undefined
      fit plain numbers: TypeError: x: expected [batch, 3] as Float32Array, got Array
      fit a plain list: TypeError: data: expected an object of arrays (x, kind, on), got Array
      fit a promise: TypeError: data: expected an object of arrays (x, kind, on), got Promise
      fit a number: TypeError: x: expected [batch, 3] as Float32Array, got 3
      fit without one: TypeError: kind: this input is missing in data, which has x, kinds, on
      fit a shape that is a number: TypeError: x: expected the shape of [batch, 3] as an array of numbers, got 3
      fit a shape that does not fit: RangeError: x: expected [batch, 3] = [9, 3], got 30 values
      fit an array detached: TypeError: x: its array is detached: its memory was transferred, or has grown
      load nothing: TypeError: checkpoint: expected a Uint8Array or an ArrayBuffer, got undefined
      load a number: TypeError: checkpoint: expected a Uint8Array or an ArrayBuffer, got 7
      load a text: TypeError: checkpoint: expected a Uint8Array or an ArrayBuffer, got "a.safetensors"
      load words: TypeError: checkpoint: expected a Uint8Array or an ArrayBuffer, got Uint16Array"
    `);
    expect(stateOf(trainer)).toBe(before);
  });

  it('integers may be of any width', async () => {
    const { loss } = trainer.evaluate(data);
    for (const type of [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Uint32Array])
      expect(trainer.evaluate({ ...data, kind: new type(data.kind), on: new type(data.on) }).loss).toBe(loss);
    const wide = Array.from(data.kind, BigInt);
    for (const kind of [BigInt64Array.from(wide), BigUint64Array.from(wide)])
      expect(trainer.evaluate({ ...data, kind }).loss).toBe(loss);
  });

  it('arrays and checkpoints of another realm are taken', async () => {
    const there = {
      x: elsewhere<Float32Array>(`Float32Array.from({ length: ${3 * rows} }, (_, i) => Math.sin(i))`),
      kind: elsewhere<BigInt64Array>(`BigInt64Array.from({ length: ${rows} }, (_, i) => BigInt(i % 4))`),
      on: elsewhere<Uint8Array>(`Uint8Array.from({ length: ${rows} }, (_, i) => i % 2)`),
    };
    expect(there.x instanceof Float32Array).toBe(false);
    expect(trainer.evaluate(there)).toEqual(trainer.evaluate(data));
    const shaped = elsewhere<{ shape: number[] }>(`({ shape: [${rows}, 3] })`);
    expect(trainer.evaluate({ ...there, x: { data: there.x, shape: shaped.shape } })).toEqual(trainer.evaluate(data));
    const [a, b] = [await module.createTrainer(), await module.createTrainer()];
    await drained(a.fit(there, { epochs: 1 }));
    await drained(b.fit(data, { epochs: 1 }));
    expect(stateOf(a)).toBe(stateOf(b));

    const file = a.save({ optimizer: true });
    const buffer = file.slice().buffer;
    const copied = (code: string): Uint8Array =>
      (elsewhere<(bytes: number[]) => Uint8Array>(code) as (bytes: number[]) => Uint8Array)([...file]);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    const pool = Buffer.concat([Buffer.from('abc'), file]).subarray(3);
    for (const given of [
      buffer,
      copied('(bytes) => Uint8Array.from(bytes)'),
      copied('(bytes) => Uint8Array.from(bytes).buffer'),
      shared,
      shared.buffer,
      pool,
    ]) {
      expect(stateOf(await module.createTrainer({ parameters: given }))).toBe(stateOf(a));
      const other = await module.createTrainer({ seed: 8 });
      other.load(given as Uint8Array);
      expect(stateOf(other)).toBe(stateOf(a));
    }
    const weights = elsewhere<Float32Array>('Float32Array.of(1, 2, 3, 4)');
    const started = await module.createTrainer({ parameters: { 'logits.dense.b': weights } });
    expect([...started.parameters['logits.dense.b']]).toEqual([1, 2, 3, 4]);
  });

  it('an array put in place of a parameter is refused: it would change nothing', async () => {
    const trainer = await module.createTrainer({ seed: 1 });
    const before = stateOf(trainer);
    expect(() => {
      Object.assign(trainer.parameters, { 'logits.dense.b': new Float32Array(4).fill(7) });
    }).toThrow(TypeError);
    expect(stateOf(trainer)).toBe(before);
    trainer.dispose();
  });

  it('arrays taken from parameters stay live when a larger batch comes', async () => {
    const many = Object.fromEntries(
      Object.entries({ x: new Float32Array(3 * 40_000), kind: new Uint8Array(40_000), on: new Uint8Array(40_000) }),
    );
    for (const threads of [1, 2]) {
      const growing = await module.createTrainer({ batch: 1, threads });
      const { 'logits.dense.b': b } = growing.parameters;
      growing.evaluate(many);
      for (let i = 0; i < 3; i++) growing.step(data);
      expect(b.length).toBe(4);
      expect([...b]).toEqual([...growing.parameters['logits.dense.b']]);
      expect(b.some((v) => v !== 0)).toBe(true);
      b.set([1, 2, 3, 4]);
      growing.parameters['logits.dense.W'].fill(0);
      expect([...Array.from(growing.predict({ x: data.x.slice(0, 3) }).logits)]).toEqual([1, 2, 3, 4]);
      growing.dispose();
    }
  });
});

describe('an option that is nearly one', () => {
  it('is told by its name', async () => {
    const { createTrainer } = await emitted(linear());
    expect(errorOf(() => createTrainer({ batches: 3 }))).toBe(
      'TypeError: createTrainer: there is no option batches: did you mean batch?',
    );
  });
});

describe.each(['ts', 'wasm'] as const)('members on %s', (target) => {
  it('an input by the name of a member that every object has', async () => {
    const named = `model m {
  input constructor: [batch, 2]
  input toString: index(3)[batch]
  input __proto__: bool[batch]
  loss = cross_entropy(constructor |> dense(3), toString) + mean(__proto__)
}
`;
    const { createTrainer } = await loadText(named, { target });
    const trainer = await createTrainer({ seed: 1 });
    const inputs = Object.fromEntries([
      ['constructor', new Float32Array(4)],
      ['toString', new Int32Array(2)],
      ['__proto__', new Uint8Array(2)],
    ]);
    const without = (name: string) => (): unknown =>
      trainer.evaluate(Object.fromEntries(Object.entries(inputs).filter(([other]) => other !== name)));
    expect(
      await failuresOf({
        none: without(''),
        a: without('constructor'),
        b: without('toString'),
        c: without('__proto__'),
      }),
    ).toBe(
      `none: no error
a: TypeError: constructor: expected [batch, 2] as Float32Array, got undefined
b: TypeError: toString: expected index(3)[batch] as an array of integers, got undefined
c: TypeError: __proto__: expected bool[batch] as an array of integers, got undefined`,
    );
  });
});
