// docs/passes.md is what the list of passes says of itself today: `npm run docs` writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { passesPage } from '../../src/inspect/passesPage.js';

it('is up to date', async () => {
  const path = fileURLToPath(new URL('../../docs/passes.md', import.meta.url));
  const made = await format(passesPage(), { ...(await resolveConfig(path)), parser: 'markdown' });
  expect(readFileSync(path, 'utf8') === made, 'run npm run docs').toBe(true);
});
