// Derivations as data: names that no two share, what is differentiated by what, slices, second order, and the chain rule of each step.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { isCotangent, type Derivation } from '../../src/inspect/derivation/data.js';
import { derivationOf, type DerivationOptions } from '../../src/inspect/derivation/derivation.js';
import { unknownName } from '../../src/inspect/derivation/select.js';
import { printText } from '../../src/inspect/print/text.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { partsOf, type Formula } from '../../src/ir/formula/tree.js';
import type { ModelGraph } from '../../src/ir/model.js';

function modelOf(body: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'm.nn', text: `model m {\n${body}\n}\n` });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return model;
}

const derived = (body: string, options?: DerivationOptions): Derivation => derivationOf(modelOf(body), options);

const namesOf = ({ forward, backward, parameters }: Derivation): string[] =>
  [...forward, ...backward, ...parameters].map(({ name }) => name);

const layers = `input x: [batch, 3]
input y: [batch, 2]
h = x |> dense(4) |> tanh
z = h |> dense(2)
loss = mse(z, y)`;

describe('names', () => {
  it("of the user's stay, and ours get a number", () => {
    const found = derived(`input x: [batch, 3]
input y: [batch, 3]
param W: [3, 3] = 1
h = x @ W
d_h = tanh(h)
loss = mean((d_h * h - y)^2)`);
    const names = namesOf(found);
    expect(names).toContain('d_h');
    expect(names).toContain('d_h_2');
    expect(new Set(names).size).toBe(names.length);
    expect(found.forward.find(({ name }) => name === 'd_h')?.formula.kind).toBe('apply');
  });

  it('say of what an inner derivative is', () => {
    const found = derived(`input t: [batch, 1]
u = t |> dense(4) |> tanh |> dense(1)
slope = grad(u, t)
loss = mean((slope + u)^2)`);
    const text = printText(found);
    expect(text).toContain('∂u/∂');
    const [forward] = text.split('// cotangents');
    expect(forward).not.toContain('∂loss/∂');
  });

  it('are δ of the arguments of activations, which are values z', () => {
    const found = derived(layers);
    expect(namesOf(found)).toEqual(expect.arrayContaining(['z_h', 'delta_h', 'd_h', 'd_z']));
    expect(printText(found)).toMatch(/^δ_h += ∂loss\/∂h ⊙ \(1 - h²\)/m);
  });
});

describe('names of what occurs twice', () => {
  it('have the number of the value in its cotangent, for each use of a layer', () => {
    const found = derived(`input left: [batch, 4]
input right: [batch, 4]
f = dense(3) >> tanh >> dense(2)
loss = mean((f(left) - f(right))^2)`);
    const read = (name: string): string => {
      const step = [...found.forward, ...found.backward].find((each) => each.name === name);
      return step ? printFormula(step.formula, 'math') : `no ${name}`;
    };
    expect(read('z_f_tanh')).toMatch(/^left /);
    expect(read('delta_f_tanh')).toBe('∂loss/∂f_tanh ⊙ (1 - f_tanh²)');
    expect(read('delta_f_tanh_2')).toBe('∂loss/∂f_tanh_2 ⊙ (1 - f_tanh_2²)');
    const [weights] = found.parameters;
    expect(printFormula(weights.formula, 'math')).toMatch(/leftᵀ δ_f_tanh\b(?!_)/);
    expect(printFormula(weights.formula, 'math')).toContain('rightᵀ δ_f_tanh_2');
  });

  it('leave that of the total loss to the total', () => {
    const found = derived(`input x: [batch, 3]
p = x |> dense(1)
loss = mean(p^2)
loss size = 0.1 * sum(abs(p))`);
    const total = found.forward.find(({ name }) => name === 'loss');
    expect(total && printFormula(total.formula, 'math')).toBe('loss_2 + size');
  });

  it('say along which axes each is where a product of all pairs repeats both', () => {
    const text = printText(
      derived(`input x: [batch, 3]
p = x |> dense(2)
apart = p[:, none] - p[none, :]
loss = mean(apart^2) + mean(x * sum(x, axis = 0))`),
    );
    expect(text).toContain('apart[b, i, j] = p[b, j] - p[i, j]');
    expect(text).toContain('x ⊙ Σ_batch x');
  });
});

describe('sums', () => {
  it('of what is the same in each row say how many rows there are', () => {
    const found = derived(`input x: [batch, 3]
param w: [3] = 1
slope = grad(x @ w, x)
loss same = sum(slope^2)
loss each = mean(sum(abs(slope), axis = 1))`);
    const read = (name: string, style: 'math' | 'nn'): string => {
      const step = found.forward.find((each) => each.name === name);
      return step ? printFormula(step.formula, style) : `no ${name}`;
    };
    expect(read('same', 'math')).toBe('batch · Σ w²');
    expect(read('each', 'math')).toBe('Σ abs(w)');
    expect(read('same', 'nn')).toBe('batch * sum(w^2)');
  });
});

describe('what is differentiated by what', () => {
  it('is any scalar, and any value that it depends on', () => {
    const model = modelOf(`${layers}\nmetric size = sum(h^2)`);
    const found = derivationOf(model, { of: 'size', wrt: ['x', 'h.*'] });
    expect(found.of).toBe('size');
    expect(found.parameters.map(({ value }) => value)).toEqual(['h.dense.W', 'h.dense.b', 'x']);
    expect(printText(found)).toContain('∂size/∂x');
    expect(printText(found)).not.toContain('loss');
  });

  it('is told where it is not there', () => {
    const model = modelOf(layers);
    expect(unknownName(model, { of: 'z' })).toMatchObject({ option: 'of', name: 'z' });
    expect(unknownName(model, { wrt: ['q.*'] })).toMatchObject({ option: 'wrt', name: 'q.*' });
    expect(unknownName(model, { wrt: ['h.*', 'x'] })).toBeUndefined();
  });

  it('shows the slice that is asked for, and no more', () => {
    const deep = `input x: [batch, 4]
input y: [batch, 4]
net = repeat(6, dense(4) >> tanh)
h = x |> net
loss = mse(h, y)`;
    const found = derived(deep, { wrt: ['net.3.*'] });
    const text = printText(found);
    expect(found.parameters.map(({ value }) => value)).toEqual(['net.3.dense.W', 'net.3.dense.b']);
    expect(text).not.toMatch(/net\.[01]\.dense/);
    expect(text).toContain('for i = 5, …, 3');
    expect(text).toContain('∂loss/∂net.3.dense.W = tanh[2]ᵀ δ_tanh[3]');
  });

  it('is told by itself: what no line defines is said to be a value of the forward pass', () => {
    const model = modelOf(`input x: [batch, 4]
input y: index(4)[batch]
h = x |> dense(4) |> tanh
logits = h |> layer_norm |> dense(4)
output p = softmax(logits)
loss = cross_entropy(logits, y)
train { optimizer = adam(lr = 0.1) }`);
    const found = derivationOf(model, { wrt: ['logits.dense.*'] });
    const { forward, backward, parameters, legend } = found;
    const meaning = 'the forward value of m.nn:5 layer_norm, [batch, 4]';
    expect(legend).toContainEqual({ sign: 'logits_layer_norm_centred', meaning });
    const steps = [...forward, ...backward, ...parameters];
    const leaves = [...model.inputs, ...model.parameters].map(({ name }) => name);
    const known = new Set([
      ...leaves,
      ...legend.map(({ sign }) => sign),
      ...steps.map(({ left }) => printFormula(left, 'math')),
    ]);
    const names = (formula: Formula): string[] =>
      formula.kind === 'name' ? [printFormula(formula, 'math')] : partsOf(formula).flatMap(names);
    expect(steps.flatMap(({ formula }) => names(formula)).filter((name) => !known.has(name))).toEqual([]);
    expect(legend.map(({ sign }) => sign)).not.toContain('z_h');
  });

  it('to second order has a vector for each parameter', () => {
    const found = derived(layers, { order: 2 });
    expect(found.parameters.map(({ name }) => name)).toEqual([
      ...['hv_h.dense.W', 'hv_h.dense.b', 'hv_z.dense.W', 'hv_z.dense.b'],
    ]);
  });
});

describe('steps', () => {
  it('state the rule, the upstream cotangent, and the local derivative', () => {
    const step = derived(layers).backward.find(({ name }) => name === 'delta_h');
    if (!step || !isCotangent(step)) throw new Error('delta_h has no chain rule');
    const [use] = step.uses;
    expect(step.value).toBe('z_h');
    expect(use.rule).toBe('d tanh(u) = (1 - tanh(u)²) ⊙ du');
    expect(printFormula(use.upstream, 'math')).toBe('∂loss/∂h');
    expect(use.local && printFormula(use.local, 'math')).toBe('1 - h²');
  });

  it('have one use for each use of a value', () => {
    const found = derived(`input x: [batch, 3]
param W: [3, 3] = 1
h = x @ W
loss = mean(h * tanh(h))`);
    const step = found.backward.find(({ name }) => name === 'd_h');
    expect(step && isCotangent(step) && step.uses.length).toBe(2);
  });

  it('say by which equations they came into their form', () => {
    const [step] = derived(layers).backward.filter(({ name }) => name === 'd_z');
    const rewrites = isCotangent(step) ? step.rewrites : [];
    expect(rewrites.length).toBeGreaterThan(0);
    for (const { from, to } of rewrites) expect(printFormula(from)).not.toBe(printFormula(to));
  });

  it('know the nodes of their formulas', () => {
    const { backward, parameters } = derived(layers);
    for (const { formula, node } of [...backward, ...parameters]) expect(formula.node).toBe(node);
  });
});

describe('loops', () => {
  it('carry positions, forwards and backwards', () => {
    const text = printText(
      derived(`input x: [T, batch, 3]
param U: [3, 3] = 1
scan xt in x along 0, h = zeros([batch, 3]) {
  h := tanh(xt + h @ U)
}
loss = sum(h^2)`),
    );
    expect(text).toMatch(/for t = 0, …, T - 1/);
    expect(text).toMatch(/z_h\[t\] += x\[t\] \+ h\[t - 1\] U/);
    expect(text).toMatch(/for t = T - 1, …, 0/);
    expect(text).toMatch(/∂loss\/∂h\[t - 1\] = \S+ Uᵀ/);
    expect(text).toMatch(/∂loss\/∂U\[k, c\] = Σ_\{t,b\} h\[t - 1, b, k\]/);
  });

  it('have steps with uses of the chain rule in their bodies, also of what is handed back', () => {
    const found = derived(`input x: [T, batch, 3]
param U: [3, 3] = 1
scan xt in x along 0, h = zeros([batch, 3]) {
  h := tanh(xt + h @ U)
}
loss = sum(h^2)`);
    const loop = found.backward.find((step) => step.loop)?.loop;
    const told = (loop?.body ?? []).filter(isCotangent).map(({ left, uses: [use] }) => ({
      left: printFormula(left, 'math'),
      rule: use.rule,
      upstream: printFormula(use.upstream, 'math'),
      local: use.local && printFormula(use.local, 'math'),
    }));
    expect(told).toEqual([
      { left: 'δ_h[t]', rule: 'd tanh(u) = (1 - tanh(u)²) ⊙ du', upstream: '∂loss/∂h[t]', local: '1 - h[t]²' },
      { left: '∂loss/∂h[t - 1]', rule: 'd(u v) = du v + u dv', upstream: 'δ_h[t]', local: 'Uᵀ' },
    ]);
  });
});

describe('recurrent layers whose last state is read', () => {
  const recurrent = (layer: string): string => `input x: [batch, 6, 3]
input y: index(4)[batch]
h = x |> ${layer}(5)
logits = h[:, -1] |> dense(4)
loss = cross_entropy(logits, y)`;
  const loopsOf = ({ forward, backward }: Derivation): number =>
    [...forward, ...backward].filter(({ loop }) => loop !== undefined).length;

  // What the lines of one loop come of speaks of other loops, which come of others again.
  it.each(['rnn', 'gru', 'lstm'])(
    '%s: a loop forwards and one backwards, each with the uses of the chain rule',
    (layer) => {
      const found = derived(recurrent(layer));
      expect(loopsOf(found)).toBe(2);
      const bodies = [...found.forward, ...found.backward].flatMap(({ loop }) => loop?.body ?? []);
      // What the chain rule says of the loop within its own body is no loop in a loop.
      expect(bodies.filter(({ loop }) => loop)).toEqual([]);
      const uses = bodies.filter(isCotangent);
      expect(uses.some((step) => step.uses.length > 0)).toBe(true);
    },
  );

  it.each(['rnn', 'gru', 'lstm'])('%s: the second derivative ends', (layer) => {
    expect(loopsOf(derived(recurrent(layer), { order: 2 }))).toBeGreaterThan(1);
  });
});

describe('updates', () => {
  const linesOf = (optimizer: string): string[] => {
    const body = `input x: [batch, 4]\nparam W: [4, 2] = 1\nloss = mean((x @ W)^2)\ntrain { optimizer = ${optimizer} }`;
    const [, update] = printText(derived(body)).split('// update\n');
    return update.split('\n').flatMap((line) => (line.includes('←') ? [line.replace(/\s+\/\/.*/, '').trim()] : []));
  };

  it('read a slot as it was before the line that renews it', () => {
    expect(linesOf('lion()')).toEqual([
      'W ← W - 0.0001 · sign(0.9 · m + 0.1 · ∂loss/∂W)',
      'm ← 0.99 · m + 0.01 · ∂loss/∂W',
    ]);
    expect(linesOf('adam(beta1 = 0.5)')).toEqual([
      'v ← 0.999 · v + 0.001 · (∂loss/∂W)²',
      'W ← W - 0.0005 · (m + ∂loss/∂W) / (1 - 0.5^t) / (sqrt(v / (1 - 0.999^t)) + 1e-8)',
      'm ← 0.5 · (m + ∂loss/∂W)',
    ]);
  });

  it('read a slot renewed behind the line that renews it', () => {
    expect(linesOf('sgd(lr = 0.1, momentum = 0.9)').map((line) => line.split(' ')[0])).toEqual(['velocity', 'W']);
    expect(linesOf('adam()').map((line) => line.split(' ')[0])).toEqual(['m', 'v', 'W']);
  });
});
