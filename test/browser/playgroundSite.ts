// The playground as a site, built once in a process of tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { openPage, type PageOptions, type Served } from './page.js';

let site: Promise<string> | undefined;

async function built(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'nnc-playground-'));
  process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
  const configFile = join(import.meta.dirname, '../../playground/vite.config.ts');
  await build({ configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  return outDir;
}

/** `query`: `?example=textbook&pane=gradient`. */
export async function openPlayground(query: string, options?: PageOptions): Promise<Served> {
  site ??= built();
  return openPage({ folder: await site, query }, options);
}
