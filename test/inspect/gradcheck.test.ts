// The check of gradients finds every wrong derivative that is planted, and passes what is right.
import { describe, expect, it } from 'vitest';
import { syntheticInputs } from '../../src/data/synthetic.js';
import { check, differentiateModel, type ModelGraph } from '../../src/index.js';
import { checkCurvature } from '../../src/inspect/check/curvature.js';
import { checkGradients, gradientsAt, type ParameterCheck } from '../../src/inspect/check/gradients.js';
import { begun, pointOf, type Point } from '../../src/inspect/check/point.js';
import { loadText } from '../support/trainer.js';

const limit = 1e-6;

function modelOf(text: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(`${text}\n${diagnostics.map((d) => d.message).join('\n')}`);
  return model;
}

function placeOf(model: ModelGraph, rows = 4, seed = 1): Point {
  const made = Object.entries(syntheticInputs(model.inputs, () => rows, seed));
  const inputs = Object.fromEntries(made.map(([name, { data }]) => [name, data]));
  return pointOf(model, { inputs, sizeOf: () => rows }, seed);
}

function checked(
  text: string,
  options: { readonly order?: 2; readonly all?: true; readonly seed?: number } = {},
): Record<string, ParameterCheck> {
  const model = modelOf(text);
  const { gradients } = differentiateModel(model);
  const point = placeOf(model, 4, options.seed);
  const found =
    options.order === 2
      ? checkCurvature(model, gradients, point, { limit })
      : checkGradients(model, gradientsAt(gradients, point), point, { limit, all: options.all });
  return Object.fromEntries(found.map((each) => [each.name, each]));
}

/** A function with its declared gradient, wrong and right, and what the model makes of it. W: [6, 6]. */
interface Plant {
  readonly value: string;
  readonly wrong: string;
  readonly right: string;
  readonly use?: string;
}

const plants: Readonly<Record<string, Plant>> = {
  'a wrong sign': { value: 'f(x) = cos(x)', wrong: 'f(x, d) = d * sin(x)', right: 'f(x, d) = -d * sin(x)' },
  'a factor that is missing': { value: 'f(x) = x^2', wrong: 'f(x, d) = d * x', right: 'f(x, d) = 2 * d * x' },
  'a term that is missing': {
    value: 'f(x) = x * sigmoid(x)',
    wrong: 'f(x, d) = d * sigmoid(x)',
    right: 'f(x, d) = d * sigmoid(x) * (1 + x * (1 - sigmoid(x)))',
  },
  'a wrong axis': {
    value: 'f(x) = x - mean(x, axis = 1, keep = true)',
    wrong: 'f(x, d) = d - mean(d, axis = 0, keep = true)',
    right: 'f(x, d) = d - mean(d, axis = 1, keep = true)',
  },
  'a transposed weight': {
    value: 'f(x, w) = x @ w',
    wrong: 'f(x, w, d) = d @ transpose(w), transpose(transpose(x) @ d)',
    right: 'f(x, w, d) = d @ transpose(w), transpose(x) @ d',
    use: 'f(x, W)',
  },
  'one place among many': {
    value: 'f(x) = x',
    wrong: 'f(x, d) = d * (1 + f32(range(36)[:, none] == 17) * f32(range(6) == 3) * 0.01)',
    right: 'f(x, d) = d',
    use: 'x @ f(reshape(broadcast(W[none, :, :], [6, 6, 6]), [36, 6]))[0:6] + x @ f(V)[14:20]',
  },
  'only negative inputs': {
    value: 'f(x) = if x < 0 then 0.1 * x else x',
    wrong: 'f(x, d) = if x < 0 then 0.2 * d else d',
    right: 'f(x, d) = if x < 0 then 0.1 * d else d',
  },
  'two arguments exchanged': {
    value: 'f(a, b) = a * b',
    wrong: 'f(a, b, d) = d * a, d * b',
    right: 'f(a, b, d) = d * b, d * a',
    use: 'f(x @ W, cos(x @ W))',
  },
  'a mean in place of a sum': {
    value: 'f(x, b) = x + b[none, :]',
    wrong: 'f(x, b, d) = d, mean(d, axis = 0)',
    right: 'f(x, b, d) = d, sum(d, axis = 0)',
    use: 'f(x, W[0])',
  },
  'places shifted by one': {
    value: 'f(x) = x',
    wrong: 'f(x, d) = concat([d[:, 1:6], d[:, 0:1]], axis = 1)',
    right: 'f(x, d) = d',
  },
  'a relative error of 1e-5': {
    value: 'f(x) = sin(x)',
    wrong: 'f(x, d) = 1.00001 * d * cos(x)',
    right: 'f(x, d) = d * cos(x)',
  },
  'a gradient that stops': { value: 'f(x) = exp(x)', wrong: 'f(x, d) = 0 * d', right: 'f(x, d) = d * exp(x)' },
};

function planted({ value, use = 'f(x @ W)' }: Plant, gradient: string): string {
  return `fn ${value}
gradient ${gradient}

model m {
  input x: [batch, 6]
  param W: [6, 6] ~ normal(std = 1)
  param V: [36, 6] ~ normal(std = 1)
  y = ${use}
  loss = mean((y + 0.1 * sum(V^2))^2)
}
`;
}

describe('a derivative that is planted', () => {
  const all = Object.entries(plants);
  it.each(all)('%s is found', (_, plant) => {
    const { W, V } = checked(planted(plant, plant.wrong));
    expect(Math.max(W.error, V.error)).toBeGreaterThan(limit);
    const { worst, declared } = W.error > V.error ? W : V;
    expect(worst).toBeDefined();
    expect(declared).toEqual(['f']);
  });

  it.each(all)('%s is mended', (_, plant) => {
    const { W, V } = checked(planted(plant, plant.right));
    for (const each of [W, V]) {
      expect(each.error).toBeLessThan(limit);
      expect(each.leftOut).toBe(0);
    }
  });

  it('stands where it is off most, in its line', () => {
    const { V } = checked(planted(plants['one place among many'], plants['one place among many'].wrong), { all: true });
    expect(V.checked).toBe(216);
    expect(V.worst?.at).toEqual([17, 3]);
    expect(V.origin).toMatchObject({ file: 'model.nn', line: 7 });
  });

  it('of second order is found where that of first order is right', () => {
    // f' = 2 g(x) / x, where g's own derivative is declared.
    const text = (half: string): string => `fn g(x) = x^2
gradient g(x, d) = ${half} * d * x
fn f(x) = x^2
gradient f(x, d) = d * 2 * g(x) / x

model m {
  input x: [batch, 3]
  param W: [3, 2] ~ uniform(0.5, 1)
  loss = mean(f(x @ W)^2)
}
`;
    expect(checked(text('1.9')).W.error).toBeLessThan(limit);
    expect(checked(text('1.9'), { order: 2 }).W.error).toBeGreaterThan(1e-2);
    expect(checked(text('2'), { order: 2 }).W.error).toBeLessThan(limit);
  });
});

it.each([0, 1, 2, 3])('products of second order that are 0 but for rounding agree, seed %i', (seed) => {
  const checks = checked(
    `model attending {
  input x: [batch, T, 8]
  input ok: bool[batch, T]
  attend = attention(heads = 4, key_heads = 2, window = 3, causal = true)
  h = x |> positions(16) |> attention(heads = 2, causal = true, rotary = true, window = 2)
  y = attend(h, mask = ok[:, none, none, :])
  z = y |> swiglu(12) |> transformer_block(heads = 2, drop = 0.2) |> rms_norm
  loss = mean(z^3)
}
`,
    { order: 2, seed },
  );
  // Softmax does not see what is added to all of a row.
  expect(checks['z.transformer_block.attend.k.dense.b'].largest).toBeLessThan(1e-12);
  for (const { name, error } of Object.values(checks)) expect(error, name).toBeLessThan(limit / 2);
});

describe('what is left out and what is held', () => {
  const formula = (body: string): string =>
    `model m {\n  input x: [batch, 3]\n  param w: [3] = [0.5, -0.25, 0]\n  ${body}\n}\n`;

  it('leaves out elements on a kink, and counts them', () => {
    const { w } = checked(formula('loss = mean(abs(w)) + mean(relu(w))'));
    expect([w.checked, w.leftOut]).toEqual([2, 1]);
    expect(w.error).toBeLessThan(limit);
  });

  it('compares elements near one with a smaller step', () => {
    const { w } = checked(formula('loss = sum(relu(w - [0.49999, -0.24999, -1]) * [1, 2, 3])'));
    expect([w.checked, w.leftOut]).toEqual([3, 0]);
    expect(w.error).toBeLessThan(limit);
  });

  it.each([
    'loss = mean(w * stop_gradient(w))',
    'loss = mean(w^2 + stop_gradient(round(4 * w) - w))',
    'loss = sum(scan t in x along 0, s = w { s := s * stop_gradient(s) + t emit s } )',
    'loss = sum(scan t in x along 0, s = w { r = scan u in x along 0, q = s { q := 0.3 * q * stop_gradient(w + q) emit q } s := s + r[-1] emit s })',
    'loss = mean(w |> dropout(0.5)) + mean(x @ w[:, none] |> dropout(0.5))',
  ])('holds what no gradient flows through, and draws: %s', (body) => {
    const { w } = checked(formula(body));
    expect(w.error).toBeLessThan(limit);
    expect(w.checked).toBe(3);
    expect(w.largest).toBeGreaterThan(0);
  });

  it('knows a gradient of 0 from one too small to tell', () => {
    // What is subtracted again has no gradient but for rounding.
    const { w } = checked(formula('y = x + w\n  loss = mean((y - mean(y, axis = 0, keep = true))^2)'));
    expect(w.largest).toBeLessThan(1e-15);
    expect(w.error).toBeLessThan(limit);
  });

  it('takes no number for one', () => {
    const { w } = checked(`fn f(x) = x^2\ngradient f(x, d) = d * log(x)\n${formula('loss = mean(f(w))')}`);
    expect(w.error).toBe(Infinity);
  });
});

it('begins where a trainer does', async () => {
  const text = `model m {
  input x: [batch, 4]
  param a: [3, 4] ~ uniform(-1, 2)
  param b: [5] ~ normal(std = 0.5)
  param c: [4, 6] ~ orthogonal()
  param e: [2, 2] = [[1, 2], [3, 4.5]]
  param k: [3] = 0.1
  loss = mean(x) + sum(a) + sum(b) + sum(c) + sum(e) + sum(k)
}
`;
  const { createTrainer } = await loadText(text);
  const { parameters } = createTrainer({ seed: 7 });
  for (const p of modelOf(text).parameters) expect(begun(p, 7, Number), p.name).toEqual(parameters[p.name]);
});
