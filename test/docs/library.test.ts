// docs/library.md is what the library and the builtins say of themselves today: `npm run docs` writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { library } from '../../src/embedded.js';
import { libraryPage } from '../../src/inspect/libraryPage.js';

it('is up to date', async () => {
  const path = fileURLToPath(new URL('../../docs/library.md', import.meta.url));
  const made = await format(libraryPage(library), { ...(await resolveConfig(path)), parser: 'markdown' });
  expect(readFileSync(path, 'utf8') === made, 'run npm run docs').toBe(true);
});
