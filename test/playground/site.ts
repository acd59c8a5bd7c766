// The playground as it is built, in a page of Chromium: what its tests have in common.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import type { Download, Page } from 'playwright-core';
import { openPage } from '../browser/page.js';

const root = join(import.meta.dirname, '../..');

export const [desk, phone] = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** Compiling and training in a page, on a machine that has other work. */
export const patient = { timeout: 120_000 };

export interface Site {
  readonly folder: string;
  readonly page: Page;
  /** Bytes of what the page and its workers have fetched, packed, by path. */
  readonly fetched: ReadonlyMap<string, number>;
  /** Errors and messages of the console. */
  readonly faults: readonly string[];
  /** The address with a query. */
  at(query: string): string;
  /** Waits until nothing is wrong with the text, and the pane shows it. */
  settled(): Promise<void>;
  /** The same with an example of the drawer, by its title. */
  example(title: string): Promise<void>;
  /** The same with a pane, by its title. */
  pane(title: string): Promise<void>;
  /** What is taken away, by its title. */
  taken(title: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Builds the site, and opens a page beside it that shows nothing of it yet. */
export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'nnc-playground-'));
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const built = spawnSync(process.execPath, [vite, 'build', 'playground', '--outDir', folder, '--logLevel', 'error'], {
    cwd: root,
    encoding: 'utf8',
    // Vitest says that it is a test: then Vite builds a site that keeps nothing for times without a network.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (built.status !== 0) throw new Error(built.stderr);
  const { page, close } = await openPage({ folder, query: 'icon.svg' }, { viewport: desk });
  page.setDefaultTimeout(patient.timeout);
  const fetched = new Map<string, number>();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  // The picture that is opened first has no page to name an icon.
  page.on('console', (said) => said.location().url.endsWith('/favicon.ico') || faults.push(said.text()));
  page.context().on('response', (response) => {
    const { pathname, protocol } = new URL(response.url());
    const file = pathname === '/' ? '/index.html' : pathname;
    // What the service worker keeps for later comes when the page is at rest.
    const isKept = response.request().serviceWorker() !== null;
    if (response.status() === 200 && protocol === 'http:' && !isKept)
      fetched.set(file, gzipSync(readFileSync(join(folder, file))).length);
  });
  const { origin } = new URL(page.url());
  const settled = async (): Promise<void> => {
    await page.waitForFunction(`document.querySelector('.problems')?.innerText === 'No problems'`);
    await page.waitForFunction(`document.querySelector('.panel').ariaBusy === 'false'`);
  };
  return {
    folder,
    page,
    fetched,
    faults,
    at: (query) => `${origin}/${query}`,
    settled,
    async example(title) {
      await page.click('.bar >> text=Examples');
      await page.click(`dialog[open] >> text=${title}`);
      await page.waitForSelector('.said:has-text("is open")');
      await settled();
    },
    async pane(title) {
      await page.getByRole('tab', { name: title }).click();
      await page.waitForSelector('#panel[aria-busy=false] > :nth-child(1)');
      await settled();
    },
    async taken(title) {
      await page.click('.bar >> text=Download');
      const [download]: [Download, unknown] = await Promise.all([
        page.waitForEvent('download'),
        page.click(`dialog[open] >> text=${title}`),
      ]);
      return readFileSync(await download.path());
    },
    async close() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
