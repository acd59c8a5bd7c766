// Every model of the repository has the form that `nnc fmt` gives it, but for those that are meant to be wrong or to have long lines.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { format } from '../../src/format/format.js';
import { parse } from '../../src/parser/parse.js';
import { wellFormatted } from '../support/formatting.js';

const root = join(import.meta.dirname, '../..');

/** What these are about is how long or how crowded their lines are. */
const asWritten = [
  'test/errors/loops/misused.nn',
  'test/errors/types/long-operands.nn',
  'test/errors/syntax/settings-together.nn',
];

function modelsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', '.git', 'runs'].includes(entry.name) ? [] : modelsIn(path);
    return entry.name.endsWith('.nn') ? [path] : [];
  });
}

const models = modelsIn(root).map((path) => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }));
const hasErrors = (source: (typeof models)[number]): boolean =>
  parse(source).diagnostics.some(({ severity }) => severity === 'error');
const [wrong, right] = [models.filter(hasErrors), models.filter((source) => !hasErrors(source))];

it('finds them', () => expect(models.length).toBeGreaterThan(250));

it('only what shows errors of syntax has some, and is left alone', () => {
  for (const source of wrong) {
    expect(source.file).toMatch(/^test\/errors\//);
    expect(format(source).text).toBeUndefined();
  }
});

it('each has its usual form, however it is indented', () => {
  for (const { file, text } of right) {
    const usual = wellFormatted(text);
    expect(usual === text || asWritten.includes(file), `${file} is not formatted`).toBe(true);
    expect(format({ file, text: text.replace(/^ +/gm, '') }).text, file).toBe(usual);
  }
});
