// Every faulty program beside this file, with the exact text it is answered with. UPDATE=1 rewrites the answers.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.js';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.js';
import { render } from '../../src/diagnostics/render.js';
import { parse } from '../../src/parser/parse.js';

const root = fileURLToPath(new URL('.', import.meta.url));
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Everything the compiler has to say of a program. */
function diagnosticsOf(path: string): { diagnostics: readonly Diagnostic[]; sources: ReadonlyMap<string, string> } {
  const text = readFileSync(path, 'utf8');
  const file = basename(path);
  return { diagnostics: parse({ file, text }).diagnostics, sources: new Map([[file, text]]) };
}

function diagnose(path: string): string {
  const { diagnostics, sources } = diagnosticsOf(path);
  return diagnostics.map((diagnostic) => `${render(diagnostic, sources)}\n`).join('\n');
}

describe.each(folders)('%s', (folder) => {
  const programs = readdirSync(join(root, folder)).filter((name) => name.endsWith('.nn'));

  it.each(programs)('%s', (program) => {
    const path = join(root, folder, program);
    const answer = path.replace(/\.nn$/, '.txt');
    const said = diagnose(path);
    expect(said).not.toBe('');
    if (process.env['UPDATE'] === '1') writeFileSync(answer, said);
    expect(existsSync(answer) ? readFileSync(answer, 'utf8') : 'there is no answer file: run with UPDATE=1').toBe(said);
  });
});

it('has a program for every message of the syntax', () => {
  const said = new Set(
    readdirSync(join(root, 'syntax'))
      .filter((name) => name.endsWith('.nn'))
      .flatMap((name) => diagnosticsOf(join(root, 'syntax', name)).diagnostics.map(({ code }) => code)),
  );
  const codes = [...catalog.values()].filter(({ phase }) => phase === 'syntax').map(({ code }) => code);
  expect(codes.filter((code) => !said.has(code))).toEqual([]);
});
