// The rule of a derivative that an op's record states is true: against the derivative that the op has.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { ops } from '../../src/ir/ops/registry.js';
import { input } from '../../src/ir/ops/leaves.js';

it('every op that can be differentiated states one', () => {
  expect(ops.filter(({ vjp, rule, kind }) => (vjp ?? kind === 'structured') && rule === undefined)).toEqual([]);
  expect(ops.filter(({ vjp, rule, kind }) => !vjp && kind !== 'structured' && rule !== undefined)).toEqual([]);
});

/** Mathematics as the language writes it; du is 1. */
function inLanguage(text: string): string {
  return text
    .replaceAll('²', '^2')
    .replaceAll('σ', 'sigmoid')
    .replaceAll('π', 'pi')
    .replace(/[⊙·]/g, '*')
    .replace(/\b1\[(.*?)\]/g, 'f32($1)');
}

const stated = ops.flatMap(({ rule }) => {
  const [, made, change] = /^d ?(\S.*?) = (.*)$/.exec(rule ?? '') ?? [];
  return made !== undefined &&
    /^[\w(+\-σ]/.test(made) &&
    /^(\(.*\)|\w+\(.*\)|σ\(u\))$/.test(made) &&
    !/Σ|scatter|alike|repeat|reshape|pad|concat|window|overlap|spread|prod|u v\)|\^|Σ|ᵀ/.test(rule ?? '') &&
    !/max\(u\)|min\(u\)/.test(made)
    ? [{ made, change }]
    : [];
});

describe('element by element', () => {
  it('there are many', () => expect(stated.length).toBeGreaterThan(14));

  it.each(stated)('$made', ({ made, change }) => {
    const of = inLanguage(made);
    const by = ['u', 'v'].filter((name) => new RegExp(`\\b${name}\\b`).test(made));
    const outputs = by.flatMap((name) => {
      const part = inLanguage(change)
        .replace(/\bd([uv])\b/g, (_, other: string) => (other === name ? '1' : '0'))
        .replace(/\bd(?=\()/g, '');
      return [`output found_${name} = grad(${of}, ${name})`, `output wanted_${name} = ${part} + 0 * u`];
    });
    const text = `model m {\n input u: [5]\n input v: [5]\n param w: f32 = 1\n loss = w^2 + sum(u * v)\n ${outputs.join('\n ')}\n}`;
    const { model, diagnostics } = check({ file: 'm.nn', text });
    expect(diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([]);
    const nodes = model?.training.outputs.map(({ node }) => node) ?? [];
    const values = { u: [0.3, 0.7, 1.1, 0.45, 0.9], v: [0.8, 0.2, 0.5, 0.6, 1.4] };
    const results = evaluate(nodes, {
      leaf: (node) => (node.op === input && node.attrs.name === 'v' ? values.v : values.u),
    });
    for (let i = 0; i < results.length; i += 2)
      results[i].forEach((v, k) => expect(v, text).toBeCloseTo(results[i + 1][k], 9));
  });
});
