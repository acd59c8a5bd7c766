// What `nnc grad` calls things: no two of one formula, and no cotangent by the name of another value.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import type { Derivation } from '../../src/inspect/derivation/data.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { compileText } from '../support/trainer.js';

function documentOf(text: string): Derivation {
  const { model, diagnostics } = check({ file: 'm.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return derivationOf(model);
}

const lines = ({ forward, backward, parameters }: Derivation): Map<string, string> =>
  new Map([...forward, ...backward, ...parameters].map(({ name, formula }) => [name, printFormula(formula)]));

/** Two softmaxes of one value, the names of their axes, and how the value is made. */
const crossed = (made: string, axes: readonly [string, string]): string => `model m {
  input x: [batch, 5, 5]
  input y: [batch, 5, 5]
  t = 5
  param W: [5, 5] = 1
  s = ${made}
  a = softmax(s, axis = ${axes[0]})
  b = softmax(s, axis = ${axes[1]})
  loss = mean((a * b - y)^2)
}
`;

describe('axes', () => {
  it('of two by one name are told by their places', () => {
    const found = lines(documentOf(crossed('reshape(x @ W, [batch, t, t])', ['1', '2'])));
    expect(found.get('a')).toBe('softmax(s, axis = 1)');
    expect(found.get('d_s')).toContain('sum(part_loss * b, axis = 2)');
    expect(found.get('d_s')).toContain('sum(part_loss_2 * a, axis = 1)');
    expect([...found.values()].join('\n')).not.toContain('axis = t');
  });

  it('of a name of their own are told by it', () => {
    const text = 'model m {\n input x: [batch, 3, T]\n param w: [] = 1\n loss = mean(max(w * x, axis = T))\n}';
    expect([...lines(documentOf(text)).values()].join('\n')).toContain('axis = T');
  });
});

describe('shared pieces of cotangents', () => {
  it('are called by the value in whose expression they arise', () => {
    for (const made of ['x @ W', 'x * W']) {
      const { backward } = documentOf(crossed(made, ['1', '2']));
      const found = new Map(backward.map((line) => [line.name, line]));
      // The cotangents of b and of a, but for the factor 2 / n: they arise in the loss.
      const formula = (name: string): string => {
        const step = found.get(name);
        return step
          ? `${printFormula(step.formula)} ${step.lines.map(({ file, line }) => `${file}:${line}`).join()}`
          : '';
      };
      expect(formula('part_loss')).toBe('(a * b - y) * a m.nn:9');
      expect(formula('part_loss_2')).toBe('(a * b - y) * b m.nn:9');
    }
  });

  it('that went through a product of matrices are no delta of what it gave', async () => {
    const text = `model m {
  input x: [batch, 4, 6]
  q = x |> dense(6)
  s = q @ transpose(q)
  a = softmax(s, axis = 1)
  loss = mean(a^2)
  train { optimizer = sgd(lr = 0.1) }
}
`;
    const code = await compileText(text, { language: 'ts' });
    expect(code).not.toContain('delta_s = d_s @ q');
    expect(code).toContain('d_s @ q');
  });
});

it.each(['cross_entropy(y / 4, softmax(v / 4))', 'kl_divergence(log_softmax(y / 4), softmax(v / 4))'])(
  'by logits that learn from a softmax is a difference of two: %s',
  (loss) => {
    const text = `model m {\n  input x: [batch, 4]\n  input v: [batch, 3]\n  y = x |> dense(3)\n  loss = ${loss}\n}`;
    expect(lines(documentOf(text)).get('d_y')).toBe('(softmax(y / 4) - softmax(v / 4)) / (4 * batch)');
  },
);
