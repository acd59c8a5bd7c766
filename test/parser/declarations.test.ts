// Declarations and statements: their forms, their comments, and words that are names.
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/parser/parse.js';
import { printStatement, printType } from '../../src/parser/print.js';
import type { Declaration } from '../../src/parser/tree.js';

function only(text: string): Declaration {
  const { file, diagnostics } = parse({ file: 'a.nn', text });
  expect(diagnostics).toEqual([]);
  expect(file.declarations).toHaveLength(1);
  return file.declarations[0];
}

describe('definitions', () => {
  it('in one step', () => {
    const f = only('fn f(x: [..., n], k = 2) -> [..., n] = x * k');
    expect(f).toMatchObject({ kind: 'fn', parameters: [{ name: { name: 'x' } }, { default: { kind: 'number' } }] });
    expect(f).not.toHaveProperty('configuration');
  });

  it('in two steps, with several results', () => {
    const f = only('layer f(units,)(x: index(V)[...], m: bool,) -> [T, 2 * d], f32 {\n  return x, m\n}');
    if (f.kind !== 'layer') throw new Error('not a layer');
    expect(f.configuration?.map(({ name }) => name.name)).toEqual(['units']);
    expect(f.parameters.map(({ type }) => type && printType(type))).toEqual(['index(V)[...]', 'bool']);
    expect(f.result?.map(printType)).toEqual(['[T, 2 * d]', 'f32']);
    expect(f.body.statements.map(printStatement)).toEqual(['return x, m']);
  });

  it('a gradient gives a value for each argument', () => {
    const g = only('gradient f(x, y, d) = d, 2 * d');
    expect(g.kind === 'gradient' && g.body.statements.map(printStatement)).toEqual(['return d, 2 * d']);
  });
});

it.each([
  'param W: [3 * n, units] ~ glorot_uniform()',
  'frozen param k: f32 = 1',
  'state m: [] = 0',
  'slot v = 0',
  'a, b = split(x, 2, axis = -1)',
  'a := a + 1',
  'input label: index(10)[batch]',
  'output y',
  'output y = x',
  'loss = x',
  'loss extra = x',
  'metric accuracy = mean(x == y)',
  'train { optimizer = sgd(lr = 0.1), optimizer "*.b", "*.scale" = adamw(), freeze = ["a.*"] }',
  'require 0 <= rate and not rate == 1, "a \\"share\\""',
  'require = 2',
  'require := require + 1',
  'require, a = split(require, 2)',
  'return h, c',
  'emit a, b',
  // The words that begin statements, as names.
  'input = 3',
  'state := state + param',
  'output, loss = metric(train)',
  'return = emit',
  'next = scan + in',
])('%s', (text) => {
  const model = only(`model m {\n  ${text}\n}`);
  expect(model.kind === 'model' && model.body.map(printStatement)).toEqual([text]);
});

it.each([
  ['optimizer = sgd(lr = 0.1), batch = 4, epochs = 2'],
  ['optimizer = sgd(lr = 0.1)\n    batch = 4\n    epochs = 2'],
  ['optimizer = sgd(lr = 0.1),\n    batch = 4\n    epochs = 2,'],
  ['\n    optimizer = sgd(lr = 0.1), batch = 4, // of rows\n\n    epochs = 2\n  '],
])('settings are apart by commas or line ends: %j', (settings) => {
  const model = only(`model m {\n  train {${settings}}\n  train critic { ${settings.trim()} }\n}`);
  const whole = 'optimizer = sgd(lr = 0.1), batch = 4, epochs = 2';
  expect(model.kind === 'model' && model.body.map(printStatement)).toEqual([
    `train { ${whole} }`,
    `train critic { ${whole} }`,
  ]);
});

it.each([', batch = 4', 'batch = 4,, epochs = 2', 'batch = 4\n    , , epochs = 2'])(
  'no comma is one too many: %j',
  (settings) => {
    const { diagnostics } = parse({ file: 'a.nn', text: `model m {\n  train { ${settings} }\n}` });
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['unexpected-token', 'expected a setting, found ,'],
    ]);
  },
);

it('comments of three slashes belong to what is below them', () => {
  const { file } = parse({
    file: 'a.nn',
    text: '/// One.\n/// Two.\nfn f(x) {\n  /// Inner.\n  a = x // not this\n  b = a /// nor this\n  return b\n}\n\n/// Lost.\n\nc = 1\n',
  });
  const [f, c] = file.declarations;
  expect(f.doc).toBe('One.\nTwo.');
  expect(f.kind === 'fn' && f.body.statements.map(({ doc }) => doc)).toEqual(['Inner.', undefined, undefined]);
  expect(c.doc).toBeUndefined();
});

it('what is sound beside a fault is kept', () => {
  const { file, diagnostics } = parse({
    file: 'a.nn',
    text: 'model m {\n  a = (1\n  b = 2\n  c = )\n  d = 4\n}\ne = 5',
  });
  expect(diagnostics).toHaveLength(2);
  expect(file.declarations).toMatchObject([
    { kind: 'model', body: [{ names: [{ name: 'b' }] }, { names: [{ name: 'd' }] }] },
    { kind: 'constant' },
  ]);
});
