// What binds to what, and where an expression ends.
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/parser/parse.js';
import { print } from '../../src/parser/print.js';
import type { Expression } from '../../src/parser/tree.js';

/** Everything in parentheses. */
function grouped(expression: Expression): string {
  switch (expression.kind) {
    case 'binary':
      return `(${grouped(expression.left)} ${expression.operator} ${grouped(expression.right)})`;
    case 'unary':
      return `(${expression.operator} ${grouped(expression.operand)})`;
    case 'if':
      return `(if ${grouped(expression.condition)} then ${grouped(expression.then)} else ${grouped(expression.else)})`;
    default:
      return print(expression);
  }
}

function valueOf(text: string): Expression {
  const { file, diagnostics } = parse({ file: 'a.nn', text: `a = ${text}` });
  expect(diagnostics).toEqual([]);
  const [declaration] = file.declarations;
  if (declaration.kind !== 'constant') throw new Error('not a constant');
  expect(file.declarations).toHaveLength(1);
  return declaration.value;
}

describe('precedence', () => {
  it.each([
    ['a + b * c', '(a + (b * c))'],
    ['a * b + c', '((a * b) + c)'],
    ['a - b - c', '((a - b) - c)'],
    ['a / b * c @ d', '(((a / b) * c) @ d)'],
    ['a ^ b ^ c', '(a ^ (b ^ c))'],
    ['-a ^ b', '(- (a ^ b))'],
    ['2^-1', '(2 ^ (- 1))'],
    ['2^-1^2', '(2 ^ (- (1 ^ 2)))'],
    ['2^-3 * 4', '((2 ^ (- 3)) * 4)'],
    ['-a @ b', '((- a) @ b)'],
    ['a * -b', '(a * (- b))'],
    ['a - -b', '(a - (- b))'],
    ['a + b == c * d', '((a + b) == (c * d))'],
    ['not a == b and c or d', '(((not (a == b)) and c) or d)'],
    ['a and not b', '(a and (not b))'],
    ['not not a', '(not (not a))'],
    ['a or b and c', '(a or (b and c))'],
    ['a >> b or c', '(a >> (b or c))'],
    ['x |> f >> g |> h', '((x |> (f >> g)) |> h)'],
    ['x |> dense(3) + 1', '(x |> (dense(3) + 1))'],
    ['if a then b else c + d', '(if a then b else (c + d))'],
    ['if a then b else c |> f', '(if a then b else (c |> f))'],
    ['if a then if b then c else d else e', '(if a then (if b then c else d) else e)'],
    ['(if a then b else c) + d', '((if a then b else c) + d)'],
    ['(a + b) * c', '((a + b) * c)'],
    ['x[0]^2', '(x[0] ^ 2)'],
    ['-f(x)[1:]', '(- f(x)[1:])'],
  ])('%s', (text, expected) => expect(grouped(valueOf(text))).toBe(expected));
});

describe('lines', () => {
  it('a line that begins with an operator goes on', () => {
    expect(grouped(valueOf('x\n  |> f\n  + 1\n  - 2'))).toBe('(x |> ((f + 1) - 2))');
  });

  it('brackets apply only to what stands on their line', () => {
    const { file, diagnostics } = parse({ file: 'a.nn', text: 'model m {\n  a = x\n  [b] = 3\n}' });
    expect(diagnostics.map(({ code }) => code)).toEqual(['unexpected-token']);
    expect(file.declarations).toMatchObject([{ kind: 'model', body: [{ kind: 'binding', value: { kind: 'name' } }] }]);
  });

  it('spans take in parentheses that open an expression', () => {
    const { span } = valueOf('(a + b) * c');
    expect([span.start, span.end]).toEqual([4, 15]);
  });
});

describe('forms', () => {
  it.each([
    'x[..., 1:]',
    'x[:, none, :]',
    'x[::2]',
    'x[:-1, ids]',
    'f(a, b, axis = 1)',
    'dense(8)(x)',
    'csv("a b.csv", image = 0..63, label = ["x", "y"])',
    '[[1, 2.5], [0.001, -4]]',
    'true and training',
    'scan xt in x, mt in mask along T backwards, h = zeros([batch, 3]), c = 0 { h := h + xt c := c emit h, c }',
    'scan i in range(20), z = 0 { z := z^2 emit z }',
    'loss + input * metric[state]',
    'W₁ @ σ(δ) + ŷ',
    'f(next = 1, if a then b else c)',
  ])('%s', (text) => {
    const { file } = parse({ file: 'a.nn', text: `a = ${text}` });
    const [declaration] = file.declarations;
    expect(declaration.kind === 'constant' && print(declaration.value)).toBe(text);
  });
});
