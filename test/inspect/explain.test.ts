// What `nnc explain` counts: known costs of known layers, sums that come out even, lines found both ways.
import { describe, expect, it } from 'vitest';
import { check, compile, differentiateModel, makePrograms, programWithNests } from '../../src/compile.js';
import { explain, noCosts, sumOf, type Costs, type Explanation } from '../../src/inspect/explain/costs.js';
import { generatedOf, kernelsOfLine, linesWithKernels } from '../../src/inspect/explain/lines.js';
import { commentsAt, headOf } from '../../src/inspect/explain/module.js';
import { divided } from '../../src/inspect/explain/shares.js';
import { touchedBy } from '../../src/inspect/explain/traffic.js';
import { layerTree, type Layer } from '../../src/inspect/explain/tree.js';
import { explainValue, nearestValue } from '../../src/inspect/explain/value.js';
import { flopsOfSteps } from '../../src/inspect/flops.js';
import { memoryUse } from '../../src/inspect/memory.js';
import { add, axis, mul, toIndex } from '../../src/ir/index.js';
import type { ModelGraph } from '../../src/ir/model.js';
import type { Nest } from '../../src/ir/program.js';
import { fold, load } from '../../src/ir/scalar.js';
import { kernelTexts } from '../../src/codegen/emit.js';
import type { Target } from '../../src/targets.js';
import { buffer } from '../codegen/runKernels.js';

const train = 'train { optimizer = sgd(lr = 0.1), batch = 4 }';
const dense = `model net {
  input x: [batch, 60]
  input y: [batch, 20]
  h = x |> dense(80)
  a = tanh(h)
  p = a |> dense(20)
  loss = mse(p, y)
  output p
  ${train}
}
`;
const recurrent = (length: number): string => `model net {
  input x: [batch, ${length}, 3]
  input label: index(2)[batch]
  h = x |> rnn(5)
  logits = mean(h, axis = 1) |> dense(2)
  loss = cross_entropy(logits, label)
  ${train}
}
`;
const repeated = `layer block(x: [batch, n]) -> [batch, n] {
  return x + relu(x |> layer_norm |> dense(n))
}

model net {
  input x: [batch, 40]
  input y: [batch, 1]
  h = x |> repeat(3, block)
  p = h |> dense(1)
  loss = mse(p, y)
  ${train}
}
`;
const table = `model net {
  input ids: index(20)[batch, 3]
  input y: [batch, 1]
  e = ids |> embedding(4)
  p = mean(e, axis = 1) |> dense(1)
  loss = mse(p, y)
  ${train}
}
`;

function modelOf(text: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'net.nn', text });
  if (!model) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return model;
}

interface Explained extends Explanation {
  readonly made: ReturnType<typeof programWithNests>;
}

const batch = 7;
const sizeOf = (): number => batch;

function explained(text: string, target: Target = 'ts'): Explained {
  const derived = differentiateModel(modelOf(text));
  const made = programWithNests(derived, target);
  const explanation = explain({ ...made, onGpu: programWithNests(derived, 'wgsl').program }, sizeOf);
  if (!explanation) throw new Error('there is nothing to explain');
  return { ...explanation, made };
}

function layer({ layers }: Explanation, path: string): Costs {
  const found = layers.get(path);
  if (!found) throw new Error(`there is no layer ${path}`);
  return found;
}

describe.each([
  ['dense', dense, 'ts'],
  ['dense', dense, 'wasm'],
  ['recurrent', recurrent(5), 'ts'],
  ['repeated', repeated, 'wgsl'],
  ['repeated', repeated, 'wasm'],
  ['table', table, 'ts'],
] as const)('the costs of a network that is %s', (_, text, target) => {
  const { total, layers, kernels, peak, made } = explained(text, target);

  it(`add up on ${target}`, () => {
    expect([...layers.values()].reduce(sumOf, noCosts)).toEqual(total);
    expect(layerTree(layers).total).toEqual(total);
    const flops = total.forward + total.backward + total.update;
    const sum = (of: (kernel: (typeof kernels)[number]) => number): number => kernels.reduce((n, k) => n + of(k), 0);
    expect(sum((k) => k.flops)).toBe(flops);
    expect(sum((k) => k.read)).toBe(total.read);
    expect(sum((k) => k.written)).toBe(total.written);
    // As `nnc bench` counts them; what a last tile shares with the one before makes no whole number.
    expect(Math.abs(flops - flopsOfSteps(made.program.entries.step?.steps ?? [], sizeOf))).toBeLessThan(kernels.length);
    expect(total.trained).toBe(made.program.parameters.reduce((n, p) => n + p.buffer.length.terms[0].factor, 0));
    expect(peak.buffers.reduce((n, { bytes }) => n + bytes, 0)).toBe(peak.bytes);
    expect(total.peak).toBe(peak.bytes);
    const inputs = peak.buffers.reduce((n, { kind, bytes }) => n + (kind === 'input' ? bytes : 0), 0);
    expect(peak.bytes - inputs).toBeLessThanOrEqual(memoryUse(made.program, target, sizeOf).total);
    for (const amount of Object.values(total)) expect(amount).toBeGreaterThanOrEqual(0);
    expect(total.dispatches).toBeGreaterThan(1);
  });
});

describe('what a dense layer costs', () => {
  const explanation = explained(dense);
  const { forward, backward, update, trained } = layer(explanation, 'p.dense');

  it('is 2 · b · i · o forward with its bias, twice as much backward, and two a parameter for the update', () => {
    expect(trained).toBe(80 * 20 + 20);
    expect(forward).toBe(2 * batch * 80 * 20 + batch * 20);
    // By the weight, by the bias, by what it reads.
    // The bias has the mean of 2 · (p - y): a product and a division for each of its elements.
    expect(backward).toBe(2 * batch * 80 * 20 + (batch + 2) * 20 + 2 * batch * 80 * 20);
    // By the learning rate, and off the weight; the rate itself, by the trainer's scale, once for W and once for b.
    expect(update).toBe(2 * trained + 2);
    const first = layer(explanation, 'h.dense');
    expect(first.forward).toBe(2 * batch * 60 * 80 + batch * 80);
    // The input has no gradient.
    expect(first.backward).toBe(2 * batch * 60 * 80 + batch * 80);
  });

  it('gives an activation of its own, and keeps it for the backward pass', () => {
    // tanh itself, and (1 - a²) · d.
    expect(layer(explanation, 'a')).toMatchObject({
      forward: batch * 80,
      backward: 3 * batch * 80,
      kept: 4 * batch * 80,
    });
  });
});

describe('what runs again', () => {
  it('counts for each round of a loop', () => {
    const [five, ten] = [5, 10].map((length) => layer(explained(recurrent(length)), 'h.rnn'));
    const products = (length: number): number => length * batch * (2 * 3 * 5 + 2 * 5 * 5);
    expect(ten.forward - five.forward).toBe(five.forward);
    expect(five.forward).toBeGreaterThan(products(5));
    expect(five.forward).toBeLessThan(1.5 * products(5));
    expect(ten.update).toBe(five.update);
  });

  it('counts for each copy of a layer, whose kernel is one', () => {
    const explanation = explained(repeated);
    const tree = layerTree(explanation.layers);
    const copies = tree.layers.find(({ name }) => name === 'h')?.layers.flatMap((l) => l.layers) ?? [];
    const numbered = copies.filter(({ name }: Layer) => /^\d+$/.test(name));
    expect(numbered.map(({ total }) => total.trained)).toEqual([1720, 1720, 1720]);
    const [first, second, third] = numbered.map(({ total: { forward } }) => forward);
    expect([second, third]).toEqual([first, first]);
    expect(explanation.kernels.some(({ calls }) => calls === 3)).toBe(true);
  });
});

describe('what is read and written', () => {
  const [i, j, k, n] = [axis('i', 10), axis('j', 3), axis('k', 4), axis('n', 6)];
  const [x, y] = [buffer('x', 1000), buffer('y', 1000)];
  const reads = (nest: Pick<Nest, 'axes' | 'stores'>): number =>
    touchedBy(
      { kind: 'nest', name: 'y', provenance: { formulas: [], sources: [], phase: 'forward', results: [] }, ...nest },
      sizeOf,
    )
      .filter(({ kind }) => kind === 'read')
      .reduce((sum, { elements }) => sum + elements, 0);

  it('is each element once: windows that overlap, folds, places of one run', () => {
    const window = load(x, add(toIndex(i), toIndex(j)));
    expect(reads({ axes: [i], stores: [{ to: y, at: toIndex(i), value: fold('add', [j], window) }] })).toBe(12);
    const apart = load(x, add(mul(5, toIndex(i)), toIndex(j)));
    expect(reads({ axes: [i, j], stores: [{ to: y, at: toIndex(i), value: apart }] })).toBe(30);
    const matrix = load(x, add(mul(4, toIndex(i)), toIndex(k)));
    expect(reads({ axes: [i, n], stores: [{ to: y, at: toIndex(i), value: fold('add', [k], matrix) }] })).toBe(40);
  });

  it('is of loads that differ in where they start together what they cover', () => {
    const stores = [0, 1, 2].map((start) => ({ to: y, at: toIndex(i), value: load(x, add(toIndex(i), start)) }));
    expect(reads({ axes: [i], stores })).toBe(12);
  });
});

it('divides whole numbers so that the parts add up', () => {
  expect(divided(10, [1, 1, 1])).toEqual([4, 3, 3]);
  expect(divided(7, [0, 0])).toEqual([7, 0]);
  expect(divided(101, [3, 5, 7, 11]).reduce((a, b) => a + b, 0)).toBe(101);
});

describe('a value', () => {
  const model = modelOf(dense);

  it('says what it is made of, and its gradient', () => {
    expect(explainValue(model, 'p')).toMatchObject({
      kind: 'value',
      type: '[batch, 20]',
      source: 'net.nn:6 dense',
      formula: 'a @ p.dense.W + p.dense.b',
      inputs: ['x'],
      readers: ['loss'],
      gradient: expect.stringMatching(/^∂loss\/∂p = .*p - y/),
    });
    const weight = explainValue(model, 'h.dense.W');
    expect(weight).toMatchObject({ kind: 'parameter', type: '[60, 80]', trained: true, readers: ['h'] });
    expect(weight?.gradient).toMatch(/^∂loss\/∂h\.dense\.W = xᵀ /);
    expect(explainValue(model, 'x')?.formula).toBeUndefined();
  });

  it('is found near a misspelt name', () => {
    expect(explainValue(model, 'q')).toBeUndefined();
    expect(nearestValue(model, 'h.dense.w')).toBe('h.dense.W');
    expect(nearestValue(model, 'dense.b')).toBe('h.dense.b');
  });
});

describe('lines', () => {
  const source = { file: 'folder/net.nn', text: dense };

  it('lead to kernels, at the lines at which compile writes them', async () => {
    const [made] = makePrograms(source, { target: 'ts' }).programs;
    const { code = '' } = await compile(source);
    expect(linesWithKernels(made.program, 'net.nn')).toEqual([4, 5, 6, 7, 9]);
    const found = kernelsOfLine(made.program, await generatedOf(made), { file: 'net.nn', line: 7 });
    expect(found.map(({ kernel }) => kernel.name)).toContain('loss');
    const lines = code.split('\n');
    for (const { kernel, text, own } of found) {
      expect(lines[(text?.from ?? 0) - 1]).toMatch(new RegExp(`^function ${kernel.name.replaceAll('.', '_')}\\(`));
      expect(lines[(text?.to ?? 0) - 1]).toBe('}');
      for (const { from, to } of own) expect([from, to].every((n) => n >= (text?.from ?? Infinity))).toBe(true);
    }
    expect(found.some(({ own }) => own.length > 0)).toBe(true);
  });

  it('lead to functions of WebAssembly text', async () => {
    const [made] = makePrograms(source, { target: 'wasm' }).programs;
    const generated = await generatedOf(made);
    const found = kernelsOfLine(made.program, generated, { file: 'net.nn', line: 7 });
    const lines = generated.code.split('\n');
    for (const { kernel, text } of found)
      expect(lines[(text?.from ?? 0) - 1]).toMatch(new RegExp(`^ {2}\\(func .*;; ${kernel.name} net\\.nn:\\d+$`));
  });

  it.each(['ts', 'wgsl', 'wasm'] as const)('of a module for %s lead back, by its comments', async (target) => {
    const { code = '', program } = await compile(source, { target });
    expect(headOf(code)).toMatchObject({ file: 'net.nn' });
    expect(headOf(code)?.lines[3]).toBe('  h = x |> dense(80)');
    const kernels = new Map((program?.kernels ?? []).map((kernel) => [kernel.name.replaceAll('.', '_'), kernel]));
    const lines = code.split('\n');
    if (target === 'wasm') {
      for (const kernel of program?.kernels ?? []) {
        const at = lines.indexOf(`// ${kernel.name}`);
        expect(commentsAt(code, at + 2)?.sources).toEqual(kernel.provenance.sources);
      }
      return;
    }
    const texts = kernelTexts(code, kernels);
    expect(texts.length).toBe(program?.kernels.length);
    for (const { kernel, from, to } of texts)
      for (const line of [from - 1, from, to]) {
        const found = commentsAt(code, line);
        expect(found?.sources, `${kernel.name}: ${lines[line - 1]}`).toEqual(kernel.provenance.sources);
      }
    expect(commentsAt(code, lines.findIndex((line) => line.includes('function createTrainer(')) + 1)).toBeUndefined();
  });
});
