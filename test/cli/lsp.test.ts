// The compiled language server from outside: a session over standard input and output, as an editor has it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { blocks, holdSession, sessionWith } from '../support/languageSession.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-lsp-'));
afterAll(() => rmSync(folder, { recursive: true }));

const binary = join(import.meta.dirname, '../../bin/nnc.js');

it('answers an editor from its beginning to its end', { timeout: 60_000 }, async () => {
  writeFileSync(join(folder, blocks.name), blocks.text);
  const server = spawn(process.execPath, [binary, 'lsp', '--stdio'], { cwd: folder });
  let stderr = '';
  server.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const session = sessionWith(server);
  // A file of the library is one that can be opened.
  const libraryText = (uri: string) => Promise.resolve(readFileSync(fileURLToPath(uri), 'utf8'));
  await holdSession(session, { folder: pathToFileURL(folder).href, libraryText });
  const ended = new Promise((resolve) => server.on('exit', resolve));
  session.tell('exit');
  expect(await ended).toBe(0);
  expect(stderr).toBe('');
});
