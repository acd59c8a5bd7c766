// `nnc lsp`: the language server over standard input and output.
import type { Command } from 'commander';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { library, version } from '../embedded.js';
import type { Host } from '../server/pages.js';
import { readImport } from './files.js';

export function addLsp(program: Command): void {
  program
    .command('lsp')
    .description('answer an editor: the language server, over standard input and output')
    .option('--stdio', 'which is how it speaks in any case')
    .action(answerEditor);
}

/** Serves over standard input and output, up to the end of the connection, which ends the process. */
export async function answerEditor(): Promise<void> {
  const { connected, failure } = await import('./languageServer.js');
  const { serve } = await import('../server/server.js');
  const connection = connected();
  serve(connection, hostOf(), { version, failure });
  connection.listen();
  await new Promise(() => {});
}

function hostOf(): Host {
  return {
    read: readImport,
    files: (folders) => folders.flatMap((folder) => nnFiles(folder)),
    libraryUri: (file) => `file://${encodeURI(libraryFile(file))}`,
    later(milliseconds, action) {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

/** More than these are no one's models. */
const most = { files: 2000, depth: 12 };

function nnFiles(folder: string, depth = 0): string[] {
  if (depth > most.depth) return [];
  const found: string[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith('.nn')) found.push(path);
    else if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      found.push(...nnFiles(path, depth + 1));
    if (found.length >= most.files) break;
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A copy of a file of the library, to be looked at. */
function libraryFile(file: string): string {
  const path = join(tmpdir(), `nnc-${version}-${process.getuid?.() ?? ''}`, file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, library.find((each) => each.file === file)?.text ?? '');
  } catch {
    // Then there is nothing to look at.
  }
  return path;
}
