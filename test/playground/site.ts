// The playground as it is built, visited in Chromium: what its tests have in common.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { openAddress, serve, type PageOptions } from '../browser/page.js';

const root = join(import.meta.dirname, '../..');

export const [desk, phone] = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** Compiling and training in a page, on a machine that has other work: milliseconds. */
const patience = 120_000;

/** The site, built and served until it is closed. */
export interface Site {
  readonly folder: string;
  /** Somebody who comes for the first time: nothing is kept of other visits. The page shows nothing of the playground yet. */
  visit(options?: Pick<PageOptions, 'viewport' | 'colorScheme'>): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  /** Where downloads may be put. */
  readonly folder: string;
  /** Bytes of what the page and its workers have fetched, packed, by path. */
  readonly fetched: ReadonlyMap<string, number>;
  /** Errors and messages of the console. */
  readonly faults: readonly string[];
  /** Opens the address with a query, and waits until it has settled. */
  open(query: string): Promise<void>;
  /** Waits until nothing is wrong with the text, and the pane shows it. */
  settled(): Promise<void>;
  /** Waits until an expression holds in the page; where it does not come to hold, the failure says what was `wanted` and what the page shows. */
  until(holds: string, wanted: string): Promise<void>;
  /** The same with an example of the drawer, by its title. */
  example(title: string): Promise<void>;
  /** The same with a pane, by its title. */
  pane(title: string): Promise<void>;
  /** What is taken away, by its title. */
  taken(title: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** Builds the site. */
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
  const { origin, stop } = await serve({ folder });
  return {
    folder,
    visit: (options = {}) => visit(origin, folder, options),
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function visit(origin: string, folder: string, options: PageOptions): Promise<Visit> {
  const { page, close } = await openAddress(`${origin}/icon.svg`, { viewport: desk, ...options });
  page.setDefaultTimeout(patience);
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
  const until = async (holds: string, wanted: string): Promise<void> => {
    try {
      await page.waitForFunction(holds);
    } catch {
      throw new Error(`${wanted}: not within ${patience / 1000} s. ${await page.evaluate(shown)}`);
    }
  };
  const settled = async (): Promise<void> => {
    const text = `document.querySelector('.problems')?.innerText === 'No problems'`;
    const pane = `document.querySelector('.panel').ariaBusy === 'false'`;
    await until(`${text} && ${pane}`, 'a text without problems, and a pane that shows it');
  };
  return {
    page,
    folder,
    fetched,
    faults,
    until,
    settled,
    async open(query) {
      await page.goto(`${origin}/${query}`);
      await settled();
    },
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
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click(`dialog[open] >> text=${title}`),
      ]);
      return readFileSync(await download.path());
    },
    close,
  };
}

/** What the page shows of how it goes, in words. */
const shown = `['.problems', '.said', '.failed', '.numbers', '.panel']
  .map((each) => \`\${each}: \${(document.querySelector(each)?.innerText ?? 'absent').slice(0, 200)}\`).join('; ')`;

/** What stands out of its place sideways, in the page or in a page within it: a document or a part that would have to be scrolled to be read. */
export async function standingOut(page: Page): Promise<string[]> {
  const found = await Promise.all(page.frames().map((frame) => frame.evaluate<string[]>(wide)));
  return found.flat();
}

const wide = `[...document.querySelectorAll('html, body, .bar, .view, .panel, .model, dialog[open]')]
  .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth)
  .map(({ tagName, className, scrollWidth, clientWidth }) => \`\${tagName} \${className}: \${scrollWidth} pixels in \${clientWidth}\`)`;
