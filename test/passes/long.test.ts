// Models of thousands of operations in a row, and of values that use others twice: they compile for every target, and in time.
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { plainly } from '../support/runnable.js';

const model = (body: string, before = ''): string =>
  `${before}model m {\n  input x: [batch, 4]\n  param W: [4, 4] ~ normal(std = 0.1)\n  ${body}\n  loss = mean((y @ W)^2)\n}\n`;

describe.each(['ts', 'wasm', 'wgsl'] as const)('%s', (target) => {
  it.each([
    // Written out, the formula of the last would be of 2¹⁰⁰ terms.
    ['100 squares of sums', model('y = x |> repeat(100, f)', 'fn f(x) = 0.1 * x * x + sin(x)\n')],
    ['1,000 absolute values', model('y = x |> repeat(1000, f)', 'fn f(x) = abs(x) * 0.5 - x\n')],
  ])('%s', { timeout: 120_000 }, async (_, text) => {
    // Texts for readers are laid out in one way.
    const source = { file: 'm.nn', text };
    const { code, diagnostics } = await (target === 'ts' ? compile(source) : plainly(source, { target }));
    expect(diagnostics).toEqual([]);
    expect(code?.length).toBeGreaterThan(10_000);
    expect(code?.length).toBeLessThan(3_000_000);
  });
});

it('the place of a model that is too large is its name', async () => {
  const text = model(
    'y = x @ W\n  z = softmax(sum(y, axis = 1, keep = true) * f32(range(60000))[none, :])\n  metric large = mean(z @ transpose(z))',
  );
  const { diagnostics } = await compile({ file: 'm.nn', text }, { memoryLimit: 1e-6 });
  const found = diagnostics.find(({ code }) => code === 'model-too-large');
  expect(found?.labels[0].span).toEqual({ file: 'm.nn', start: 6, end: 7 });
});
