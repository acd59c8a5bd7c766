// What one can write is listed, all of it and nothing else: every name in scope has its line, and every line's example compiles.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import { library } from '../../src/embedded.js';
import { imported, modelOf } from '../../src/inspect/examples.js';
import { describeOperation } from '../../src/inspect/operationPage.js';
import { kinds, listOperations, nearestOperation, unsupported } from '../../src/inspect/operations.js';
import { listPrimitives } from '../../src/inspect/primitives.js';
import { createWriter } from '../../src/ir/formula.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { ops } from '../../src/ir/ops/registry.js';
import { printType } from '../../src/ir/types.js';
import { forms, otherWords } from '../../src/parser/forms.js';
import { parse } from '../../src/parser/parse.js';
import { strengthOf, type InfixOperator } from '../../src/parser/precedence.js';
import { Infix, vocabulary, words } from '../../src/parser/tokens.js';
import { builtins, builtinScope } from '../../src/passes/elaborate/builtins.js';

const listed = listOperations(library);
const names = new Set(listed.map(({ name }) => name));
const read = (path: string): string | undefined => (path === imported.path ? imported.text : undefined);

/** Calls of builtins that leave all to their defaults; name(x) where none is given. */
const withoutDefaults: Readonly<Record<string, string>> = {
  on_plateau: 'on_plateau(1e-3)',
  any: 'any(x > 0)',
  all: 'all(x > 0)',
  normal: 'normal()',
  orthogonal: 'orthogonal()',
  pad: 'pad(x, [[0, 1], [2, 3]])',
  cumsum: 'cumsum(x, 1)',
  cumprod: 'cumprod(x, 1)',
  cumlinear: 'cumlinear(x, x, 1)',
  spread_out: 'spread_out(x, [0, 2], [batch, 16])',
  window: 'window(x, 2)',
};

const defined = library.flatMap((source) =>
  parse(source).file.declarations.flatMap((d) =>
    d.kind === 'import' || d.kind === 'model' || d.kind === 'gradient' ? [] : [d.name.name],
  ),
);

describe('what can be written', () => {
  it('is every builtin that is supported, every constant and every definition of the library', () => {
    const left = new Set(unsupported());
    for (const name of [...builtinScope().names(), ...defined]) expect(names.has(name), name).toBe(!left.has(name));
  });

  it('is every word and every operator of the grammar', () => {
    for (const word of words.keys()) expect(names.has(word) || otherWords.has(word), word).toBe(true);
    for (const { PATTERN, CATEGORIES = [] } of vocabulary)
      if (CATEGORIES.includes(Infix) && typeof PATTERN === 'string') expect(names, PATTERN).toContain(PATTERN);
    const operators = forms.filter(({ name }) => /^[^\p{L}]+$/u.test(name) && name !== ':=');
    for (const { name } of operators) expect(strengthOf(name as InfixOperator), name).toBeLessThan(11);
  });

  it('is named by what it is: no internal names, one line each but for words that are functions too', () => {
    for (const { name, kind, signatures, summary } of listed) {
      expect(kinds).toContain(kind);
      if (kind !== 'syntax') expect(signatures[0]).toMatch(new RegExp(`^${name}(\\(|$)`, 'u'));
      if (kind !== 'part') expect(summary, name).toMatch(/\S\.$/);
    }
  });

  it.each(listed.filter(({ kind }) => kind !== 'part').map((o) => [o.name, o] as const))(
    '%s has an example that compiles',
    (name, { example, spot }) => {
      if (example === undefined) throw new Error(`${name} has no example`);
      const text = modelOf(example, spot);
      const { diagnostics, model } = check({ file: 'example.nn', text }, { read });
      expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
      expect(model && programOf(model, 'ts').kernels.length).toBeGreaterThan(0);
      expect(example).toContain(name === 'x[…]' ? '[' : name === 'return' ? 'return' : name);
    },
  );

  it.each(builtins.filter(({ forms: [form] }) => form.includes('=')).map((b) => [b.name, b] as const))(
    '%s has the defaults that it says',
    (name, { forms: [form], kind }) => {
      const shown = (call: string): unknown => {
        const spot = kind === 'initialiser' || kind === 'schedule' ? kind : 'expression';
        const { model, diagnostics } = check({ file: 'e.nn', text: modelOf(call, spot) });
        expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
        const result = model?.training.outputs.at(0)?.node;
        const written = result && [
          printFormula(
            createWriter(
              () => undefined,
              () => undefined,
            )(result),
          ),
          printType(result.type),
        ];
        return [written, model?.parameters.map((p) => p.initial), model?.train];
      };
      const bare = withoutDefaults[name] ?? `${name}(x)`;
      for (const [, parameter, value] of form.matchAll(/(\w+) = ([^,)]+)/g)) {
        const explicit = bare.replace(/\)$/, `, ${parameter} = ${value})`).replace('(, ', '(');
        expect(shown(explicit), explicit).toEqual(shown(bare));
      }
    },
  );
});

describe('pages', () => {
  it('show the source of definitions, and what builtins become with their derivatives', () => {
    const dense = describeOperation('dense', library);
    expect(dense).toContain('dense(units, bias = true)(x: [..., n]) -> [..., units]\nlayer, the standard library');
    expect(dense).toContain('param W: [n, units] ~ glorot_uniform()');
    expect(describeOperation('exp', library)).toContain('d_x = d_y * y');
    expect(describeOperation('one_hot', library)).toContain('y = one_hot(label)');
    expect(describeOperation('einsum', library)).toContain('d_x = einsum("bij,bj->bi", d_y, z)');
    expect(describeOperation('argmax', library)).toContain('no gradient flows through it');
    expect(describeOperation('if', library)).toContain('if CONDITION then A else B');
    expect(describeOperation('repeat', library)).toContain('result.1.dense.W');
  });

  it('are there for each name, in words of the language', () => {
    for (const { name } of listed) {
      const page = describeOperation(name, library);
      expect(page).not.toMatch(/undefined|\[object|reduceMax|toF32|contract\(/);
    }
  });

  it('are unknown by other names, which are close to one', () => {
    expect(describeOperation('frobnicate', library)).toBeUndefined();
    expect(nearestOperation('sofmax', library)).toBe('softmax');
    expect(nearestOperation('frobnicate', library)).toBeUndefined();
  });
});

describe('primitives', () => {
  it('are written as the language writes them, with their derivatives', () => {
    const uses = new Map(listPrimitives().map(({ name, use }) => [name, use]));
    expect(uses.get('mul')).toMatchObject({ formula: 'a * b', derivative: ['d_a = d_y * b', 'd_b = d_y * a'] });
    expect(uses.get('contract')?.formula).toBe('a @ b');
    expect(uses.get('reduceMax')?.formula).toBe('max(x, axis = 1)');
    expect(uses.get('toF32')?.derivative).toEqual([]);
  });

  it.each(ops.map(({ name }) => name))('%s has a page', (name) => {
    const page = describeOperation(name, []);
    expect(page).toMatch(/\S/);
    expect(page).not.toMatch(/undefined|\[object/);
  });
});
