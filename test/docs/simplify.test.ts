// docs/simplify.md lists the simplifier's equations as they are today: `npm run docs` writes it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { simplifyPage } from '../../src/inspect/simplifyPage.js';
import { rules } from '../../src/passes/derive/simplify.js';

it('the page of the equations is up to date: npm run docs', async () => {
  const path = fileURLToPath(new URL('../../docs/simplify.md', import.meta.url));
  const made = await format(simplifyPage(), { ...(await resolveConfig(path)), parser: 'markdown' });
  expect(readFileSync(path, 'utf8')).toBe(made);
});

it('it has every equation, and what each takes for granted', () => {
  const lines = simplifyPage().split('\n');
  for (const { equation, given } of rules)
    for (const one of equation.split('; ')) {
      const line = lines.find((l) => l.startsWith(`| \`${one}\` |`) && (!given || l.includes(given)));
      expect(line, one).toBeDefined();
    }
});
