// docs/cli.md shows a file before and after `nnc fmt`. UPDATE=1 writes what comes out into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { format } from '../../src/format/format.js';
import { blocksOf, withBlocks } from '../docs/snippets.js';

const path = join(import.meta.dirname, '../../docs/cli.md');

it('docs/cli.md shows what comes out', () => {
  const page = readFileSync(path, 'utf8');
  const models = blocksOf(page).filter(({ language }) => language === 'nn');
  expect(models).toHaveLength(2);
  const { text = '' } = format({ file: 'model.nn', text: `${models[0].text}\n` });
  const now = withBlocks(page, ({ line }) => (line === models[1].line ? text.trimEnd() : undefined));
  if (process.env.UPDATE === '1') writeFileSync(path, now);
  else expect(page).toBe(now);
});
