// The forms that a teacher would write: what terms share outside a sum, one sign for what is negative, no factor that says nothing.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import type { Derivation, Step } from '../../src/inspect/derivation/data.js';
import { printText } from '../../src/inspect/print/text.js';
import { printFormula } from '../../src/ir/formula/text.js';
import type { ModelGraph } from '../../src/ir/model.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function modelOf(text: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'm.nn', text: `model m {\n${text}\n}\n` });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return model;
}

/** The lines of a model's derivation by the names that mathematics gives them. */
function linesOf(text: string): ReadonlyMap<string, string> {
  const { forward, backward, parameters } = derivationOf(modelOf(text));
  const each = (step: Step): readonly Step[] => [step, ...(step.loop?.body ?? []).flatMap(each)];
  return new Map(
    [...forward, ...backward, ...parameters]
      .flatMap(each)
      .map(({ left, formula }) => [printFormula(left, 'math'), printFormula(formula, 'math')]),
  );
}

const inputs = 'input x: [batch, 4]\ninput y: [batch, 2]\n';

describe('sums of derivatives', () => {
  it('add up like terms', () => {
    const lines = linesOf(`${inputs}param W: [4, 2] ~ glorot_uniform()
out = x @ W
loss = mse(out, y) + 0.1 * sum(W^2) + 0.01 * sum(W^2)`);
    expect(lines.get('∂loss/∂W')).toBe('0.22 · W + xᵀ ∂loss/∂out');
  });

  it('have outside what their terms share', () => {
    const lines = linesOf(`${inputs}h = x |> dense(2)
z = x |> dense(2) |> sigmoid
n = x |> dense(2) |> tanh
out = (1 - z) * n + z * h
loss = mse(out, y)`);
    expect(lines.get('δ_z')).toBe('(out - y) ⊙ (h - n) ⊙ z ⊙ (1 - z) / batch');
  });

  it('have numbers and sizes outside where all terms have them', () => {
    const lines = linesOf(`${inputs}h = x |> dense(2)
a = h |> gelu
loss = mse(a, y)`);
    expect(lines.get('∂loss/∂h')).toBe(
      '(part_a ⊙ (1 / sqrt(2 · π) + 0.053516112 · h²) + 0.5 · (a - y) ⊙ (1 + a_tanh)) / batch',
    );
  });

  it('say a difference where a term is negative', () => {
    const lines = linesOf(`input t: [batch, 1]
u = (t^2 / (1 + t^2)) * (t |> dense(1))
v = grad(u, t)
a = grad(v, t)
loss = mean((a + u)^2)`);
    expect([...lines.values()].filter((formula) => /[+-] -|\(-\(/u.test(formula))).toEqual([]);
  });

  it('stand in the model as their author wrote them', () => {
    const lines = linesOf(`${inputs}h = x |> dense(2)
out = h * y + h * 2
loss = mse(out, y)`);
    expect(lines.get('out')).toBe('h ⊙ y + 2 · h');
  });

  it('are divided once', () => {
    const lines = linesOf(`${inputs}h = x |> dense(2) |> batch_norm\nloss = mse(h, y)`);
    expect(lines.get('∂loss/∂h_dense')).toBe(
      'h_batch_norm_scaled_div ⊙ (∂loss/∂h - ∂loss/∂h.batch_norm.shift / batch - h_batch_norm_centred ⊙ ∂loss/∂h.batch_norm.scale / (batch · h_batch_norm_scaled_sqrt))',
    );
  });
});

describe('what a gradient names', () => {
  const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
  const files = ['examples', 'test/golden/gradient', 'test/reference/cases'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.nn') && /^ *loss\b/m.test(textOf(join(folder, name))))
      .map((name) => join(folder, name)),
  );
  const all = (step: Step): readonly Step[] => [step, ...(step.loop?.body ?? []).flatMap(all)];
  /** The value that a step is the derivative by, in the words of the line that defines it. */
  const valueOf = ({ title: { of, word } }: Step): string => (of === 'delta' ? `z_${word}` : word);

  it.each(files)('%s: each value has a line of the forward pass', (path) => {
    const { model } = check({ file: 'm.nn', text: textOf(path) });
    if (!model) throw new Error(path);
    const { forward, backward } = derivationOf(model);
    const starts = forward.flatMap(all).flatMap(({ loop }) => loop?.starts ?? []);
    const defined = [...forward.flatMap(all), ...starts, ...model.inputs, ...model.parameters].map(({ name }) => name);
    const spoken = backward.flatMap(all).filter(({ title: { of, inner, by } }) => of !== 'value' && !inner && !by);
    expect(spoken.map(valueOf).filter((name) => !defined.includes(name))).toEqual([]);
  });

  it('is no value of which only axes of size 1 are new', () => {
    const lines = linesOf(`${inputs}h = x |> dense(3) |> batch_norm |> relu\nout = h |> dense(2)\nloss = mse(out, y)`);
    expect([...lines.keys()]).toEqual(expect.arrayContaining(['h_dense', 'z_h', 'δ_h', '∂loss/∂h_dense']));
    // No line only says that one name is another one's.
    expect([...lines.values()].filter((formula) => /^[∂δ][^ ]*$/u.test(formula))).toEqual([]);
  });

  it('in a loop is what a round carries on', () => {
    const lines = linesOf(`input x: [batch, 6, 3]\ninput y: [batch, 5]
h = x |> lstm(5)
loss = mse(h[:, -1], y)`);
    expect([...lines.keys()].filter((name) => name.includes('next'))).toEqual([]);
    expect(lines.get('∂loss/∂c[t]')).toMatch(/^part_c\[t\] \+ ∂loss\/∂h/u);
  });
});

describe('sums over axes', () => {
  const image = 'input image: [batch, 1, 8, 8]\ninput y: [batch, 2]\n';

  it('run over letters where axes have no names', () => {
    const lines = linesOf(`${image}a = image |> conv2d(3, 3) |> relu\nloss = mse(a |> flatten |> dense(2), y)`);
    expect(lines.get('∂loss/∂a.conv2d.b[o]')).toBe('Σ_{b,v,u} δ_a[b, o, v, u]');
  });

  it('of the largest among windows have one condition', () => {
    const lines = linesOf(`${image}a = image |> max_pool2d(2)\nloss = mse(a |> conv2d(1, 1) |> flatten |> dense(2), y)
ways = grad(sum(a), image)\noutput ways`);
    expect([...lines.values()].filter((formula) => formula.includes('≥'))).toEqual([]);
  });
});

describe('updates', () => {
  const trained = (model: string): Derivation => derivationOf(modelOf(model));
  const lineOf = ({ update }: Derivation, name: string): string | undefined => {
    const step = update.find((each) => each.name === name);
    return step && printFormula(step.formula, 'math');
  };
  const train = 'train { optimizer = adam(lr = cosine(peak = 0.002, steps = 100)) }';

  it('say the schedule that the model names', () => {
    const found = trained(`${inputs}param W: [4, 2] ~ glorot_uniform()\nloss = mse(x @ W, y)\n${train}`);
    expect(lineOf(found, 'schedule')).toBe('0.001 · (1 + cos(π · min(max(t - 1, 0) / 100, 1)))');
    expect(lineOf(found, 'W')).toMatch(/^W - schedule · m/u);
  });

  it('are told once for all parameters, whatever these are called', () => {
    const text = printText(
      trained(`${inputs}param s: [] = 1\nparam q: [2] = 0\nloss = mse(s * (x |> dense(2)) + q, y)\n${train}`),
    );
    expect(text).toMatch(/^for each parameter θ of s, q, /m);
    expect(text).toMatch(/^ {2}θ ← θ - schedule · m \/ \(1 - 0\.9\^t\) \/ \(sqrt\(v/m);
    expect(text.match(/^ *\S+ ← /gm)).toHaveLength(3);
  });

  it('count by a letter that no sum or loop has', () => {
    const found = trained(`input x: [batch, 6, 3]\ninput y: [batch, 6, 2]
loss = mse(x |> gru(5) |> dense(2), y)\n${train}`);
    expect(found.legend.at(-1)?.sign).toBe('τ');
  });
});

describe('factors that say nothing', () => {
  const contrastive = (condition: string): string => `${inputs}input same: bool[batch]
a = x |> dense(2) |> tanh
distance = sqrt(sum((a - y)^2, axis = 1) + 1e-6)
loss = mean(${condition})`;

  it('are not written: 1[c] beside what is 0 where c does not hold', () => {
    const lines = linesOf(contrastive('if same then distance^2 else max(1 - distance, 0)^2'));
    expect([...lines.values()].filter((formula) => formula.includes('∨'))).toEqual([]);
    expect(lines.get('δ_a[b, i]')).toBe(
      '2 · (1[same[b]] · distance[b] - 1[¬same[b]] · loss_max[b]) · (a[b, i] - y[b, i]) · (1 - a[b, i]²) / (batch · distance[b])',
    );
  });

  it('are written where they do say something', () => {
    const lines = linesOf(contrastive('if same then distance else distance * distance * max(0.5, distance)'));
    expect([...lines.values()].some((formula) => formula.includes('1[same[b]]'))).toBe(true);
    const relu = linesOf(`${inputs}h = x |> dense(2) |> relu\nloss = mse(h |> dense(2), y)`);
    expect(relu.get('δ_h')).toBe('1[h > 0] ⊙ ∂loss/∂h');
  });

  it('a product with a tensor of one scalar is a mean', () => {
    const lines = linesOf(`${inputs}out = x |> dense(1)\nloss = mean(out)`);
    expect(lines.get('∂loss/∂out.dense.W')).toBe('mean(x, axis = batch)');
  });

  it('numbers stand before Σ', () => {
    const lines = linesOf(`${inputs}param s: [4] ~ zeros()
loss = sum((10 * x * s)^3)`);
    expect(lines.get('∂loss/∂s')).toMatch(/^3000 · Σ_batch /);
  });
});
