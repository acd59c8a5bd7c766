// Checkpoints of models with adapters: those of plain models fit, and merged ones fit plain models.
import { describe, expect, it } from 'vitest';
import { countIn, readHeader, writeTensors } from '../../src/codegen/runtime/safetensors.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const modelOf = (body: string, rest = ''): string =>
  `${rest}model m {\n  input x: [batch, 4]\n${body}\n  output h\n  loss = mean((h - 1)^2)\n  train { optimizer = adam(0.05) }\n}`;

const plain = modelOf('  a = x |> dense(4) |> tanh\n  h = a |> dense(3)');
const adapted = modelOf('  a = x |> lora(dense(4), rank = 2, alpha = 3) |> tanh\n  h = a |> lora(dense(3), 1)');
const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));

async function trainerOf(text: string, target: 'ts' | 'wasm', options: object = {}): Promise<LoadedTrainer> {
  return (await loadText(text, { target })).createTrainer(options);
}

/** The names and the metadata of a checkpoint. */
function headerOf(file: Uint8Array) {
  return readHeader(file, (why) => new Error(why));
}

function predictionOf(trainer: LoadedTrainer): number[] {
  return [...(trainer.predict({ x })['h'] as Float32Array)];
}

/** Equal but for rounding. */
function expectClose(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toEqual(wanted.map((value) => expect.closeTo(value, 5)));
}

function trained(trainer: LoadedTrainer, steps = 5): LoadedTrainer {
  for (let i = 0; i < steps; i++) trainer.step({ x });
  return trainer;
}

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it('takes a checkpoint of the plain model, to which the adapters add nothing at first', async () => {
    const base = trained(await trainerOf(plain, target));
    for (const options of [{}, { optimizer: true }]) {
      const trainer = trained(await trainerOf(adapted, target, { seed: 7 }));
      trainer.load(base.save(options));
      expect(trainer.stepCount).toBe(0);
      expectClose(predictionOf(trainer), predictionOf(base));
      const fresh = await trainerOf(adapted, target, { seed: 7, parameters: base.save() });
      expect(trainer.parameters).toEqual(fresh.parameters);
      // The optimizer begins anew too.
      expect(trained(trainer).save({ optimizer: true })).toEqual(trained(fresh).save({ optimizer: true }));
    }
  });

  it('takes a checkpoint with averages, of which those of frozen weights are left aside', async () => {
    const averaged = (text: string): string => text.replace('adam(0.05)', 'adam(0.05), ema = 0.5');
    const base = trained(await trainerOf(averaged(plain), target));
    const file = base.save();
    expect([...headerOf(file).tensors.keys()]).toContain('a.dense.W.ema');
    const frozen = modelOf('  a = x |> frozen(dense(4)) |> tanh\n  h = a |> dense(3)');
    for (const text of [adapted, averaged(adapted), averaged(frozen), plain]) {
      const trainer = await trainerOf(text, target, { seed: 7, parameters: file });
      expect(trainer.parameters['a.dense.W']).toEqual(base.parameters['a.dense.W']);
      expect(trainer.parameters['h.dense.b']).toEqual(base.parameters['h.dense.b']);
      expect(Number.isFinite(trained(trainer).step({ x }).loss)).toBe(true);
    }
    const other = modelOf('  h = x |> dense(3)');
    await expect(trainerOf(other, target, { parameters: file })).rejects.toThrow('the model has no tensor');
  });

  it('saves the weights with their updates, for the plain model', async () => {
    const trainer = trained(await trainerOf(adapted, target));
    const merged = trainer.save({ merged: true });
    const base = await trainerOf(plain, target, { parameters: merged });
    expect([...headerOf(merged).tensors.keys()]).toEqual([...headerOf(base.save()).tensors.keys()]);
    expectClose(predictionOf(base), predictionOf(trainer));
    const own = trainer.parameters;
    const [A, B, W] = ['a.dense.lora.A', 'a.dense.lora.B', 'a.dense.W'].map((name) => own[name]);
    const expected = Array.from(
      W,
      (w, i) => w + 1.5 * (A[2 * Math.floor(i / 4)] * B[i % 4] + A[2 * Math.floor(i / 4) + 1] * B[4 + (i % 4)]),
    );
    expect(B.some((b) => b !== 0)).toBe(true);
    expected.forEach((value, i) => expect(base.parameters['a.dense.W'][i]).toBeCloseTo(value, 6));
  });

  it('keeps its own checkpoints whole, and refuses others that lack or have more', async () => {
    const trainer = trained(await trainerOf(adapted, target));
    const again = await trainerOf(adapted, target, { parameters: trainer.save({ optimizer: true }) });
    expect(trained(again).save({ optimizer: true })).toEqual(trained(trainer).save({ optimizer: true }));
    const before = trainer.save({ optimizer: true });
    const tensor = (name: string, ...shape: number[]) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
    const tensors = [
      tensor('a.dense.W', 4, 4),
      tensor('a.dense.b', 4),
      tensor('h.dense.W', 4, 3),
      tensor('h.dense.b', 3),
    ];
    const files: [object[], string][] = [
      [tensors.slice(1), 'it lacks the tensor a.dense.W'],
      [[...tensors, tensor('a.dense.lora.C', 1)], 'the model has no tensor a.dense.lora.C'],
      [[...tensors, tensor('a.dense.lora.A', 4, 1)], 'a.dense.lora.A: expected shape [4, 2], got [4, 1]'],
    ];
    for (const [list, message] of files) {
      expect(() => trainer.load(writeTensors(list as ReturnType<typeof tensor>[], {}))).toThrow(message);
      expect(trainer.save({ optimizer: true })).toEqual(before);
    }
  });
});

it('merges what many adapters add to one weight, and what projections of attention have', async () => {
  const texts = [
    modelOf('  h = x |> lora(lora(dense(3), 2), 1)'),
    modelOf('  encode = lora(dense(4), 2)\n  h = x |> encode |> tanh |> encode'),
    modelOf(
      '  s = reshape(x, [batch, 2, 2])\n  t = s |> attention(2, project = adapted)\n  h = reshape(t, [batch, 4])',
      'fn adapted(units) = lora(dense(units), rank = 1)\n',
    ),
    modelOf(
      '  s = reshape(x, [batch, 2, 2])\n  t = scan v in s along 1 { emit v |> lora(dense(2), 1) }\n  h = reshape(t, [batch, 4])',
    ),
  ];
  for (const text of texts) {
    const trainer = trained(await trainerOf(text, 'ts'));
    const without = text.replace(/lora\(lora\((dense\(\w+\)), 2\), 1\)|lora\((dense\(\w+\)), (?:rank = )?\d\)/, '$1$2');
    const base = await trainerOf(without, 'ts', { parameters: trainer.save({ merged: true }) });
    expectClose(predictionOf(base), predictionOf(trainer));
  }
});

it.each([
  ['a block of several layers', '  h = x |> lora(dense(4) >> tanh >> dense(3), 2)', 'h.lora.A'],
  [
    'a weight that is applied without it as well',
    '  encode = dense(4)\n  a = encode(x)\n  h = a |> lora(encode, 2)',
    'encode.lora.A',
  ],
  [
    'a weight with two adapters apart',
    '  encode = dense(4)\n  a = x |> lora(encode, 2)\n  h = a |> lora(encode, 2)',
    'encode.lora.A',
  ],
  ['a layer that does more with its product', '  h = x |> lora(squared(3), 2)', 'h.squared.lora.A'],
])('does not merge into %s', async (_, body, name) => {
  const trainer = await trainerOf(
    modelOf(body, 'layer squared(units)(x: [..., n]) {\n  param W: [n, units] ~ normal()\n  return (x @ W)^2\n}\n'),
    'ts',
  );
  expect(() => trainer.save({ merged: true })).toThrow(
    `save: ${name} cannot be merged: it is not beside x @ W, or x @ W + b, with a W that is applied nowhere without it`,
  );
});

it('tells what save takes', async () => {
  const [trainer, base] = [await trainerOf(adapted, 'ts'), await trainerOf(plain, 'ts')];
  expect(base.save({ merged: true })).toEqual(base.save());
  expect(() => trainer.save({ merged: 1 } as object)).toThrow('merged: expected true or false, got 1');
  expect(() => trainer.save({ merge: true } as object)).toThrow('save: there is no option merge: did you mean merged?');
  expect(() => trainer.save({ merged: true, optimizer: true })).toThrow('save: expected optimizer or merged, got both');
  expect(countIn(headerOf(trainer.save({ optimizer: true })).metadata, 'update', 10)).toBe(0);
});
