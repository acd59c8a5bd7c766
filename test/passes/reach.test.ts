// Choices and what they keep from derivatives, as models are written: at the points where what is not chosen has no finite derivative.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';
import { loadText } from '../support/trainer.js';

interface Guarded {
  readonly loss: string;
  readonly before?: string;
  /** Shapes by name, where they are not those of a list. */
  readonly shapes?: Readonly<Record<string, string>>;
  readonly at: Readonly<Record<string, readonly number[]>>;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const guarded: readonly Guarded[] = [
  { loss: 'sum(if x > 0 then log(x) else 0)', at: { x: [0, -1, 2] }, gradients: { x: [0, 0, 0.5] } },
  { loss: 'sum(where(x > 0, sqrt(x), 0))', at: { x: [0, -1, 4] }, gradients: { x: [0, 0, 0.25] } },
  { loss: 'sum(max(sqrt(x), 0.01))', at: { x: [0, 1e-10, 4] }, gradients: { x: [0, 0, 0.25] } },
  { loss: 'sum(clamp(1 / x, -10, 10))', at: { x: [0, -0, 0.01, 2] }, gradients: { x: [0, 0, 0, -0.25] } },
  { loss: 'sum(min(exp(x), 10))', at: { x: [100, 1000, 0] }, gradients: { x: [0, 0, 1] } },
  { loss: 'sum(if n > 0 then x / n else x)', at: { x: [1, 2], n: [0, 2] }, gradients: { x: [1, 0.5], n: [0, -0.5] } },
  { loss: 'sum(if x == 0 then 1 else sin(x) / x)', at: { x: [0, 1] }, gradients: { x: [0, -0.3011687] } },
  {
    loss: 'sum(if x > 0 then x^y else 0)',
    at: { x: [0, 0, 2], y: [0, -1, 3] },
    gradients: { x: [0, 0, 12], y: [0, 0, 5.5451775] },
  },
  { loss: 'sum(x / max(n, 1e-8))', before: 'n = sqrt(sum(x^2))', at: { x: [0, 0] }, gradients: { x: [1e8, 1e8] } },
  {
    loss: 'sum(if n > 0 then x / n else 0 * x)',
    before: 'n = sqrt(sum(x^2))',
    at: { x: [0, 0] },
    gradients: { x: [0, 0] },
  },
  {
    loss: 'sum(if c > 0 then s / c else 0)',
    before: 's = sum(x * m)\n  c = sum(m)',
    at: { x: [1, 2], m: [0, 0] },
    gradients: { x: [0, 0], m: [0, 0] },
  },
  { loss: 'sum(log(x)[1:3])', at: { x: [0, 1, 2] }, gradients: { x: [0, 1, 0.5] } },
  { loss: 'sum(max(log(x), axis = 0))', at: { x: [0, 1, 2] }, gradients: { x: [0, 0, 0.5] } },
  {
    loss: 'sum(if isfinite(x) then x * w else 0)',
    at: { x: [NaN, 1, Infinity], w: [1, 2, 3] },
    gradients: { x: [0, 2, 0], w: [0, 1, 0] },
  },
  {
    loss: 'sum(softmax(if m > 0 then x else -inf)[:2] * [1, 2])',
    at: { x: [1, 1, 3], m: [1, 1, 0] },
    gradients: { x: [-0.25, 0.25, 0] },
  },
  {
    loss: 'sum(where(v[:, none] > 0, (x / sqrt(sum(x^2, axis = 1, keep = true))) @ W, 0))',
    shapes: { x: '2, 2', W: '2, 2' },
    at: { v: [1, 0], x: [3, 4, 0, 0], W: [1, 0, 0, 1] },
    gradients: { x: [0.032, -0.024, 0, 0] },
  },
  // What the derivative of a derivative keeps.
  { loss: 'sum(grad(sum(if x > 0 then log(x) else 0), x)^2)', at: { x: [0, -1, 2] }, gradients: { x: [0, 0, -0.25] } },
  { loss: 'sum(grad(sum(max(sqrt(x), 0.01)), x)^2)', at: { x: [0, 4] }, gradients: { x: [0, -0.015625] } },
  // What was taken is seen.
  { loss: 'sum(if x > 0 then log(x) else 1 / x)', at: { x: [0, 2] }, gradients: { x: [-Infinity, 0.5] } },
  { loss: 'sum(if x >= 0 then sqrt(x) * 0 else 0)', at: { x: [0, 4] }, gradients: { x: [NaN, 0] } },
  { loss: 'sum(max(sqrt(x), -5))', at: { x: [-1, 4] }, gradients: { x: [NaN, 0.25] } },
  // Ties.
  {
    loss: 'sum(max(x, y)) + sum(min(x, 0))',
    at: { x: [1, 0, 3], y: [1, 2, 1] },
    gradients: { x: [0.5, 0, 1], y: [0.5, 1, 0] },
  },
  { loss: 'sum(clamp(x, 0, 1)) + sum(hard_tanh(x))', at: { x: [0, 1, -1, 0.5] }, gradients: { x: [2, 1, 0, 2] } },
];

const textOf = ({ loss, before, shapes = {}, at }: Guarded): string => `model guarded {
  input one: [1]
  ${Object.entries(at)
    .map(([name, values]) => `param ${name}: [${shapes[name] ?? values.length}] = 0`)
    .join('\n  ')}
  ${before ?? ''}
  loss = ${loss} + 0 * sum(one)
  train { optimizer = sgd(lr = 0.1) }
}
`;

const agrees = (got: number, want: number): boolean =>
  Number.isFinite(want) ? Math.abs(got - want) <= 1e-6 * Math.max(1, Math.abs(want)) : Object.is(got, want);

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it.each(guarded.map((each) => [each.loss, each] as const))('%s', async (_, each) => {
    const { createTrainer } = await loadText(textOf(each), { target });
    const parameters = Object.fromEntries(Object.entries(each.at).map(([n, v]) => [n, Float32Array.from(v)]));
    const trainer = await createTrainer({ seed: 0, parameters });
    const { gradients } = trainer.gradients({ one: Float32Array.of(0) });
    const wrong = Object.entries(each.gradients).filter(
      ([n, want]) => !want.every((w, i) => agrees(gradients[n][i], w)),
    );
    expect(wrong.map(([n, want]) => `d_${n} is ${gradients[n].join(', ')}, not ${want.join(', ')}`)).toEqual([]);
  });
});

/** The cotangents and gradients, as `nnc grad` prints them. */
function gradientOf(body: string): string {
  const { model, diagnostics } = check({
    file: 'model.nn',
    text: `model short {\n  input x: [batch, 4]\n  input y: index(3)[batch]\n  ${body}\n  loss = cross_entropy(logits, y)\n  train { optimizer = sgd(lr = 0.1) }\n}\n`,
  });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return printText({ ...derivationOf(model), forward: [], update: [] }, { style: 'nn' });
}

describe('where nothing can be infinite', () => {
  it.each(['gelu', 'silu', 'layer_norm', 'softmax', 'tanh'])('no line has a choice: %s', (activation) => {
    const text = gradientOf(`logits = x |> dense(5) |> ${activation} |> dense(3)`);
    expect(text).toMatch(/^d_logits += \(softmax\(logits\) - one_hot\(y\)\) \/ batch\s/m);
    expect(text).not.toMatch(/\bif\b/);
  });

  it.each(['relu', 'layer_norm |> relu', 'relu |> layer_norm |> gelu'])('relu has its own alone: %s', (activation) => {
    const text = gradientOf(`logits = x |> dense(5) |> ${activation} |> dense(3)`);
    expect(text.match(/\bif\b/g)).toHaveLength(1);
  });

  it.each(['layer_norm', 'batch_norm', 'layer_norm |> dense(4) |> layer_norm'])(
    'a product with a parameter is as finite as a matrix product: %s',
    (normalise) => {
      const text = gradientOf(`param a: [4] = 1\n  logits = x * a |> ${normalise} |> relu |> dense(3)`);
      expect(text.match(/\bif\b/g)).toHaveLength(1);
    },
  );

  it('what a batch is normalised to is finite, layer after layer', () => {
    const text = gradientOf('logits = x |> repeat(3, dense(4) >> batch_norm >> relu) |> dense(3)');
    expect(text).not.toContain('any(');
    expect(text.match(/\bif\b/g)).toHaveLength(1);
  });
});
