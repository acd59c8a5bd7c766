// The playground, used in Chromium as a person would use it: a model is changed, trained, shared and taken away, with a network and without one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Download } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { desk, openSite, patient, type Site } from '../playground/site.js';

vi.setConfig({ testTimeout: 240_000 });
let site: Site;

beforeAll(async () => {
  site = await openSite();
}, 240_000);

beforeEach(async () => {
  await site.page.emulateMedia({ colorScheme: 'light' });
  await site.page.setViewportSize(desk);
});

afterAll(() => site?.close());

const problems = (): Promise<string> => site.page.innerText('.problems');
const step = (): Promise<number> =>
  site.page.evaluate(
    `Number(/step([\\d,]+)/.exec(document.querySelector('.numbers').textContent)?.[1].replace(',', '') ?? 0)`,
  );

async function saved(title: string): Promise<Buffer> {
  await site.page.click('.bar >> text=Download');
  const [download]: [Download, unknown] = await Promise.all([
    site.page.waitForEvent('download', patient),
    site.page.click(`dialog[open] >> text=${title}`),
  ]);
  return readFileSync(await download.path());
}

const numbersShown = `document.querySelector('.numbers').innerText`;

async function trained(): Promise<void> {
  await site.page.click('.primary');
  await site.page.waitForFunction(`/^right\\n1\\.000$/m.test(${numbersShown})`, undefined, patient);
  // It may have done all its epochs by now.
  await site.page.evaluate(
    `document.querySelector('.primary').textContent === 'Pause' && document.querySelector('.primary').click()`,
  );
  await site.page.waitForFunction(`document.querySelector('.primary').textContent === 'Train'`, undefined, patient);
}

it('a model is broken, put right, trained, seen inside, shared, opened again and taken away', async () => {
  await site.page.goto(site.at(''));
  await site.settled();
  await site.page.click('.cm-line >> text=z = x');
  await site.page.keyboard.press('End');
  await site.page.keyboard.type(' + q');
  await site.page.waitForSelector('.problem', patient);
  expect(await problems()).toBe(
    'line 6 dense(1) + q cannot be called\n|> binds more loosely than +: write (x |> dense(hidden) |> tanh |> dense(1)) + q',
  );
  await site.page.click('.problem');
  for (let i = 0; i < 4; i++) await site.page.keyboard.press('ControlOrMeta+z');
  await site.settled();
  await site.page.click('.cm-line:has-text("Exclusive or")');
  await site.page.keyboard.press('End');
  await site.page.keyboard.type(' Mine.');
  await site.settled();
  expect(await step()).toBe(0);
  await site.page.click('.buttons >> text=Step');
  await site.page.waitForFunction(`/^step\\n1$/m.test(${numbersShown})`, undefined, patient);
  await trained();
  expect(await step()).toBeGreaterThan(10);
  await site.page.click('text=Inside the network');
  await site.page.waitForSelector('.pair', patient);
  const pictures = await site.page.$$eval('.pair canvas', (all) =>
    all.map((canvas) => canvas.getAttribute('aria-label')),
  );
  expect(pictures).toContainEqual(expect.stringMatching(/^z\.dense\.W, from /));
  expect(pictures).toContainEqual(expect.stringMatching(/^d_z\.dense\.W, from /));

  await site.page.click('#tab-gradient');
  await site.settled();
  const derivation = site.page.frameLocator('iframe.page:not(.coming)').locator('body');
  expect(await derivation.innerText()).toContain('the gradient of loss, numbers at init');
  await site.page.click('#tab-train');
  await site.settled();

  const project = unzipSync(await saved('Project'));
  const at = join(site.folder, 'taken');
  for (const [file, content] of Object.entries(project)) {
    mkdirSync(dirname(join(at, file)), { recursive: true });
    writeFileSync(join(at, file), content);
  }
  expect(Buffer.from(project['xor/xor.nn']).toString()).toContain('four units. Mine.');
  const run = spawnSync(process.execPath, ['train.mjs'], { cwd: join(at, 'xor'), encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(/^epoch 1\/2000 {2}loss 0\.\d+ {2}right 0\.\d+$/m);
  expect(run.stdout).toMatch(/^epoch 2000\/2000 {2}loss \S+ {2}right 1\.000$/m);
  const { createTrainer } = (await import(join(at, 'xor/model.js'))) as {
    createTrainer(options: object): Promise<{ stepCount: number; predict(inputs: object): { p: Float32Array } }>;
  };
  const trainer = await createTrainer({ parameters: await saved('Checkpoint') });
  const { p } = trainer.predict({ x: Float32Array.of(0.5, 0.5, -0.5, 0.5) });
  expect([...p].map(Math.round)).toEqual([0, 1]);

  await site.page.click('.bar >> text=Share');
  const link = site.page.url();
  expect(link).toMatch(/#1\.[\w-]+$/);
  await site.page.goto(site.at('?example=spirals'));
  await site.settled();
  await site.page.goto(link);
  await site.page.reload();
  await site.settled();
  expect(await site.page.innerText('.cm-content')).toContain('four units. Mine.');
  expect(site.faults).toEqual([]);
});

it('a csv of the user’s own is trained on, and what does not fit is said as nnc says it', async () => {
  await site.page.goto(site.at('?example=textbook'));
  await site.settled();
  const file = (text: string): Promise<void> =>
    site.page.setInputFiles('input[type=file]', { name: 'own.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await file('a,b,c\n0,0,0\n1,1,high\n');
  await site.page.waitForSelector('.failed:not([hidden])', patient);
  expect(await site.page.innerText('.failed')).toContain('own.csv, line 3');
  await file('a,b,c\n0,0,0\n1,1,1\n1,0,1\n');
  await site.page.waitForFunction(`/^rows\\n3$/m.test(${numbersShown})`, undefined, patient);
});

it('a lesson shows one pane of an example within another page', async () => {
  await site.page.goto(site.at('?embed&example=textbook&pane=gradient'));
  await site.settled();
  expect(await site.page.getAttribute('[aria-selected=true]', 'id')).toBe('tab-gradient');
  expect(await site.page.locator('.bar >> text=Examples').count()).toBe(0);
  const page = site.page.frameLocator('iframe.page:not(.coming)');
  expect(await page.locator('body').innerText()).toContain('the gradient of loss, numbers at init');
});

it('without a network the page opens, compiles and trains', async () => {
  await site.page.goto(site.at(''));
  await site.page.evaluate(`navigator.serviceWorker.ready.then(() => true)`);
  await site.page.context().setOffline(true);
  try {
    await site.page.reload();
    await site.page.click('.bar >> text=Examples');
    await site.page.click('dialog[open] >> text=Exclusive or');
    await site.page.waitForSelector('.said:has-text("is open")', patient);
    await site.settled();
    await trained();
  } finally {
    await site.page.context().setOffline(false);
  }
});
