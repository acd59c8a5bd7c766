// Results put together of parts: the same numbers whatever the lengths of the parts, and vectors where they are alike.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import { visitStatements } from '../../src/ir/statements.js';
import { agree } from '../support/agree.js';

/** A model whose hidden values are cut into parts of these widths, each of which goes through a function of its own. */
function modelOf(widths: readonly number[]): string {
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 0));
  const width = widths.reduce((a, b) => a + b, 0);
  const parts = widths.map((n, i) => `${['sin', 'tanh', 'exp', 'relu'][i % 4]}(h[:, ${starts[i]}:${starts[i] + n}])`);
  return `
model m {
  input x: [batch, 3]
  h = x |> dense(${width})
  mixed = concat([${parts.join(', ')}], axis = 1)
  output p = mixed * mixed |> dense(2)
  loss = mean(p^2)
  train { optimizer = sgd(lr = 0.1) }
}
`;
}

const inputs = (rows: number, seed: number) => ({
  x: Float32Array.from({ length: 3 * rows }, (_, i) => Math.fround(Math.sin(1.3 * i + seed))),
});

/** How many kernels of a program choose between values. */
function choosing(text: string): number {
  const { model } = check({ file: 'm.nn', text });
  if (!model) throw new Error('the model is right');
  return programOf(model, 'ts').kernels.filter(({ body }) => {
    let chooses = false;
    visitStatements(body, {
      scalar(value) {
        if (value.kind === 'apply' && value.op === 'select') chooses = true;
      },
    });
    return chooses;
  }).length;
}

describe('parts side by side', () => {
  it.each([[[8, 8, 8, 8]], [[4, 12]], [[8, 4, 4]], [[5, 3]], [[1, 40]], [[64, 64, 64, 64, 64, 64, 64, 64, 64]]])(
    'of lengths %j',
    async (widths) => {
      await agree({ text: modelOf(widths), inputs }, 3);
    },
  );

  it('are told apart by no element where they are few and alike', () => {
    expect(choosing(modelOf([8, 8]))).toBe(0);
    expect(choosing(modelOf([51, 30]))).toBeGreaterThan(0);
  });
});
