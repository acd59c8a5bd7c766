// The panes of the playground that show what was compiled, and what the language server gives its editor.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultsOf, violationsIn, type Served } from './page.js';
import { openPlayground } from './playgroundSite.js';

let served: Served;
let page: Page;
let faults: readonly string[];

beforeAll(async () => {
  served = await openPlayground('?example=textbook&pane=gradient');
  page = served.page;
  page.setDefaultTimeout(30_000);
  faults = faultsOf(page);
}, 120_000);
afterAll(() => served.close());

/** Workers compile meanwhile, on machines that do other things as well. */
const soon = <T>(found: () => Promise<T>) => expect.poll(found, { timeout: 20_000 });
const line = (number: number) => page.locator('.editor .cm-line').nth(number - 1);
const lit = () => page.locator('.editor .cm-line.lit').allTextContents();
const openPane = async (title: string): Promise<void> => {
  await page.getByRole('tab', { name: title }).click();
  await page.locator('#panel[aria-busy=false] > :nth-child(2)').first().waitFor();
};

it('works the gradient with numbers, in step with the lines of the model', { timeout: 60_000 }, async () => {
  const derivation = page.frameLocator('iframe.page:not(.coming)');
  const value = derivation.locator('li[data-name^="z_"]').first();
  // x W + b of the textbook's sample (0.5, 0.8): 0.1 · 0.5 + 0.2 · 0.8 + 0.1.
  await soon(() => value.innerText()).toMatch(/0\.3100\s+0\.6700\s+1\.030/);
  expect(await page.locator('.tools').innerText()).toContain('of a fresh trainer, for the first row of sample.csv');
  await line(12).click();
  await derivation.locator('li.own[data-lines="12"]').first().waitFor();
  await value.hover();
  await soon(lit).toEqual(['  a2 = sigmoid(x @ W2 + b2)']);
  expect(await violationsIn(page)).toEqual([]);
});

it('draws the model at each stage, in step with its lines', { timeout: 60_000 }, async () => {
  await page.getByRole('tab', { name: 'Graph' }).click();
  const graph = page.frameLocator('iframe.page:not(.coming)');
  await graph.locator('#pane-source g.box').first().waitFor();
  await line(11).click();
  await soon(() => graph.locator('#details h2').innerText()).toBe('a2');
  expect(await graph.locator('#details').innerText()).toContain('textbook.nn:11');
});

it('lights what belongs together in the code of each target', { timeout: 60_000 }, async () => {
  await openPane('Code');
  const codeLit = () => page.locator('.code .cm-line.lit').allTextContents();
  await line(12).click();
  await soon(async () => (await codeLit()).join('\n')).toMatch(/W3/);
  for (const [kind, found] of [
    ['wgsl', /fn |exp\(/],
    ['wat', /f32\.(?:load|mul|add)/],
  ] as const) {
    await page.locator('.tools select').selectOption(kind);
    await soon(async () => (await codeLit()).join('\n')).toMatch(found);
  }
  await page.locator('.code .cm-line.lit').nth(2).click();
  await soon(async () => (await lit()).length).toBeGreaterThan(0);
  expect(await violationsIn(page)).toEqual([]);
});

it('tells what each pass has changed', { timeout: 60_000 }, async () => {
  await openPane('Stages');
  const pass = page.locator('.passes details', { has: page.getByText('simplify-gradients', { exact: true }) });
  await pass.locator('summary').click();
  expect(await pass.locator('.in').first().innerText()).toMatch(/^\+ /);
  expect(await pass.locator('.out').first().innerText()).toMatch(/^− /);
  const names = await page.locator('.passes summary b').allTextContents();
  expect(names).toEqual(expect.arrayContaining(['elaborate', 'differentiate', 'lower', 'memory']));
  expect(await violationsIn(page)).toEqual([]);
});

it('tells what a step costs, and follows the text', { timeout: 60_000 }, async () => {
  await openPane('Cost');
  const costs = page.locator('.costs');
  expect(await costs.innerText()).toMatch(/one training step on wasm, batch 1\n/);
  expect(await costs.locator('tr', { hasText: 'textbook' }).innerText()).toMatch(/^textbook\s+13\s/);
  await costs.locator('button.lines').first().click();
  expect((await lit()).length).toBeGreaterThan(0);
  // Another batch in the text, and the same pane tells of that.
  await line(19).click();
  await page.keyboard.press('End');
  await page.keyboard.type('6');
  await soon(() => costs.innerText()).toMatch(/one training step on wasm, batch 16\n/);
  expect(await violationsIn(page)).toEqual([]);
});

it('edits with the language server', { timeout: 60_000 }, async () => {
  await page.locator('.editor-bar').waitFor();
  const text = async (): Promise<string> => (await page.locator('.editor .cm-line').allTextContents()).join('\n');
  await page.getByRole('button', { name: 'Shapes' }).click();
  await soon(() => page.locator('.shape').allTextContents()).toContain(': [batch, 3]');
  await page.getByRole('button', { name: 'Shapes' }).click();

  await page.getByRole('textbox', { name: 'The model' }).getByText('mean').hover();
  const hover = page.locator('.cm-lsp-hover-tooltip');
  await soon(() => hover.innerText()).toContain('fn mean(x, axis = all, keep = false)');
  await page.getByRole('textbox', { name: 'The model' }).getByText('mean').click();
  await page.keyboard.press('F12');
  const library = page.getByRole('dialog', { name: 'std/' });
  expect(await library.locator('.cm-line.lit').innerText()).toMatch(/^fn mean\(/);
  await library.getByRole('button', { name: 'Close' }).click();

  await line(11).click();
  await page.keyboard.press('Home');
  await page.keyboard.press('F2');
  await page.locator('input[name=name]').fill('hidden');
  await page.keyboard.press('Enter');
  await soon(text).toContain('a3 = sigmoid(hidden @ W3 + b3)');

  await line(12).click();
  await page.keyboard.press('End');
  await page.keyboard.type('\nunread   = hid');
  await soon(() => page.locator('.cm-tooltip-autocomplete li').first().innerText()).toContain('hidden');
  await page.keyboard.press('Escape');
  await page.keyboard.type('den');
  await page.keyboard.press('Shift+Alt+f');
  await soon(text).toContain('  unread = hidden\n');
  await page.getByRole('textbox', { name: 'The model' }).getByText('unread').click();
  await page.keyboard.press('Control+.');
  await page.getByRole('menuitem', { name: 'Leave out unread' }).click();
  await soon(text).not.toContain('unread');
  expect(faults.filter((fault) => !fault.startsWith('http'))).toEqual([]);
});
