// Layers around a layer: frozen(block) trains nothing of it, spectral_norm(block) divides its weights, and they add nothing to names.
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { check } from '../../src/compile.js';
import { loadText } from '../support/trainer.js';

/** Each parameter of a model over x: [batch, 4], and whether it is trained. */
function trainedIn(body: string, rest = ''): Record<string, boolean> {
  const text = `model m {\n  input x: [batch, 4]\n${body}\n  param k: f32 = 1\n  loss = mean(h^2) * k\n}\n${rest}`;
  const { model, diagnostics } = check({ file: 'test.nn', text }, { read: () => undefined });
  if (!model) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  const found = model.parameters
    .filter(({ name }) => name !== 'k')
    .map(({ name, trained }) => [name, trained] as const);
  return Object.fromEntries(found);
}

describe('frozen', () => {
  it('trains nothing of a layer, which has the names that it would have by itself', () => {
    expect(trainedIn('  h = x |> frozen(dense(4)) |> dense(4)')).toEqual({
      'h.dense.W': false,
      'h.dense.b': false,
      'h.dense_2.W': true,
      'h.dense_2.b': true,
    });
    expect(trainedIn('  base = frozen(dense(4))\n  h = x |> base')).toEqual({ 'base.W': false, 'base.b': false });
  });

  it.each([
    [
      'frozen(dense(8, bias = false) >> tanh >> dense(4, bias = false)) >> dense(2, bias = false)',
      ['dense.W', 'dense_2.W'],
      'dense_3.W',
    ],
    ['repeat(2, frozen(dense(4, bias = false))) >> dense(4, bias = false)', ['dense.0.W', 'dense.1.W'], 'dense_2.W'],
    [
      'frozen(repeat(2, dense(4, bias = false) >> relu)) >> dense(4, bias = false)',
      ['0.dense.W', '1.dense.W'],
      'dense.W',
    ],
    ['frozen(frozen(dense(4, bias = false))) >> dense(4, bias = false)', ['dense.W'], 'dense_2.W'],
    ['residual(frozen(dense(4, bias = false))) >> dense(4, bias = false)', ['residual.dense.W'], 'dense.W'],
    ['frozen(residual(dense(4, bias = false))) >> dense(4, bias = false)', ['residual.dense.W'], 'dense.W'],
    ['frozen(mlp) >> dense(4, bias = false)', ['a.dense.W'], 'dense.W'],
  ])('%s', (layer, frozen, trained) => {
    const expected = Object.fromEntries([
      ...frozen.map((name) => [`h.${name}`, false]),
      [`h.${trained}`, true],
    ] as const);
    const found = trainedIn(
      `  h = x |> ${layer}`,
      'fn mlp(x) {\n  a = x |> dense(4, bias = false)\n  return relu(a)\n}',
    );
    expect(found).toEqual(expected);
  });

  it('is of parameters: where an instance is shared, they are frozen wherever it is applied, in whatever order', () => {
    const expected = { 'encode.W': false, 'encode.b': false };
    expect(trainedIn('  encode = dense(4)\n  a = encode(x)\n  h = a |> frozen(encode)')).toEqual(expected);
    expect(trainedIn('  encode = dense(4)\n  a = x |> frozen(encode)\n  h = encode(a)')).toEqual(expected);
    expect(trainedIn('  encode = dense(4)\n  h = if training then frozen(encode)(x) else encode(x)')).toEqual(expected);
  });

  it('lets gradients through to the input, and tells programs what is trained', async () => {
    const text = (layer: string): string =>
      `model m {\n  input x: [batch, 4]\n  h = x |> dense(4) |> ${layer}\n  loss = mean(h^2)\n  train { optimizer = sgd(0.1) }\n}`;
    const module = await loadText(text('frozen(dense(2))'));
    const [trainer, plain] = [
      module.createTrainer({ seed: 1 }),
      (await loadText(text('dense(2)'))).createTrainer({ seed: 1 }),
    ];
    expect(module.model.parameters.map(({ trained }) => trained)).toEqual([true, true, false, false]);
    const x = Float32Array.from([1, 2, 3, 4, -1, 0, 1, 2]);
    const { gradients } = trainer.gradients({ x });
    expect(Object.keys(gradients)).toEqual(['h.dense.W', 'h.dense.b']);
    const of = plain.gradients({ x }).gradients;
    expect(gradients).toEqual({ 'h.dense.W': of['h.dense.W'], 'h.dense.b': of['h.dense.b'] });
    const before = trainer.parameters['h.dense_2.W'].slice();
    trainer.step({ x });
    expect(trainer.parameters['h.dense_2.W']).toEqual(before);
    for (const each of [trainer, plain]) each.dispose();
  });
});

describe('spectral_norm', () => {
  const text = (body: string): string =>
    `model m {\n  input x: [batch, 2]\n${body}\n  output h\n  loss = mean((h - 1)^2)\n  train { optimizer = sgd(0) }\n}`;
  const x = Float32Array.from([1, 0, 0, 1]);
  // Singular values 3 and 1.
  const W = Float32Array.from([2, 1, 1, 2]);

  it.each(['ts', 'wasm'] as const)('divides a weight by its largest singular value, on %s', async (target) => {
    const trainer = await (
      await loadText(text('  h = x |> spectral_norm(dense(2))'), { target })
    ).createTrainer({ seed: 3 });
    trainer.parameters['h.dense.W'].set(W);
    for (let i = 0; i < 30; i++) trainer.step({ x });
    const expected = [...W].map((w) => expect.closeTo(w / 3, 5) as number);
    expect([...(trainer.predict({ x })['h'] as Float32Array)]).toEqual(expected);
    expect([...trainer.parameters['h.dense.W']]).toEqual([...W]);
    trainer.dispose();
  });

  it('makes one iteration a step, however often it is applied, and none in evaluation', async () => {
    const bodies = [
      '  f = spectral_norm(dense(2))\n  h = x |> f',
      '  f = spectral_norm(dense(2))\n  h = x |> f |> f |> f',
      '  f = spectral_norm(dense(2))\n  s = stack([x, x, x], axis = 1)\n  t = scan v in s along 1 { emit v |> f |> f }\n  h = t[:, 2]',
    ];
    const states = await Promise.all(
      bodies.map(async (body) => {
        const trainer = (await loadText(text(body))).createTrainer({ seed: 3 });
        trainer.parameters['f.W'].set(W);
        const before = trainer.save();
        trainer.evaluate({ x });
        trainer.predict({ x });
        expect(trainer.save()).toEqual(before);
        trainer.step({ x });
        const file = trainer.save();
        const { from, to } = readHeader(file, (why) => new Error(why)).tensors.get('f.W.u') ?? { from: 0, to: 0 };
        return [...new Float32Array(file.slice(from, to).buffer)];
      }),
    );
    const near = states[0].map((u) => expect.closeTo(u, 5) as number);
    expect(Math.hypot(...states[0])).toBeCloseTo(1, 5);
    for (const state of states) expect(state).toEqual(near);
  });

  it('adds nothing to the path, and its state may be missing in a checkpoint', async () => {
    const plain = (await loadText(text('  h = x |> dense(4) |> dense(2)'))).createTrainer({ seed: 5 });
    const trainer = (await loadText(text('  h = x |> spectral_norm(dense(4) >> dense(2))'))).createTrainer({ seed: 9 });
    const names = (file: Uint8Array): string[] => [...readHeader(file, (why) => new Error(why)).tensors.keys()];
    expect(names(trainer.save())).toEqual([...names(plain.save()), 'h.dense.W.u', 'h.dense_2.W.u']);
    const fresh = trainer.save();
    trainer.step({ x });
    trainer.load(plain.save());
    expect(trainer.parameters).toEqual(plain.parameters);
    const end = fresh.length - 4 * 6;
    expect(trainer.save().slice(end)).toEqual(fresh.slice(end));
    expect(() => plain.load(fresh)).toThrow('the model has no tensor h.dense.W.u');
  });

  it('goes together with what else is around a layer', () => {
    expect(trainedIn('  h = x |> spectral_norm(frozen(dense(4))) |> dense(1)')).toEqual({
      'h.dense.W': false,
      'h.dense.b': false,
      'h.dense_2.W': true,
      'h.dense_2.b': true,
    });
    expect(Object.keys(trainedIn('  h = x |> repeat(2, spectral_norm(lora(dense(4, bias = false), 2)))'))).toEqual(
      ['0', '1'].flatMap((i) => ['W', 'lora.A', 'lora.B'].map((name) => `h.dense.${i}.${name}`)),
    );
  });
});
