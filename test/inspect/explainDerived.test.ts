// `nnc explain FILE NAME` of what `nnc grad` alone has names for: whatever stands left of an equals sign is explained.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { explainValue, valuesNamed } from '../../src/inspect/explain/value.js';
import { printModel } from '../../src/inspect/print/nn.js';
import { printText } from '../../src/inspect/print/text.js';
import type { ModelGraph } from '../../src/ir/model.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = readdirSync(`${root}examples`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.nn'))
  .map((name) => `examples/${name}`)
  .filter((file) => /^ *loss\b/m.test(readFileSync(root + file, 'utf8')));

function modelOf(file: string): ModelGraph {
  const { model } = check({ file, text: readFileSync(root + file, 'utf8') });
  if (!model) throw new Error(`${file} is wrong`);
  return model;
}

/** What stands left of =, ← and ~ in lines of mathematics: names have no spaces but within their positions. */
function leftSides(text: string): string[] {
  return text.split('\n').flatMap((line) => /^ *((?:\[[^\]]*\]|[^\s=←~[])+?) *[=←~](?: |$)/u.exec(line)?.[1] ?? []);
}

describe('every name that nnc grad defines is explained', () => {
  it.each(files)(
    '%s',
    (file) => {
      const [model, asked] = [modelOf(file), modelOf(file)];
      const known = valuesNamed(asked);
      const derivation = derivationOf(model);
      const told = leftSides(printText(derivation).replace(/^for .*$/gm, ''));
      const asModel = printModel(model, derivation).split('\n');
      const words = asModel.flatMap(
        (line) => /^ *(?:output )?([\p{L}\p{N}_, ]+) :?= /u.exec(line)?.[1].split(', ') ?? [],
      );
      expect(told.length).toBeGreaterThan(3);
      expect(words.length).toBeGreaterThan(0);
      const unexplained = [...new Set([...told, ...words])].filter(
        (name) => !['axis', 'stride'].includes(name) && !known.has(name) && !explainValue(asked, name),
      );
      expect(unexplained).toEqual([]);
    },
    120_000,
  );
});

describe('a derived value', () => {
  const textbook = modelOf('examples/textbook/textbook.nn');

  it.each(['δ_a2', 'delta_a2'])('is explained as %s: shape, formula, what it is made of, rule', (name) => {
    expect(explainValue(textbook, name)).toMatchObject({
      name,
      kind: 'cotangent',
      type: '[batch, 3]',
      source: 'textbook.nn:11 sigmoid',
      equation: 'δ_a2 = ∂loss/∂a2 ⊙ a2 ⊙ (1 - a2)',
      reads: ['∂loss/∂a2', 'a2'],
      inputs: ['x', 'y'],
      readers: ['∂loss/∂W2', '∂loss/∂b2'],
      rules: [{ rule: 'd σ(u) = σ(u) ⊙ (1 - σ(u)) ⊙ du', upstream: '∂loss/∂a2', local: 'a2 ⊙ (1 - a2)' }],
    });
  });

  it('that is an argument of an activation leads to its delta', () => {
    expect(explainValue(textbook, 'z_a2')).toMatchObject({
      kind: 'value',
      equation: 'z_a2 = x W2 + b2',
      readers: ['a2'],
      gradient: 'δ_a2 = ∂loss/∂a2 ⊙ a2 ⊙ (1 - a2)',
    });
  });

  it('of a loop says of which, with or without its position', () => {
    const gru = modelOf('examples/gru/gru.nn');
    const found = explainValue(gru, 'δ_remember_z[t]');
    expect(found).toMatchObject({ type: '[batch, 256]', within: ['for t = 63, …, 0'] });
    expect(found?.parameters).toContain('foresee.W');
    expect(explainValue(gru, 'delta_remember_z')?.equation).toBe(found?.equation);
  });

  it('that no line defines is unknown', () => {
    expect(explainValue(textbook, 'delta_a4')).toBeUndefined();
  });
});
