// The programs of the language reference parse without a word.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from '../../src/parser/parse.js';

const folder = fileURLToPath(new URL('language/', import.meta.url));

it.each(readdirSync(folder))('%s', (file) => {
  const { file: tree, diagnostics } = parse({ file, text: readFileSync(folder + file, 'utf8') });
  expect(diagnostics).toEqual([]);
  expect(tree.declarations.length).toBeGreaterThan(0);
});
