// The playground, used in Chromium as people would use it: at other widths and in other colours, every pane looked at, with their own data, within a lesson, without a network.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { violationsIn } from '../browser/page.js';
import { desk, openSite, patient, phone, type Site } from '../playground/site.js';
import { walk } from '../playground/walk.js';

vi.setConfig({ testTimeout: 600_000 });
let site: Site;

beforeAll(async () => {
  site = await openSite();
}, 240_000);

beforeEach(async () => {
  await site.page.emulateMedia({ colorScheme: 'light' });
  await site.page.setViewportSize(desk);
});

afterAll(() => site?.close());

const numbersShown = `document.querySelector('.numbers').innerText`;
const screenshots = process.env.NNC_SCREENSHOTS;

describe.each([
  ['a desk', desk, 'light'],
  ['a desk', desk, 'dark'],
  ['a phone', phone, 'light'],
  ['a phone', phone, 'dark'],
] as const)('at %s, %o, %s', (_, viewport, colorScheme) => {
  beforeEach(async () => {
    await site.page.emulateMedia({ colorScheme });
    await site.page.setViewportSize(viewport);
  });

  it('the keyboard leads from the first example to its module in Node', async () => {
    await site.page.goto(site.at(''));
    await site.settled();
    await walk(site);
  });

  it('nothing is found by axe-core in any pane, drawer or lesson, nor stands anything out of the page', async () => {
    const { page } = site;
    const found: string[] = [];
    const look = async (name: string): Promise<void> => {
      const width = await page.evaluate('document.documentElement.scrollWidth');
      found.push(...(await violationsIn(page)).map((each) => `${name}: ${each}`));
      if (width !== viewport.width) found.push(`${name}: ${String(width)} pixels wide`);
      if (screenshots)
        await page.screenshot({ path: join(screenshots, `${name}-${viewport.width}-${colorScheme}.png`) });
    };
    for (const [example, pane] of [
      ['spirals', 'train'],
      ['iris', 'train'],
      ['textbook', 'gradient'],
      ['textbook', 'graph'],
      ['textbook', 'code'],
      ['iris', 'stages'],
      ['moby-dick', 'cost'],
      ['embed&example=textbook', 'gradient'],
    ] as const) {
      await page.goto(
        site.at(example.startsWith('embed') ? `?${example}&pane=${pane}` : `?example=${example}&pane=${pane}`),
      );
      await site.settled();
      if (pane === 'train') {
        await page.click('text=Inside the network');
        await page.click('.buttons >> text=Step');
        await page.waitForSelector('.pair');
      }
      await look(`${example}-${pane}`.replace('&example=', '-'));
    }
    await page.goto(site.at('?example=xor&pane=train'));
    await site.settled();
    for (const drawer of ['Examples', 'Download']) {
      await page.click(`.bar >> text=${drawer}`);
      await look(drawer.toLowerCase());
      await page.keyboard.press('Escape');
    }
    if (viewport === phone) await page.click('#tab-model');
    await page.waitForSelector('.editor-bar');
    await page.click('.editor-bar >> text=Shapes');
    await page.click('.cm-line >> nth=5');
    await page.keyboard.press('End');
    await page.keyboard.type('\nq = tan');
    await page.waitForSelector('.cm-tooltip-autocomplete');
    await look('completion');
    await page.keyboard.press('Escape');
    await page.keyboard.type('hh(x)');
    await page.waitForSelector('.problem');
    await page.keyboard.press('Control+.');
    await page.waitForSelector('[role=menu]');
    await look('fixes');
    expect(found).toEqual([]);
  });
});

it('the colours that are chosen in the page are those of pages within it', async () => {
  const { page } = site;
  await page.goto(site.at('?example=textbook&pane=gradient'));
  await site.settled();
  const ground = (): Promise<string> =>
    page
      .frameLocator('iframe.page:not(.coming)')
      .locator('body')
      .evaluate((body) => getComputedStyle(body).backgroundColor);
  const before = await ground();
  // From the system's to light, and to dark.
  await page.click('[title=Colours]');
  await page.click('[title=Colours]');
  await expect.poll(ground).not.toBe(before);
  await page.click('[title=Colours]');
  await expect.poll(ground).toBe(before);
});

it('a project taken away trains in Node as it did in the page', async () => {
  const { page } = site;
  await page.goto(site.at(''));
  await site.settled();
  const project = unzipSync(await site.taken('Project'));
  const at = join(site.folder, 'taken');
  for (const [file, content] of Object.entries(project)) {
    mkdirSync(dirname(join(at, file)), { recursive: true });
    writeFileSync(join(at, file), content);
  }
  const run = spawnSync(process.execPath, ['train.mjs'], { cwd: join(at, 'xor'), encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(/^epoch 1\/2000 {2}loss 0\.\d+ {2}right 0\.\d+$/m);
  expect(run.stdout).toMatch(/^epoch 2000\/2000 {2}loss \S+ {2}right 1\.000$/m);
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
  const { page } = site;
  await page.goto(site.at(''));
  await page.evaluate(`navigator.serviceWorker.ready.then(() => true)`);
  await page.context().setOffline(true);
  try {
    await page.reload();
    await site.example('Exclusive or');
    await page.click('.primary');
    await page.waitForFunction(`/^right\\n1\\.000$/m.test(${numbersShown})`, undefined, patient);
  } finally {
    await page.context().setOffline(false);
  }
});
