// The picture of the playground in README: its page as it has trained the spirals, seen by Chromium.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { environmentOf, find } from './chromium.mjs';

const root = fileURLToPath(new URL('../playground', import.meta.url));

/** Builds the site, trains in it, and writes a picture of the page. */
export async function drawPlayground(file) {
  const outDir = mkdtempSync(join(tmpdir(), 'nnc-playground-'));
  const configFile = join(root, 'vite.config.ts');
  await build({ root, configFile, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  const server = await preview({ root, configFile, logLevel: 'warn', build: { outDir }, preview: { port: 0 } });
  const { chromium: executablePath } = find();
  const browser = await chromium.launch({
    executablePath,
    env: { ...process.env, ...environmentOf(executablePath) },
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme: 'light' });
    await page.goto(`${server.resolvedUrls.local[0]}?example=spirals`);
    await page.click('.primary');
    await page.waitForFunction(`document.querySelector('.numbers').innerText.includes('300 / 300')`, undefined, {
      timeout: 120_000,
    });
    // The last pictures follow the last step.
    await page.waitForTimeout(2000);
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
    await server.close();
    rmSync(outDir, { recursive: true, force: true });
  }
}
