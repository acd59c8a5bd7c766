// Derivations of models with loops: every line speaks of what stands above it, loops stand one after another, and nested ones have letters of their own.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import type { Derivation, Step } from '../../src/inspect/derivation/data.js';
import { derivationOf, type DerivationOptions } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { partsOf, type Formula } from '../../src/ir/formula/tree.js';

function derived(body: string, options?: DerivationOptions): Derivation {
  const { model, diagnostics } = check({ file: 'm.nn', text: `model m(T = 4) {\n${body}\n}\n` });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return derivationOf(model, options);
}

const recurrent = (layer: string): string => `input x: [batch, T, 3]
input y: [batch, T, 3]
p = x |> ${layer}(3)
loss = mean((p - y)^2)`;

const withGradInside = `input x: [batch, T, 3]
param W: [3, 3] = 0.1
u = scan xt in x along T, h = zeros([batch, 3]) {
  h := tanh(h @ W + xt)
  emit h
}
loss = mean(u^2) + mean(grad(sum(u^2), x)^2)`;

const nested = `input x: [batch, T, 5, 3]
param W: [3, 3] = 0.1
u = scan xt in x along T, h = zeros([batch, 3]) {
  v = scan xs in xt along 1, g = h {
    g := tanh(g @ W + xs)
    emit g
  }
  h := h + sum(v^2, axis = 1)
  emit h
}
loss = mean(u^2)`;

const models: readonly (readonly [string, string, DerivationOptions])[] = [
  ['rnn', recurrent('rnn'), {}],
  ['lstm', recurrent('lstm'), {}],
  ['a nested scan', nested, {}],
  ['rnn, twice', recurrent('rnn'), { order: 2 }],
  ['gru, twice', recurrent('gru'), { order: 2 }],
  ['lstm, twice', recurrent('lstm'), { order: 2 }],
  ['a gradient of a scan', withGradInside, {}],
];

const twiceNested = ['a nested scan, twice', nested, { order: 2 }] as const;

const all = ({ forward, backward, parameters }: Derivation): readonly Step[] => [
  ...forward,
  ...backward,
  ...parameters,
];

/** Inputs, parameters and sizes of the models above, and the vectors of second derivatives. */
const given = /^([xyW]|batch|v_\w+|p\.\w+\.\w+)$/u;

/** The names in a formula that stand for what is computed. */
function computed(formula: Formula): string[] {
  if (formula.kind !== 'name') return partsOf(formula).flatMap(computed);
  const text = printFormula(formula, 'math');
  return given.test(text) ? [] : [text];
}

/** What a line defines, without its positions. */
function definedBy({ left }: Pick<Step, 'left'>): string {
  return printFormula(left.kind === 'index' ? left.of : left, 'math');
}

/** Of each name that no line above defines, the line that speaks of it. */
function unknownIn(steps: readonly Step[], known: Set<string>): string[] {
  const unknown: string[] = [];
  const read = (formula: Formula, by: string): void => {
    for (const name of computed(formula)) if (!known.has(name)) unknown.push(`${name} in ${by}`);
  };
  for (const step of steps) {
    const { loop, formula } = step;
    const own = definedBy(step);
    if (loop) {
      for (const start of loop.starts) read(start.formula, definedBy(start));
      for (const start of loop.starts) known.add(definedBy(start));
      unknown.push(...unknownIn(loop.body, known));
    } else {
      read(formula, own);
      known.add(own);
    }
  }
  return unknown;
}

/** The letters of loops, each after those of the loops around it. */
function lettersOf(steps: readonly Step[], around: readonly string[] = []): string[][] {
  return steps.flatMap(({ loop }) => {
    if (!loop) return [];
    const letters = [...around, loop.letter];
    return [letters, ...lettersOf(loop.body, letters)];
  });
}

describe('rows of what loops compute', () => {
  it.each([
    ['rnn, twice', recurrent('rnn'), { order: 2 }],
    ['a gradient of a scan', withGradInside, {}],
  ] as const)('%s: have as many indices as axes, and are turned once at most', (_, body, options) => {
    const text = printText(derived(body, options));
    expect(text).not.toMatch(/::-1, :, :\]\[::-1/);
    expect(text).toContain('· ∂loss/∂part_h[3 - t - 1, b, k]');
    // A matrix of each round.
    for (const [, indices] of text.matchAll(/[\w∂/]+\[([^\]:]+)\]/gu))
      expect(indices.split(',').length).toBeLessThanOrEqual(3);
  });
});

describe('loops of a derivation', () => {
  it.each(models)('%s: each line speaks of inputs, of parameters and of what stands above it', (_, body, options) => {
    expect(unknownIn(all(derived(body, options)), new Set())).toEqual([]);
  });

  it.each([...models, twiceNested])(
    '%s: loops stand in one another as in the model, with letters of their own',
    (name, body, options) => {
      const letters = lettersOf(all(derived(body, options)));
      expect(Math.max(...letters.map(({ length }) => length))).toBe(name.startsWith('a nested scan') ? 2 : 1);
      for (const each of letters) expect(new Set(each).size).toBe(each.length);
    },
  );
});
