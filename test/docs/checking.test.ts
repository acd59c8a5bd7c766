// docs/checking.md: what it shows of the commands is what they print.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { warm } from '../cli/nnc.js';
import { blocksOf, withBlocks } from './snippets.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const path = join(root, 'docs/checking.md');
const page = readFileSync(path, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'nnc-checking-'));
beforeAll(() => {
  cpSync(join(root, 'examples/textbook'), folder, { recursive: true });
  const [swish] = blocksOf(page).filter(({ language }) => language === 'nn');
  writeFileSync(join(folder, 'swish.nn'), `${swish.text}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows what the commands print', () => {
  const real = withBlocks(page, ({ language, text }) => {
    const [, command] = language === '' ? (/^\$ nnc (.*)/.exec(text) ?? []) : [];
    if (command === undefined) return undefined;
    const { stdout, stderr } = warm(command.split(' '), { cwd: folder });
    return [`$ nnc ${command}`, stdout.trimEnd(), stderr.trimEnd()].filter((part) => part !== '').join('\n');
  });
  if (process.env.UPDATE === '1') writeFileSync(path, real);
  else expect(page).toBe(real);
});
