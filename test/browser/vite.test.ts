// examples/vite with the plugin as it is built: served and edited, and built for a server that allows nothing from elsewhere.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rollup } from '@rollup/wasm-node';
import { build, createServer } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import nnc from '../../src/modules/vite.js';
import { faultsOf, openAddress, openPage } from './page.js';

const root = join(import.meta.dirname, '../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnc-vite-'));
  cpSync(join(root, 'examples/vite'), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/nnc'));
  symlinkSync(join(root, 'node_modules/vite'), join(folder, 'node_modules/vite'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps a trainer, its weights and its run while its model is edited, and shows what is wrong with it over the page', async () => {
  const server = await createServer({ root: folder, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  const { page, close } = await openAddress(server.resolvedUrls?.local[0] ?? '');
  try {
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    const model = join(folder, 'src/moons.nn');
    const text = readFileSync(model, 'utf8');
    const update = async (): Promise<number> => Number(await page.textContent('#update'));
    const beyond = (least: number): Promise<unknown> =>
      page.waitForFunction((n) => Number(document.querySelector('#update')?.textContent) > n, least);
    const edit = async (from: string, to: string, told: RegExp): Promise<void> => {
      const before = said.length;
      writeFileSync(model, text.replace(from, to));
      await expect.poll(() => said.slice(before).join('\n'), { timeout: 30_000 }).toMatch(told);
    };

    await beyond(16);
    const seen = await update();
    await edit('lr = 0.01', 'lr = 0.02', /\[nnc\] moons: edited; it goes on from update (?!0$)\d+$/m);
    await beyond(seen + 8);

    writeFileSync(model, text.replace('sigmoid(z)', 'sigmoidd(z)'));
    const overlay = page.locator('vite-error-overlay .message');
    await overlay.waitFor();
    expect(await overlay.textContent()).toContain('error[unknown-name]: nothing here is called sigmoidd');
    expect(await page.locator('vite-error-overlay .file').first().textContent()).toMatch(/moons\.nn:8:/);
    await beyond(await update());

    // Another size: of six parameters the last bias fits, and the page has not been loaded anew.
    await edit('hidden = 16', 'hidden = 8', /\[nnc\] moons: edited; 1 of 6 parameters stay as they are/);
    await page.locator('vite-error-overlay').waitFor({ state: 'detached' });
    await page.waitForFunction(() => /loss 0\.\d+/.test(document.querySelector('#worker')?.textContent ?? ''));
    writeFileSync(model, text);
    expect(said.filter((message) => /reload/i.test(message) && !/Failed to reload/.test(message))).toEqual([]);
  } finally {
    await close();
    await server.close();
  }
});

it('builds a page that a strict policy lets run, with its worker', async () => {
  await build({ root: folder, logLevel: 'silent' });
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
  const { page, close } = await openPage({ folder: join(folder, 'dist') }, { policy });
  try {
    const faults = faultsOf(page);
    await page.waitForFunction(() => Number(document.querySelector('#update')?.textContent) > 8);
    await page.waitForFunction(() => /loss 0\.\d+/.test(document.querySelector('#worker')?.textContent ?? ''));
    expect(faults.filter((fault) => !fault.startsWith('http'))).toEqual([]);
  } finally {
    await close();
  }
});

it('is a plugin of Rollup: imports with options, source maps, files to watch, and errors at their lines', async () => {
  const entry = join(folder, 'entry.js');
  writeFileSync(
    entry,
    "export { model } from './src/moons.nn?set.hidden=3';\nexport { createTrainer } from './src/moons.nn';\n",
  );
  const bundle = await rollup({ input: entry, plugins: [nnc()] });
  expect(bundle.watchFiles).toContain(join(folder, 'src/moons.nn'));
  const [{ code, map }] = (await bundle.generate({ format: 'es', sourcemap: true })).output;
  expect(map?.sources).toEqual([expect.stringMatching(/src\/moons\.nn$/)]);
  const { model, createTrainer } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    model: { parameters: { count: number }[] };
    createTrainer(): { parameters: Record<string, Float32Array> };
  };
  expect(model.parameters[0].count).toBe(2 * 3);
  expect(Object.values(createTrainer().parameters)[0]).toHaveLength(2 * 16);

  writeFileSync(join(folder, 'wrong.nn'), 'model m {\n  input x: [batch, 2]\n  output y = z\n}\n');
  writeFileSync(entry, "import './wrong.nn';\n");
  const failed = await rollup({ input: entry, plugins: [nnc()] }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ loc: { file: join(folder, 'wrong.nn'), line: 3, column: 13 } });
  expect(String(failed)).toContain('nothing here is called z');
});
