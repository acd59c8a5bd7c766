// What holds of every text: an answer soon and never an exception; and of every expression: printing and parsing agree.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { render } from '../../src/diagnostics/render.js';
import { toJson } from '../../src/diagnostics/json.js';
import { parse } from '../../src/parser/parse.js';
import { print } from '../../src/parser/print.js';
import { bare, expression } from '../support/randomSource.js';

function check(text: string): readonly string[] {
  const sources = new Map([['a.nn', text]]);
  const { diagnostics } = parse({ file: 'a.nn', text });
  for (const diagnostic of diagnostics) {
    for (const label of diagnostic.labels) {
      expect(label.span.start).toBeGreaterThanOrEqual(0);
      expect(label.span.end).toBeGreaterThanOrEqual(label.span.start);
      expect(label.span.end).toBeLessThanOrEqual(text.length);
    }
    expect(render(diagnostic, sources).length).toBeLessThan(3000);
    toJson(diagnostic, sources);
  }
  return diagnostics.map(({ code }) => code);
}

const sample = `import { a, b } from "./x.nn"
/// What it does.
layer gru(units, bias = true)(x: [batch, T, n], start = zeros) -> [batch, T, units], f32 {
  param W: [n, 3 * units] ~ glorot_uniform()
  frozen param k: f32 = 1
  state m: [n] = 0
  require 0 < units and not (units == n), "what is \\"required\\""
  h, c = scan xt in x along T backwards, h = 0 { h := xt[..., 1:] emit h, -h^2 }
  return if training then h else c
}
gradient f(x, d) = d, 2 * d
optimizer s(lr = 0.1) { slot m = 0 w := w - lr * g }
model m(depth = 2) {
  input label: index(10)[batch]
  loss = x |> dense(3) |> relu
  loss extra = not (a == b) or c
  metric accuracy = mean(a >= b)
  output p
  train { optimizer "*.b", "*.scale" = adamw(lr = 1e-3), data = csv("a.csv", image = 0..63) }
}
`;

describe('every text has an answer', () => {
  it('none for a program without faults', () => expect(check(sample)).toEqual([]));

  it('truncated anywhere', () => {
    for (let end = 0; end < sample.length; end++) check(sample.slice(0, end));
  });

  it('any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void check(text)),
      { numRuns: 300 },
    );
  });

  it('pieces of programs in any order', () => {
    const pieces = sample.split(/(\s+|\b)/).filter((piece) => piece !== '');
    const soup = fc.array(
      fc.oneof(fc.constantFrom(...pieces), fc.constantFrom('\n', '{', '}', '(', ')', '[', ']', '=')),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(soup, (words) => void check(words.join(''))),
      { numRuns: 500 },
    );
  });

  it('a program with some characters changed', () => {
    const change = fc.tuple(fc.nat(sample.length - 1), fc.constantFrom(...'(){}[]=:,+\n"\0 x1'));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const characters = [...sample];
        for (const [at, character] of changes) characters[at] = character;
        check(characters.join(''));
      }),
      { numRuns: 300 },
    );
  });

  const deep = 10_000;
  it.each([
    ['parentheses', '('.repeat(deep)],
    ['closed parentheses', `${'('.repeat(deep)}1${')'.repeat(deep)}`],
    ['lists', '['.repeat(deep)],
    ['calls', 'f('.repeat(deep)],
    ['calls of calls', `f${'(1)'.repeat(deep)}`],
    ['signs', `${'-'.repeat(deep)}1`],
    ['negations', `${'not '.repeat(deep)}a`],
    ['powers', `1${'^2'.repeat(deep)}`],
    ['sums', `1${'+1'.repeat(deep)}`],
    ['choices', 'if a then b else '.repeat(deep)],
    ['scans', 'scan i in x { a = '.repeat(deep)],
  ])('deeply nested %s', (_, text) => {
    expect(check(`a = ${text}\nb = 1`)).toContain('nested-too-deeply');
  });

  it.each([
    ['a long line', `a = [${'1, '.repeat(100_000)}1]`, []],
    ['a long line with a fault', `a = [${'1, '.repeat(100_000)}1 2]`, ['unexpected-token']],
    ['a long unclosed line', `a = ${'[( '.repeat(100_000)}`, ['nested-too-deeply']],
    ['a long name', 'a'.repeat(1_000_000), ['unexpected-token']],
    ['nothing', '', []],
    ['a byte order mark and CRLF', '\uFEFFa = 1\r\nb = a\r\n', []],
    ['NULs', '\0\0\0', ['unexpected-character']],
  ])('%s', (_, text, codes) => {
    // What takes far too long fails by the time limit of the test.
    expect(check(text)).toEqual(codes);
  });
});

it('an expression survives being printed and parsed', () => {
  fc.assert(
    fc.property(expression, (before) => {
      const text = print(before);
      const { file, diagnostics } = parse({ file: 'a.nn', text: `a = ${text}` });
      expect(diagnostics, text).toEqual([]);
      const [declaration] = file.declarations;
      expect(bare(declaration.kind === 'constant' && declaration.value), text).toEqual(bare(before));
    }),
    { numRuns: 500 },
  );
});
