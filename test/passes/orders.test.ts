// Sums over windows that lie further apart than one element: their terms are stored with positions innermost, and mean the same.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/index.js';
import { agree } from '../support/agree.js';

/** `read`: what else reads the terms. */
const textOf = (terms: string, read = ''): string => `model case {
  input x: [batch, 2, 5, 7]
  param scale: [2] = 1
  h = scale[:, none, none] * x
  ${terms}
  loss = mean(y^2)${read}
  train { optimizer = sgd(lr = 0.1), batch = 2 }
}
`;

const cases = {
  'a convolution, by data': textOf('y = h |> conv2d(3, kernel = 3, stride = 2, padding = 1)'),
  'a wide one, apart in one axis by 3': textOf('y = h |> conv2d(2, kernel = 4, stride = 3, padding = 1)'),
  transposed: textOf('y = h |> conv_transpose2d(2, kernel = 3, stride = 2)'),
};

const modelOf = (text: string) => {
  const { model } = check({ file: 'windows.nn', text });
  if (!model) throw new Error('the model is ill-formed');
  return model;
};

const ordersIn = (text: string, target: 'wasm' | 'ts' | 'wgsl'): string[] =>
  [...programOf(modelOf(text), target).memory.offsets.keys()].flatMap(({ order }) => (order ? [order.join(' ')] : []));

describe('terms of sums over windows', () => {
  it.each(Object.entries(cases))('%s: positions lie innermost where lanes go along them', async (_, text) => {
    expect(ordersIn(text, 'wasm')).toEqual(['0 1 4 5 2 3']);
    expect(ordersIn(text, 'ts')).toEqual([]);
    expect(ordersIn(text, 'wgsl')).toEqual([]);
    const inputs = (rows: number, seed: number) => ({
      x: Float32Array.from({ length: rows * 70 }, (__, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed)),
    });
    await agree({ text, inputs }, 1, { targets: ['wasm'], batches: [2] });
  });

  it('lie as they are written where windows are neighbours, or others read them', () => {
    expect(ordersIn(textOf('y = h |> conv2d(5, kernel = 3, padding = 1)'), 'wasm')).toEqual([]);
    const terms = `param W: [2, 4, 3, 3] ~ normal()
  t = einsum("bcyx,coij->boyxij", h, W)
  y = overlap_add(t, stride = 2, axis = [2, 3])`;
    expect(ordersIn(textOf(terms), 'wasm')).toEqual(['0 1 4 5 2 3']);
    expect(ordersIn(textOf(terms, ' + mean(sin(t))'), 'wasm')).toEqual([]);
    expect(ordersIn(textOf(`${terms}\n  output t`), 'wasm')).toEqual([]);
  });
});
