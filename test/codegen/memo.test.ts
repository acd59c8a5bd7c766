// What was laid out once is not laid out again, and what is kept of it has an end.
import { format as prettier } from 'prettier';
import { expect, it } from 'vitest';
import { format } from '../../src/codegen/text/document.js';
import { Memo } from '../../src/codegen/text/memo.js';
import { declarationsIn } from '../../src/codegen/text/plain.js';

it('makes nothing twice, and forgets what was asked for longest ago', async () => {
  const memo = new Memo(12);
  const made: string[] = [];
  const ask = (text: string): Promise<string> =>
    memo.of(text, (from) => {
      made.push(from);
      return from.toUpperCase();
    });
  expect([await ask('aa'), await ask('bb'), await ask('aa'), await ask('cc')]).toEqual(['AA', 'BB', 'AA', 'CC']);
  expect(made).toEqual(['aa', 'bb', 'cc']);
  await ask('dd');
  expect([await ask('aa'), await ask('bb')]).toEqual(['AA', 'BB']);
  expect(made).toEqual(['aa', 'bb', 'cc', 'dd', 'bb']);
});

it('lays out once what differs only in digits of integers', async () => {
  const memo = new Memo(1000);
  let made = 0;
  const ask = (code: string): Promise<string> =>
    memo.ofLayout(code, (text) => {
      made++;
      return text.replaceAll(' ;', ';');
    });
  expect(await ask('const a12 = b[10 * i + 205] + 0.25 + 1e3 ;')).toBe('const a12 = b[10 * i + 205] + 0.25 + 1e3;');
  expect(await ask('const a12 = b[32 * i + 417] + 0.25 + 1e3 ;')).toBe('const a12 = b[32 * i + 417] + 0.25 + 1e3;');
  expect(made).toBe(1);
  // Parts of names and of other numbers are no integers, and another width may break another line.
  expect(await ask('const a13 = b[10 * i + 205] + 0.25 + 1e3 ;')).toBe('const a13 = b[10 * i + 205] + 0.25 + 1e3;');
  expect(await ask('const a12 = b[10 * i + 205] + 0.75 + 1e4 ;')).toBe('const a12 = b[10 * i + 205] + 0.75 + 1e4;');
  expect(await ask('const a12 = b[100 * i + 205] + 0.25 + 1e3 ;')).toBe('const a12 = b[100 * i + 205] + 0.25 + 1e3;');
  expect(made).toBe(4);
});

it('an integer that is laid out otherwise than its stand-in is laid out by itself', async () => {
  const words = (code: string): string => code.replaceAll('11', 'eleven');
  expect(await new Memo(1000).ofLayout('a = 42;', words)).toBe('a = 42;');
});

it.each([1, 2, 3])('code of other digits is formatted as by itself: %i', async (digit) => {
  const n = String(digit).repeat(2);
  const code = `const  a = [${`${n}, `.repeat(30)}];\n\nfunction f(x: number): number {\nreturn x*${n} + g(${n}, { ${n}: x, "${n}": '${n}' }) / ${n}.5; // ${n}\n}\n`;
  expect(await format(code)).toBe(await prettier(code, { parser: 'babel-ts' }));
});

const texts = [
  '',
  'const a = 1;\n\n\n// one\n// two\n\nconst  b = [\n\n2,\n\n3];\n\nfunction f() {\n\nreturn `a\n\n}`;\n\n}\n/* x\n\ny */\n\nlet c = "{";\n',
  "// it's a comment\n\nexport interface A {\n\n/** b */\nb: number\n\nc: '('}\n",
  "const d = f(\n\n'(', // {\n\n2)\n",
];

it.each(texts)('a text taken apart is formatted as it is whole: %j', async (text) => {
  expect(await format(text)).toBe(await prettier(text, { parser: 'babel-ts' }));
});

it('declarations are apart by blank lines outside of brackets, comments and texts', () => {
  expect(texts.map((text) => declarationsIn(text).length)).toEqual([0, 5, 2, 1]);
});
