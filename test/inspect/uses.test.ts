// Later uses of a layer, told by the first.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import type { Derivation } from '../../src/inspect/derivation/data.js';
import { printLatex } from '../../src/inspect/print/latex.js';
import { printText } from '../../src/inspect/print/text.js';

function derived(body: string, before = ''): Derivation {
  const { model, diagnostics } = check({
    file: 'm.nn',
    text: `${before}model m {\ninput x: [batch, 4]\ninput y: [batch, 2]\n${body}\nloss = mse(h |> dense(2), y)\n}\n`,
  });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return derivationOf(model);
}

/** The lines of a section of the text without their comments, those that are broken put together. */
function told(text: string, section: string): string[] {
  const [, after = ''] = text.split(`// ${section}`);
  const lines = after.split('\n\n')[0].split('\n').slice(1);
  return lines
    .map((line) => line.replace(/ *\/\/ .*$/, ''))
    .join('\n')
    .replace(/\n {4,}/g, ' ')
    .split('\n');
}

const normalised = `h = x |> dense(4) |> layer_norm |> relu |> dense(4) |> layer_norm |> relu |> dense(4) |> layer_norm`;

describe('a layer that is used again', () => {
  it('is told by its first use, with the names that differ', () => {
    const text = printText(derived(normalised));
    expect(told(text, 'forward')).toEqual(
      expect.arrayContaining([
        'h_layer_norm_2 as h_layer_norm, with h_dense_2 for h_dense, z_h_relu_2 for z_h_relu',
        'h_layer_norm_3 as h_layer_norm, with h_dense_3 for h_dense, h for z_h_relu',
      ]),
    );
    expect(text.match(/^h_layer_norm(_\d)?_centred +=/gm)).toHaveLength(1);
    expect(told(text, 'cotangents, by the chain rule')).toContain(
      'h_layer_norm_2 as h_layer_norm_3, with δ_h_relu_2 for ∂loss/∂h, ∂loss/∂h_dense_2 for ∂loss/∂h_dense_3',
    );
  });

  it('is told so within and after copies of a layer', () => {
    const text = printText(derived('h = x |> repeat(3, dense(4) >> layer_norm >> tanh >> layer_norm) |> layer_norm'));
    expect(told(text, 'forward')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ {2}layer_norm_2 as layer_norm, with tanh for dense/),
        expect.stringMatching(/^h_layer_norm as layer_norm, with .* for dense/),
      ]),
    );
  });

  it('is spelled out where its formulas are others', () => {
    const text = printText(derived('h = x |> dense(4) |> layer_norm |> relu |> layer_norm(eps = 0.5)'));
    expect(text).not.toMatch(/^\S+ as /m);
    // Two values in one use are one in the other.
    const mixed = (first: string, second: string): string =>
      printText(
        derived(
          `${first}\n${second}\nh = p + q`,
          `fn mixed(a, b) {
u = (a * sigmoid(b) + tanh(a) * cos(b) + sin(a)) / sqrt(1 + a^2)
v = (u * sigmoid(a) + tanh(u) * cos(b) + sin(b)) / sqrt(1 + u^2)
return u * v + v^2 * sin(u)
}
`,
        ),
      );
    expect(mixed('p = mixed(x, 2 * x)', 'q = mixed(p, 2 * p)')).toMatch(/^q as p, with p for x/m);
    expect(mixed('p = mixed(x, x)', 'q = mixed(p, x)')).not.toMatch(/^q as p/m);
  });

  it('has a line of its own for each gradient', () => {
    const lines = told(printText(derived(normalised)), 'gradients');
    expect(lines.filter((line) => /^∂loss\/∂h\.layer_norm\S* +=/.test(line))).toHaveLength(6);
  });

  it('is spelled out with its rules and in the language', () => {
    const derivation = derived(normalised);
    for (const options of [{ steps: true }, { style: 'nn' }] as const)
      expect(printText(derivation, options)).not.toMatch(/ as h_layer_norm/);
  });

  it('is told so in LaTeX', () => {
    const text = printLatex(derived(normalised));
    expect(text).toContain('\\text{ as }');
    expect(text.match(/\\text\{with \}/g)).toHaveLength(4);
  });
});
