// Worked numbers: those of the textbook's example, and tables.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { numbersOf, type At } from '../../src/inspect/derivation/numbers.js';
import type { Step } from '../../src/inspect/derivation/data.js';
import { printDigits, printTable } from '../../src/inspect/print/tables.js';
import { printText } from '../../src/inspect/print/text.js';
import { printFormula } from '../../src/ir/formula/text.js';
import type { ModelGraph } from '../../src/ir/model.js';

const path = fileURLToPath(new URL('../../examples/textbook/textbook.nn', import.meta.url));

function textbook(): ModelGraph {
  const { model } = check({ file: 'textbook.nn', text: readFileSync(path, 'utf8') });
  if (!model) throw new Error('textbook.nn has errors');
  return model;
}

/** As a fresh trainer has them: what the example's parameters begin with. */
function fresh(model: ModelGraph): At {
  const tensors = new Map(
    model.parameters.map(({ name, initial }) => [name, initial.kind === 'values' ? initial.values : [0.1]] as const),
  );
  const inputs = { x: [0.5, 0.8], y: [1] };
  return { name: 'init', inputs, tensors, sizes: { batch: 1 }, counts: { update: 1, draw: 0, seed: 0 } };
}

describe('the textbook', () => {
  // By hand: https://en.wikipedia.org/wiki/Delta_rule and any pocket calculator; x = (0.5, 0.8), y = 1.
  it.each([
    ['z_a2 = ', '0.3100  0.6700  1.030'],
    ['a2 = ', '0.5769  0.6615  0.7369'],
    ['z_a3 = ', '1.696'],
    ['a3 = ', '0.8450'],
    ['loss = ', '0.01201'],
    ['δ_a3 = ', '-0.02029'],
    ['∂loss/∂W3 = ', '-0.01171\n-0.01342\n-0.01495'],
    ['δ_a2 = ', '-0.003467  -0.003635  -0.003540'],
  ])('%s%s', (head, numbers) => {
    const model = textbook();
    const derivation = derivationOf(model);
    const text = printText(derivation, { numbers: numbersOf(model, derivation, fresh(model)), steps: true });
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.replace(/ +/g, ' ').startsWith(head));
    const wanted = numbers.split('\n');
    expect(lines.slice(at + 1, at + 1 + wanted.length).map((line) => line.trim())).toEqual(wanted);
  });

  it('moves each parameter against its gradient', () => {
    const model = textbook();
    const derivation = derivationOf(model);
    const { valuesOf } = numbersOf(model, derivation, fresh(model));
    const before = fresh(model).tensors;
    for (const step of derivation.update) {
      const gradient = derivation.parameters.find(({ value }) => value === step.parameter);
      const [after, slope] = [valuesOf(step), gradient && valuesOf(gradient)];
      expect(after?.data.length).toBeGreaterThan(0);
      after?.data.forEach((v, i) =>
        expect(v).toBeCloseTo((before.get(step.parameter ?? '')?.[i] ?? NaN) - 0.1 * (slope?.data[i] ?? NaN), 12),
      );
    }
  });
});

describe('rounds of a loop', () => {
  it('have the numbers of every position, whose products are the gradient', () => {
    const text = `model r {
  input x: [T, 2]
  param w: [] = 0.5
  scan xt in x along 0, h = 0 { h := tanh(w * h + sum(xt)) }
  loss = (h - 1)^2
}`;
    const { model } = check({ file: 'r.nn', text });
    if (!model) throw new Error('the model has errors');
    const derivation = derivationOf(model);
    const at: At = {
      ...{ name: 'init', inputs: { x: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] }, tensors: new Map([['w', [0.5]]]) },
      ...{ sizes: { T: 3 }, counts: { update: 1, draw: 0, seed: 1 } },
    };
    const { valuesOf } = numbersOf(model, derivation, at);
    const body = (steps: readonly Step[]): readonly Step[] => steps.flatMap(({ loop }) => loop?.body ?? []);
    const dataOf = (steps: readonly Step[], left: string): readonly number[] => {
      const step = steps.find((each) => printFormula(each.left, 'math') === left);
      return (step && valuesOf(step)?.data) ?? [];
    };
    const h = dataOf(body(derivation.forward), 'h[t]');
    const [h0, h1, h2] = [Math.tanh(0.3), Math.tanh(0.5 * Math.tanh(0.3) + 0.7), h[2]];
    expect(h[0]).toBeCloseTo(h0, 12);
    expect(h[1]).toBeCloseTo(h1, 12);
    const d = dataOf(body(derivation.backward), '∂loss/∂h[t - 1]');
    const delta2 = 2 * (h2 - 1) * (1 - h2 * h2);
    expect(d[2]).toBeCloseTo(0.5 * delta2, 12);
    expect(d[1]).toBeCloseTo(0.5 * d[2] * (1 - h1 * h1), 12);
    const [gradient] = derivation.parameters;
    expect(valuesOf(gradient)?.data[0]).toBeCloseTo(delta2 * h1 + d[2] * (1 - h1 * h1) * h0, 12);
  });
});

describe('tables', () => {
  it('have significant digits', () => {
    expect([0.31, 1.03, -0.0120088, 0, 1e-9, NaN, -Infinity].map((v) => printDigits(v, 4))).toEqual([
      ...['0.3100', '1.030', '-0.01201', '0', '1.000e-9', 'NaN', '-inf'],
    ]);
  });

  it('leave out what is beyond eight rows and columns', () => {
    const data = Array.from({ length: 100 }, (_, i) => i);
    const lines = printTable({ shape: [10, 10], data }, 2);
    expect(lines).toHaveLength(9);
    expect(lines[0]).toMatch(/^0 .* 7\.0 +…$/);
    expect(printTable({ shape: [2, 1, 2], data: [1, 2, 3, 4] }, 1)).toEqual(['[0, :, :]', '1  2', '[1, :, :]', '3  4']);
  });
});
