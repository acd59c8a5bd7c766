// The compiled language server from outside: a session over standard input and output, as an editor has it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { blocks, holdSessionOver } from '../support/languageSession.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-lsp-'));
afterAll(() => rmSync(folder, { recursive: true }));

const binary = join(import.meta.dirname, '../../bin/nnc.js');

it('answers an editor from its beginning to its end', { timeout: 60_000 }, async () => {
  writeFileSync(join(folder, blocks.name), blocks.text);
  const server = spawn(process.execPath, [binary, 'lsp', '--stdio'], { cwd: folder });
  let stderr = '';
  server.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  expect(await holdSessionOver(server, folder)).toBe(0);
  expect(stderr).toBe('');
});
