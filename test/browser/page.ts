// A page in headless Chromium, apart from all others, that runs a module from a server on this machine.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { environmentOf, find, zeroes } from '../../scripts/chromium.mjs';

const axe = join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js');

/** Where Chromium is; NNC_CHROMIUM names another place. A test that needs it fails where there is none. */
function executable(): string {
  const { chromium: found } = find();
  if (found === undefined)
    throw new Error('the tests need Chromium: node scripts/chromium.mjs, or set NNC_CHROMIUM to its path');
  return found;
}

/** Flags of a browser with WebGPU in software. */
export const withWebGpu: readonly string[] = ['--enable-unsafe-webgpu', `--${zeroes}`];

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface Served {
  readonly page: Page;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Memory can be shared with workers. */
  readonly isolated?: boolean;
  /** What the page may load, as its server says: a Content-Security-Policy. */
  readonly policy?: string;
  /** Further flags of Chromium's. */
  readonly flags?: readonly string[];
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** Browsers by their flags: each is started once in a process of tests, and ends with it. */
const browsers = new Map<string, Promise<Browser>>();

function browserWith(flags: readonly string[]): Promise<Browser> {
  const key = flags.join(' ');
  const started = browsers.get(key) ?? launch(flags);
  browsers.set(key, started);
  const forget = (): unknown => browsers.delete(key);
  void started.then((browser) => browser.once('disconnected', forget), forget);
  return started;
}

function launch(flags: readonly string[]): Promise<Browser> {
  const executablePath = executable();
  return chromium.launch({
    executablePath,
    env: { ...process.env, ...environmentOf(executablePath) },
    args: ['--no-sandbox', ...flags],
  });
}

type Files = Readonly<Record<string, string | Uint8Array>> | { readonly folder: string; readonly query?: string };

/** Serves an empty page beside the files, by path (`/trainer.js`); or a folder. */
export async function serve(
  files: Files,
  options: Pick<PageOptions, 'isolated' | 'policy'> = {},
): Promise<{ readonly origin: string; stop(): Promise<unknown> }> {
  const contentOf = (path: string): string | Uint8Array | undefined => {
    if (typeof files.folder !== 'string')
      return path === '/'
        ? '<!doctype html><title>nnc</title>'
        : (files as Readonly<Record<string, string | Uint8Array>>)[path];
    const file = join(files.folder, path === '/' ? 'index.html' : path);
    return existsSync(file) ? readFileSync(file) : undefined;
  };
  const isolation = options.isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};
  const headers = { ...isolation, ...(options.policy !== undefined && { 'Content-Security-Policy': options.policy }) };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/[?#].*$/, '');
    const content = contentOf(path);
    const type = types[/\.\w+$/.exec(path)?.[0] ?? '.html'] ?? 'application/octet-stream';
    response.writeHead(content === undefined ? 404 : 200, { 'Content-Type': type, ...headers });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, stop: () => new Promise((resolve) => server.close(resolve)) };
}

/** Opens an empty page beside the files, or a folder's own page. */
export async function openPage(files: Files, options: PageOptions = {}): Promise<Served> {
  const { origin, stop } = await serve(files, options);
  try {
    const { query } = files;
    const served = await openAddress(`${origin}/${typeof query === 'string' ? query : ''}`, options);
    return {
      page: served.page,
      close: async () => {
        await served.close();
        await stop();
      },
    };
  } catch (error) {
    void stop();
    throw error;
  }
}

/** Opens what another server has. */
export async function openAddress(address: string, options: PageOptions = {}): Promise<Served> {
  const { viewport, colorScheme, flags = [] } = options;
  const context: BrowserContext = await (await browserWith(flags)).newContext({ viewport, colorScheme });
  try {
    const page = await context.newPage();
    await page.goto(address);
    return { page, close: () => context.close() };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** What goes wrong in a page from now on, and what it asks for: errors, messages of the console, requests. */
export function faultsOf(page: Page): readonly string[] {
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (said) => faults.push(said.text()));
  page.on('request', (request) => faults.push(request.url()));
  return faults;
}

/** What axe-core finds in a page and in the pages within it, with an element of each. */
export async function violationsIn(page: Page): Promise<string[]> {
  const content = readFileSync(axe, 'utf8');
  for (const frame of page.frames())
    if (!(await frame.evaluate(`'axe' in globalThis`))) await frame.addScriptTag({ content });
  return page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    // Style sheets and media that rules of ours ask for are in the page.
    return (await run.run({ preload: false, resultTypes: ['violations'] })).violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0].html}`,
    );
  });
}
