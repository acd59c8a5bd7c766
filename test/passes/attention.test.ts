// Attention: names of its weights, layers that it is given, what its calls check, and its derivatives to the second order.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { constantOf } from '../../src/ir/index.js';
import { elementCount } from '../../src/ir/types.js';
import { chosen } from '../support/full.js';
import { meaningOf } from '../support/randomModel.js';
import { loadText } from '../support/trainer.js';

function modelText(lines: readonly string[], declarations = ''): string {
  return `${declarations}model case {\n  ${lines.join('\n  ')}\n}\n`;
}

function namesOf(text: string): string[] {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return model.parameters.map(({ name }) => name);
}

const weights = (path: string, of: readonly string[]): string[] =>
  of.flatMap((layer) => [`${path}.${layer}.W`, `${path}.${layer}.b`]);

describe('names', () => {
  const body = (layer: string): string[] => ['input x: [batch, T, 6]', `h = x |> ${layer}`, 'loss = sum(h)'];

  it('are those of the layers that attention makes', () => {
    expect(namesOf(modelText(body('attention(2)')))).toEqual(
      weights('h.attention', ['q.dense', 'k.dense', 'v.dense', 'out.dense']),
    );
  });

  it('are those of the parts of a block', () => {
    const path = 'h.transformer_block';
    const norm = (name: string): string[] => [`${path}.${name}.scale`, `${path}.${name}.shift`];
    expect(namesOf(modelText(body('transformer_block(2)')))).toEqual([
      ...norm('norm1'),
      ...weights(`${path}.attend`, ['q.dense', 'k.dense', 'v.dense', 'out.dense']),
      ...norm('norm2'),
      ...weights(`${path}.mlp`, ['dense', 'dense_2']),
    ]);
  });

  it.each([
    ['fn own(units) = dense(units, bias = false)\n', 'dense'],
    ['layer own(units)(x: [..., n]) {\n  param W: [n, units] ~ glorot_uniform()\n  return x @ W\n}\n', 'own'],
    ['layer own(units = 6)(x: [..., n]) {\n  param W: [n, units] ~ glorot_uniform()\n  return x @ W\n}\n', 'own'],
  ])('come from what it is to project with: %s', (declaration, name) => {
    const found = namesOf(modelText(body('attention(2, project = own)'), declaration));
    expect(found).toEqual(['q', 'k', 'v', 'out'].map((part) => `h.attention.${part}.${name}.W`));
    const inBlock = namesOf(modelText(body('transformer_block(2, project = own)'), declaration));
    expect(inBlock.filter((n) => n.includes('mlp'))).toEqual([
      `h.transformer_block.mlp.${name}.W`,
      `h.transformer_block.mlp.${name}_2.W`,
    ]);
  });

  it('belong to each copy', () => {
    const found = namesOf(modelText(body('repeat(2, transformer_block(2))')));
    expect(found).toHaveLength(32);
    expect(new Set(found).size).toBe(32);
    expect(found.slice(16)).toEqual(found.slice(0, 16).map((name) => name.replace('.0.', '.1.')));
  });
});

/** Numbers between -1 and 1 that repeat nowhere. */
const made = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

describe('the second derivative', () => {
  // The square of a gradient as a loss: its own gradient is of the second order.
  it.each([
    ['attention(2, causal = true)(x)', 1],
    ['attention(2, key_heads = 1, rotary = true)(x)', 2],
    ['attention(2)(x, mask = seen)', 3],
    ['attention(2, window = 2)(x, x[:, :2], mask = seen[..., :2])', 4],
    ['transformer_block(2, hidden = 5, causal = true)(x)', 5],
    ['swiglu(3)(x)', 6],
    ['rotary(x)^2', 7],
    ['positions(5)(x)^2', 8],
  ])('of %s is what central differences give', (layer, seed) => {
    const text = modelText([
      'input seen: bool[batch, 1, 1, 3]',
      'param x: [2, 3, 4] = 0',
      `y = ${layer.replace('seen', 'seen[0]')}`,
      'slope = grad(sum(y^2), x)',
      'loss = sum(slope^2)',
    ]);
    const inputs = { seen: [1, 0, 1] };
    const mean = meaningOf(text);
    const { parameters: all } = check({ file: 'model.nn', text }).model ?? { parameters: [] };
    const start: Record<string, number[]> = {};
    for (const [i, { name, type }] of all.entries()) {
      const length = constantOf(elementCount(type)) ?? 0;
      start[name] = made(length, seed + i).map((v) => (name.endsWith('scale') ? 1 + v / 3 : 0.7 * v));
    }
    const lossAt = (name: string, i: number, by: number): number =>
      mean(inputs, { ...start, [name]: start[name].map((v, k) => (k === i ? v + by : v)) }, 1, {}).loss;
    const { gradients } = mean(inputs, start, 1, {});
    const scale = Math.max(...[...gradients.values()].flatMap((values) => Array.from(values, Math.abs)));
    expect(scale).toBeGreaterThan(1e-3);
    for (const [name, values] of gradients)
      // Few elements of each tell a wrong rule from a right one; of a block, which has many parameters, one.
      for (const i of chosen(
        [0, values.length >> 1, values.length - 1],
        (at) => gradients.size < 10 || at === values.length >> 1,
      )) {
        const h = 1e-4;
        const near = lossAt(name, i, h) - lossAt(name, i, -h);
        const far = lossAt(name, i, 2 * h) - lossAt(name, i, -2 * h);
        expect(Math.abs(values[i] - (8 * near - far) / (12 * h)) / scale, `${name}[${i}]`).toBeLessThan(1e-6);
      }
  });
});

describe('calls', () => {
  it('take no more positions than there are vectors', async () => {
    const { createTrainer } = await loadText(
      modelText([
        'input x: [batch, S, 2]',
        'y = x |> positions(4)',
        'output y',
        'loss = sum(y)',
        'train { optimizer = sgd(lr = 1) }',
      ]),
    );
    const trainer = createTrainer({ seed: 0 });
    const ofLength = (S: number): object => ({ x: { data: new Float32Array(2 * S), shape: [1, S, 2] } });
    expect(trainer.predict(ofLength(4)).y).toHaveLength(8);
    expect(trainer.predict(ofLength(1)).y).toHaveLength(2);
    expect(() => trainer.predict(ofLength(5))).toThrow(RangeError);
    expect(() => trainer.step(ofLength(5))).toThrow(
      'y.positions: there are at most as many positions as length says, got S = 5',
    );
  });

  it.each([
    ['x[:, 1:3]', 2, 'the slice 1:3 lies within its axis'],
    ['x[:, :-2]', 2, 'the slice 0:T - 2 lies within its axis'],
    ['x[:, 2]', 2, 'the index 2 lies within its axis'],
    ['x[:, -3]', 2, 'the index T - 3 lies within its axis'],
  ])('take no T of which %s has no elements', async (expression, fewest, said) => {
    const { createTrainer } = await loadText(
      modelText([
        'input x: [batch, T]',
        'param k: f32 = 1',
        `loss = k * sum(${expression})`,
        'train { optimizer = sgd(lr = 1) }',
      ]),
    );
    const trainer = createTrainer({ seed: 0 });
    const ofLength = (T: number): object => ({ x: { data: new Float32Array(T).fill(1), shape: [1, T] } });
    expect(trainer.evaluate(ofLength(fewest + 1)).loss).toBeGreaterThan(0);
    expect(() => trainer.evaluate(ofLength(fewest))).toThrow(RangeError);
    expect(() => trainer.evaluate(ofLength(fewest))).toThrow(said);
  });
});

describe('a mask that lets nothing be seen', () => {
  it.each(['ts', 'wasm'] as const)('gives 0 and finite gradients on %s, however large the logits', async (target) => {
    const { createTrainer, model } = await loadText(
      modelText([
        'input x: [batch, T, 4]',
        'input seen: bool[batch, 1, 1, T]',
        'y = attention(2, bias = false)(1e4 * x, mask = seen)',
        'output y',
        'loss = sum(y)',
        'train { optimizer = sgd(lr = 1) }',
      ]),
      { target },
    );
    const trainer = await createTrainer({ seed: 0 });
    const inputs = {
      x: { data: Float32Array.from(made(24, 1)), shape: [2, 3, 4] },
      seen: { data: Uint8Array.of(0, 0, 0, 0, 1, 0), shape: [2, 1, 1, 3] },
    };
    const { y } = trainer.predict(inputs);
    expect(Array.from(y).slice(0, 12)).toEqual(Array(12).fill(0));
    expect(Array.from(y).every(Number.isFinite)).toBe(true);
    const { gradients } = trainer.gradients(inputs);
    for (const { name } of model.parameters)
      expect(
        Array.from(gradients[name]).filter((v) => !Number.isFinite(v)),
        name,
      ).toEqual([]);
  });
});
