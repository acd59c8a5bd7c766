// A page in headless Chromium that runs a module from a server on this machine.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is; NNC_CHROMIUM names another place. A test that needs it fails where there is none. */
function executable(): string {
  const found = [process.env.NNC_CHROMIUM, ...places].find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Error('the browser tests need Chromium: apt-get install chromium, or set NNC_CHROMIUM to its path');
  return found;
}

export interface Served {
  readonly page: Page;
  close(): Promise<void>;
}

/** Opens an empty page beside the files, by path (`/trainer.js`); with `isolated`, memory can be shared with workers. */
export async function openPage(
  files: Readonly<Record<string, string>>,
  options: { readonly isolated?: boolean; readonly flags?: readonly string[] } = {},
): Promise<Served> {
  const isolation = options.isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {};
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const text = path === '/' ? '<!doctype html><title>nnc</title>' : files[path];
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(text === undefined ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8`, ...isolation });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({
      executablePath: executable(),
      args: ['--no-sandbox', ...(options.flags ?? [])],
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    return {
      page,
      close: async () => {
        await browser?.close();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  } catch (error) {
    await browser?.close();
    server.close();
    throw error;
  }
}
