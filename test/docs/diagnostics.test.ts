// docs/diagnostics.md is what the catalog and the tests' programs say today: `npm run docs` writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { cases, lintExamples } from '../../scripts/diagnostics.mjs';
import { catalog } from '../../src/diagnostics/catalog.js';
import { diagnosticsPage } from '../../src/inspect/diagnosticsPage.js';

const path = fileURLToPath(new URL('../../docs/diagnostics.md', import.meta.url));

it('is up to date', async () => {
  const made = await format(diagnosticsPage(lintExamples(), cases()), {
    ...(await resolveConfig(path)),
    parser: 'markdown',
  });
  expect(readFileSync(path, 'utf8') === made, 'run npm run docs').toBe(true);
});

it('names every code of the catalog', () => {
  const page = readFileSync(path, 'utf8');
  const missing = [...catalog.keys()].filter((code) => !page.includes(`\`${code}\``) && !page.includes(`### ${code}`));
  expect(missing).toEqual([]);
});
