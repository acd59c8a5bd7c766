// docs/ops.md is what the records of the primitive operations say today: `npm run docs` writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { opsPage } from '../../src/inspect/opsPage.js';
import { listPrimitives } from '../../src/inspect/primitives.js';
import { ops } from '../../src/ir/ops/registry.js';

const path = fileURLToPath(new URL('../../docs/ops.md', import.meta.url));
const page = readFileSync(path, 'utf8');

it('is up to date', async () => {
  const made = await format(opsPage(), { ...(await resolveConfig(path)), parser: 'markdown' });
  expect(page === made, 'run npm run docs').toBe(true);
});

it('has every op: leaves in a table, others with what an element of them is', () => {
  for (const { name, kind } of ops)
    expect(page).toMatch(kind === 'leaf' ? new RegExp(`^\\| \`${name}\` `, 'm') : new RegExp(`^### ${name}$`, 'm'));
  for (const { kind, use, name } of listPrimitives())
    if (kind === 'element' && use) expect(use.element.at(-1), name).toMatch(/^y(\[[^=]*\])? = \S/);
});
