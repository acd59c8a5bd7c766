// The parts of the page that `nnc grad` writes: copies printed once, numbers as tables and heat maps, gradients beside differences.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { numbersOf, type At } from '../../src/inspect/derivation/numbers.js';
import { isCotangent, type Step } from '../../src/inspect/derivation/data.js';
import { layersOf } from '../../src/inspect/print/copies.js';
import { codeOf } from '../../src/inspect/print/html/code.js';
import { leavesOf } from '../../src/inspect/print/html/terms.js';
import { printValues } from '../../src/inspect/print/html/values.js';
import { printDerivationPage } from '../../src/inspect/print/html/page.js';

const deep = `model deep {
  input x: [batch, 3]
  h = x |> repeat(4, dense(3) >> tanh)
  output h
  loss = mean(h^2)
  train { optimizer = sgd(lr = 0.1) }
}`;

function modelOf(text: string) {
  const { model } = check({ file: 'deep.nn', text });
  if (!model) throw new Error('the model does not compile');
  return model;
}

it('what a loop reads from outside is listed by the name that its formulas have', () => {
  const text = 'model loops { input x: [batch, 4, 2]  h = x |> gru(3)  loss = mean(h^2) }';
  const model = modelOf(text);
  const names = leavesOf(derivationOf(model), model, 'i').map(({ name }) => name);
  expect([...names].sort()).toEqual(['x', ...model.parameters.map(({ name }) => name)].sort());
});

it.each([
  ['activations', 'h = x |> dense(64) |> gelu |> dense(64) |> gelu_erf |> dense(64) |> silu'],
  ['a block', 'h = x |> dense(64) |> layer_norm |> dense(64)'],
  ['a loop', 'h = reshape(x, [batch, 4, 2]) |> gru(8) |> lstm(6)'],
])('every line has a kernel: %s', async (_, layers) => {
  const model = modelOf(`model m {
  input x: [batch, 8]
  ${layers}
  loss = mean(h^2)
  train { optimizer = sgd(lr = 0.1) }
}`);
  const { forward, backward, parameters } = derivationOf(model);
  const open = (steps: readonly Step[]): Step[] =>
    steps.flatMap((step) => [step, ...(step.loop ? open(step.loop.body) : [])]);
  const code = await codeOf(model, (parameter) => [parameter]);
  const steps = open([...forward, ...backward, ...parameters]).filter(({ node }) => node);
  expect(steps.length).toBeGreaterThan(8);
  expect(steps.filter((step) => code.kernelsOf(step).length === 0).map(({ name }) => name)).toEqual([]);
});

it('every line can have the focus, as a wide one scrolls', async () => {
  const source = deep.replace('sgd(lr = 0.1)', 'sgd(lr = 0.1), clip_norm = 1.0');
  const model = modelOf(source);
  const page = await printDerivationPage(model, derivationOf(model), { source });
  const all = [...page.matchAll(/<li id="t\d+"([^>]*)>(.*?)<\/li>/gs)];
  const lines = all.filter(([, , inner]) => inner.includes('<mo'));
  expect(lines.some(([, attributes]) => attributes.includes('tabindex="0"'))).toBe(true);
  for (const [line, attributes, inner] of lines)
    expect(attributes.includes('tabindex="0"') || /<a |<summary/.test(inner), line).toBe(true);
});

describe('copies of a layer', () => {
  const { forward, parameters } = derivationOf(modelOf(deep));
  const numberOf = (name: string): number => Number(/(\d+)/.exec(name)?.[1]);

  it('are one line where they agree, which stands for the step of each', () => {
    const layer = layersOf(parameters, 'i').find(({ copies }) => copies.length > 1);
    expect(layer?.copies).toEqual([0, 1, 2, 3]);
    const weights = layer?.lines.filter(({ step }) => step.name.endsWith('.W')) ?? [];
    const stood = weights.flatMap(({ steps }) => steps.map(({ name }) => numberOf(name)));
    expect([...stood].sort()).toEqual([0, 1, 2, 3]);
    expect(weights.map(({ only }) => only)).toEqual([undefined]);
    // The first reads x, which is no copy's name.
    expect(layer?.ends).toEqual([{ inside: 'tanh[-1]', outside: 'x', first: true }]);
  });

  it('are told apart where they are not merged', () => {
    const merged = layersOf(forward, 'i').flatMap(({ lines }) => lines);
    const all = layersOf(forward).flatMap(({ lines }) => lines);
    expect(all.length).toBe(forward.length);
    expect(merged.length).toBeLessThan(all.length);
    expect(merged.flatMap(({ steps }) => steps).length).toBe(forward.length);
  });
});

describe('numbers', () => {
  it('up to 8×8 are a table', () => {
    const text = printValues('a', { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, 2);
    expect([...text.matchAll(/<td>([^<]*)/g)].map(([, cell]) => cell)).toEqual([
      '1.0',
      '2.0',
      '3.0',
      '4.0',
      '5.0',
      '6.0',
    ]);
    expect(text).not.toContain('<img');
  });

  it('beyond are a bitmap of 32×32 means at most, with their extremes', () => {
    const data = Array.from({ length: 64 * 64 }, (_, i): number => (i < 32 * 64 ? -2 : 1));
    data[70] = -3;
    data[4095] = 5;
    const text = printValues('a', { shape: [64, 64], data }, 3);
    expect(text).toContain('smallest -3.00 at [1, 6], largest 5.00 at [63, 63]');
    const bytes = Uint8Array.from(atob(/base64,([^"]*)/.exec(text)?.[1] ?? ''), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    expect([view.getInt32(18, true), view.getInt32(22, true), view.getUint16(28, true)]).toEqual([32, 32, 4]);
    // The last row of the matrix is the first of the file: above zero, and the first of the matrix below.
    const [last, first] = [bytes[118] >> 4, bytes[118 + 31 * 16] >> 4];
    expect(last).toBeGreaterThan(7);
    expect(first).toBeLessThan(7);
  });
});

describe('with numbers', () => {
  const model = modelOf(deep);
  const derivation = derivationOf(model);
  const data = (n: number, by: number): number[] => Array.from({ length: n }, (_, i) => Math.fround(Math.sin(by + i)));
  const tensors = model.parameters.map(({ name }, i): [string, number[]] => [
    name,
    data(name.endsWith('W') ? 9 : 3, i),
  ]);
  const at: At = {
    name: 'init',
    inputs: { x: data(6, 7) },
    tensors: new Map(tensors),
    sizes: { batch: 2 },
    counts: { update: 1, draw: 0, seed: 1 },
  };
  const numbers = numbersOf(model, derivation, at);

  it('gradients agree with central differences in their largest elements', () => {
    for (const step of derivation.parameters.filter(isCotangent)) {
      const slopes = numbers.slopesOf(step);
      expect(slopes.length).toBe(step.name.endsWith('W') ? 5 : 3);
      const largest = Math.max(...(numbers.valuesOf(step)?.data ?? []).map(Math.abs));
      expect(Math.abs(slopes[0].gradient)).toBe(largest);
      for (const { gradient, difference, kink } of slopes) {
        expect(kink).toBe(false);
        expect(Math.abs(gradient - difference)).toBeLessThan(1e-8 * largest);
      }
    }
  });

  it('the page has them', async () => {
    const page = await printDerivationPage(model, derivation, { source: deep, numbers, at: 'init' });
    expect(page).toContain('numbers at init');
    expect(page.split('central differences').length - 1).toBe(8);
  });
});
