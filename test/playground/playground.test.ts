// The playground, built and used in Chromium, in one page: how much is loaded at first, the whole way by keyboard, and each pane, for everybody.
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { violationsIn } from '../browser/page.js';
import { desk, openSite, phone, standingOut, type Site, type Visit } from './site.js';
import { goTo, press, tabBy, walk } from './walk.js';

vi.setConfig({ testTimeout: 240_000 });
let site: Site;
let visit: Visit;

beforeAll(async () => {
  site = await openSite();
  visit = await site.visit();
}, 120_000);

beforeEach(async ({ onTestFailed, task }) => {
  const pictures = process.env.NNC_SCREENSHOTS;
  onTestFailed(async () => {
    if (pictures) await visit.page.screenshot({ path: join(pictures, `${task.name}.png`) });
  });
  await visit.page.setViewportSize(desk);
  await visit.page.emulateMedia({ colorScheme: 'light' });
});

afterAll(async () => {
  await visit?.close();
  await site?.close();
});

/** Workers compile meanwhile, on machines that do other things as well. */
const soon = <T>(found: () => Promise<T>) => expect.poll(found, { timeout: 60_000, interval: 200 });
const model = () => visit.page.getByRole('textbox', { name: 'The model' });
const line = (number: number) => visit.page.locator('.editor .cm-line').nth(number - 1);
const lit = () => visit.page.locator('.editor .cm-line.lit').allTextContents();
const within = () => visit.page.frameLocator('iframe.page:not(.coming)');

/** Nothing is found by axe-core, nor stands out of the page, at a width and in colours. */
async function isForEverybody(viewport: typeof desk, colorScheme: 'light' | 'dark'): Promise<void> {
  const { page } = visit;
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  expect(await standingOut(page)).toEqual([]);
  expect(await violationsIn(page)).toEqual([]);
}

it('loads less than 500 KB packed at first, and finds no problem in the first example', async () => {
  const { page, fetched } = visit;
  await visit.open('');
  // The language server comes once the first text is checked.
  const servers = (): string[] => [...fetched.keys()].filter((file) => /\/language-[^/]*\.js$/.test(file));
  await vi.waitFor(() => expect(servers()).toHaveLength(2), { timeout: 60_000, interval: 100 });
  await page.waitForTimeout(1000);
  const all = [...fetched.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect([...fetched.keys()].some((file) => /\/worker-/.test(file))).toBe(true);
  expect(all).toBeGreaterThan(200_000);
  expect(all).toBeLessThan(500_000);
});

it('by keyboard a model is broken, put right, trained, seen inside, shared, opened again and taken away', () =>
  walk(visit));

it('the gradient is worked with numbers, in step with the lines of the model', async () => {
  await visit.example('The textbook network');
  await visit.pane('Gradient');
  const value = within().locator('li[data-name^="z_"]').first();
  // x W + b of the textbook's sample (0.5, 0.8): 0.1 · 0.5 + 0.2 · 0.8 + 0.1.
  await soon(() => value.innerText()).toMatch(/0\.3100\s+0\.6700\s+1\.030/);
  expect(await visit.page.locator('.tools').innerText()).toContain(
    'of a fresh trainer, for the first row of sample.csv',
  );
  await line(12).click();
  await within().locator('li.own[data-lines="12"]').first().waitFor();
  await value.hover();
  await soon(lit).toEqual(['  a2 = sigmoid(x @ W2 + b2)']);
  await isForEverybody(phone, 'dark');
});

it('the model is drawn at each stage, in step with its lines', async () => {
  await visit.pane('Graph');
  await within().locator('#pane-source g.box').first().waitFor();
  await line(11).click();
  await soon(() => within().locator('#details h2').innerText()).toBe('a2');
  expect(await within().locator('#details').innerText()).toContain('textbook.nn:11');
});

it('what belongs together is lit in the code of each target', async () => {
  const { page } = visit;
  await visit.pane('Code');
  const codeLit = async () => (await page.locator('.code .cm-line.lit').allTextContents()).join('\n');
  await line(12).click();
  await soon(codeLit).toMatch(/W3/);
  for (const [kind, found] of [
    ['wgsl', /fn |exp\(/],
    ['wat', /f32\.(?:load|mul|add)/],
  ] as const) {
    await page.locator('.tools select').selectOption(kind);
    await soon(codeLit).toMatch(found);
  }
  await page.locator('.code .cm-line.lit').nth(2).click();
  await soon(async () => (await lit()).length).toBeGreaterThan(0);
  await isForEverybody(phone, 'light');
});

it('what each pass has changed is told', async () => {
  const { page } = visit;
  await visit.pane('Stages');
  const pass = page.locator('.passes details', { has: page.getByText('simplify-gradients', { exact: true }) });
  await pass.locator('summary').click();
  expect(await pass.locator('.in').first().innerText()).toMatch(/^\+ /);
  expect(await pass.locator('.out').first().innerText()).toMatch(/^− /);
  const names = await page.locator('.passes summary b').allTextContents();
  expect(names).toEqual(expect.arrayContaining(['elaborate', 'differentiate', 'lower', 'memory']));
  await isForEverybody(desk, 'dark');
});

it('what a step costs is told, and follows the text', async () => {
  const { page } = visit;
  await visit.pane('Cost');
  const costs = page.locator('.costs');
  await soon(() => costs.innerText()).toMatch(/one training step on wasm, batch 1\n/);
  expect(await costs.locator('tr', { hasText: 'textbook' }).innerText()).toMatch(/^textbook\s+13\s/);
  await costs.locator('button.lines').first().click();
  expect((await lit()).length).toBeGreaterThan(0);
  // Another batch in the text, and the same pane tells of that.
  await line(19).click();
  await press(page, 'End');
  await page.keyboard.type('6');
  await soon(() => costs.innerText()).toMatch(/one training step on wasm, batch 16\n/);
  await isForEverybody(phone, 'light');
});

it('the editor has the language server', async () => {
  const { page } = visit;
  const text = async (): Promise<string> => (await page.locator('.editor .cm-line').allTextContents()).join('\n');
  await page.getByRole('button', { name: 'Shapes' }).click();
  await soon(() => page.locator('.shape').allTextContents()).toContain(': [batch, 3]');
  await page.getByRole('button', { name: 'Shapes' }).click();

  await model().getByText('mean').hover();
  const hover = page.locator('.cm-lsp-hover-tooltip');
  await soon(() => hover.innerText()).toContain('fn mean(x, axis = all, keep = false)');
  await model().getByText('mean').click();
  await press(page, 'F12');
  const library = page.getByRole('dialog', { name: 'std/' });
  expect(await library.locator('.cm-line.lit').innerText()).toMatch(/^fn mean\(/);
  await library.getByRole('button', { name: 'Close' }).click();

  await line(11).click();
  await press(page, 'Home', 'F2');
  await page.locator('input[name=name]').fill('hidden');
  await press(page, 'Enter');
  await soon(text).toContain('a3 = sigmoid(hidden @ W3 + b3)');

  await line(12).click();
  await press(page, 'End');
  await page.keyboard.type('\nunread   = hid');
  await soon(() => page.locator('.cm-tooltip-autocomplete li').first().innerText()).toContain('hidden');
  await press(page, 'Escape');
  await page.keyboard.type('den');
  await press(page, 'Shift+Alt+f');
  await soon(text).toContain('  unread = hidden\n');
  await line(13).click();
  await press(page, 'Control+.');
  await page.getByRole('menuitem', { name: 'Leave out unread' }).waitFor();
  await isForEverybody(desk, 'light');
  await press(page, 'Enter');
  await soon(text).not.toContain('unread');
});

it('the keyboard reaches what a mouse does: examples, tabs, and the points that are drawn', async () => {
  const { page } = visit;
  await goTo(page, 'Examples', 'Shift+Tab');
  await press(page, 'Enter');
  await isForEverybody(phone, 'dark');
  await goTo(page, 'Two spirals');
  await press(page, 'Enter');
  await visit.settled();
  await tabBy(page, 'Train');
  await page.waitForSelector('canvas.plane');
  await page.focus('canvas.plane');
  const label = (): Promise<string | null> => page.getAttribute('canvas.plane', 'aria-label');
  const before = Number(/\d+/.exec((await label()) ?? '')?.[0]);
  await press(page, 'ArrowUp', 'ArrowLeft', 'Space');
  expect(await label()).toMatch(new RegExp(`^${before + 1} points of 2 classes`));
  await isForEverybody(desk, 'dark');
  expect(visit.faults).toEqual([]);
});
