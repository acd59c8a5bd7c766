// The plugin as Prettier uses it: the form of `nnc fmt`, a project's own width, errors with their place, blocks of Markdown.
import { format as prettier } from 'prettier';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { format } from '../../src/format/format.js';

const root = join(import.meta.dirname, '../..');
/** By the name that the package exports it by. */
const plugins = ['nnc/prettier'];

it.each(['src/std/attention.nn', 'examples/gan/gan.nn'])('%s is what nnc fmt makes of it', async (file) => {
  const text = readFileSync(join(root, file), 'utf8').replace(/ +/g, ' ');
  expect(await prettier(text, { filepath: file, plugins })).toBe(format({ file, text }).text);
});

it('lines are as long as a project says', async () => {
  const text = 'a = f(first, second) + g(third)\n';
  expect(await prettier(text, { parser: 'nn', plugins, printWidth: 24, tabWidth: 4 })).toBe(
    'a = f(first, second)\n    + g(third)\n',
  );
});

it('an error has its place', async () => {
  const formatted = prettier('a = 1\nb = (2\n', { parser: 'nn', plugins });
  await expect(formatted).rejects.toThrow(/^the \( of line 2 is never closed \(2:5\)\n[^]*> 2 \| b = \(2/);
});

it('blocks of Markdown are formatted', async () => {
  const page = '```nn\na=1\n```\n';
  expect(await prettier(page, { parser: 'markdown', plugins })).toBe('```nn\na = 1\n```\n');
});
