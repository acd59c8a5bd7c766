// Long loops in stretches, which the backward pass runs again: the same gradients from less memory.
import { describe, expect, it } from 'vitest';
import { meaningOf } from '../support/randomModel.js';
import { programsOf, tensorsIn } from '../support/recomputed.js';
import { createDraws } from '../support/sampleTypes.js';

const text = `layer cell(units)(x: [batch, T, n]) {
  param W: [n, units] ~ glorot_uniform()
  param U: [units, units] ~ orthogonal()
  return scan xt in x along 1, h = zeros([batch, units]), c = zeros([batch, units]) {
    a = xt @ W + h @ U
    p = tanh(a)
    q = sigmoid(2 * a + c) * p
    r = sin(q) + exp(-q^2)
    c := 0.5 * c + r * tanh(r)
    h := p * tanh(c)
    emit h
  }
}

model long {
  input x: [batch, 36, 3]
  h = x |> cell(4)
  k, before = scan ht in h along 1 backwards, s = 0 {
    emit s, ht * s
    s := 0.7 * s + sin(ht)
  }
  loss = mean((k[:, 3] + h[:, -1] + s)^2) + 0.1 * mean(before^2)
  train {
    optimizer = sgd(lr = 0.1)
    batch = 8
  }
}`;
const small = text.replace('train {', 'train {\n    memory = "small"');

describe('loops in stretches', () => {
  it('have the same loss and gradients', () => {
    const draw = createDraws(1);
    const numbers = (count: number): Float64Array => Float64Array.from({ length: count }, () => 2 * draw() - 1);
    const inputs = { x: numbers(2 * 36 * 3) };
    const parameters = { 'h.cell.W': numbers(12), 'h.cell.U': numbers(16) };
    const [kept, again] = [text, small].map((source) => meaningOf(source)(inputs, parameters, 2, {}));
    expect(again.loss).toBeCloseTo(kept.loss, 12);
    expect([...kept.gradients.keys()]).toEqual(['h.cell.W', 'h.cell.U']);
    for (const [name, values] of kept.gradients) {
      expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1e-3);
      const found = again.gradients.get(name) ?? [];
      values.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 10));
    }
  });

  it.each(['ts', 'wasm'] as const)('take less memory on %s', (target) => {
    const { fast, small: less } = programsOf(text, target);
    expect(tensorsIn(less, 8)).toBeLessThan(0.75 * tensorsIn(fast, 8));
  });
});
