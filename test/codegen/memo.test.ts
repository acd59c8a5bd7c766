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
