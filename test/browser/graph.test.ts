// The page that `nnc graph` writes, in Chromium: it works without a network, by keyboard alone, and is accessible.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { printGraphPage } from '../../src/inspect/graph/page.js';
import { pictureOf } from '../../src/inspect/graph/stages.js';
import { faultsOf, openPage, violationsIn, type Served } from './page.js';

const root = join(import.meta.dirname, '../..');

function pageOf(name: string): string {
  const file = `examples/${name}/${name}.nn`;
  const { model } = check({ file, text: readFileSync(join(root, file), 'utf8') });
  if (!model) throw new Error(`${name} does not compile`);
  return printGraphPage(pictureOf(model));
}

describe.each([
  ['textbook', 390, 'dark'],
  ['lenet', 1440, 'light'],
] as const)('the page of %s, %i pixels wide and %s', (name, width, colorScheme) => {
  let served: Served;
  let faults: readonly string[] = [];
  beforeAll(async () => {
    served = await openPage({ '/favicon.ico': '' }, { viewport: { width, height: 900 }, colorScheme });
    faults = faultsOf(served.page);
    await served.page.setContent(pageOf(name));
  });
  afterAll(async () => served.close());

  const boxes = (stage: string): Promise<number> => served.page.locator(`#pane-${stage} .box`).count();

  it('shows every stage, and axe-core finds nothing', async () => {
    for (const stage of ['source', 'forward', 'backward', 'fused']) expect(await boxes(stage)).toBeGreaterThan(3);
    expect(await violationsIn(served.page)).toEqual([]);
  });

  it('opens and closes a layer by keyboard', async () => {
    const group = served.page.locator('#pane-forward .box[aria-expanded="true"]').first();
    const before = await boxes('forward');
    await group.focus();
    await served.page.keyboard.press('Enter');
    expect(await boxes('forward')).toBeLessThan(before);
    await served.page.keyboard.press('Enter');
    expect(await boxes('forward')).toBe(before);
  });

  it('shows what a box of one stage is in the others, and finds boxes', async () => {
    const { page } = served;
    await page.locator('#pane-forward .box:is(.operation, .result)').first().focus();
    await page.keyboard.press(' ');
    for (const stage of ['source', 'forward', 'fused'])
      expect(await page.locator(`#pane-${stage} .box.near`).count(), stage).toBeGreaterThan(0);
    expect(await page.locator('#details').innerText()).toContain('formula');
    await page.keyboard.press('Escape');
    expect(await page.locator('.box.near').count()).toBe(0);
    await page.locator('#search').fill('loss');
    expect(await page.locator('.box.near').count()).toBeGreaterThan(0);
    await page.locator('#search').fill('no such thing');
    expect(await page.locator('#details').innerText()).toContain('nothing is called no such thing');
  });

  it('colours kernels by their share of the work', async () => {
    const { page } = served;
    const heated = (): Promise<number> => page.locator('#pane-fused .box > rect[style*="color-mix"]').count();
    expect(await heated()).toBe(0);
    await page.locator('#overlay').selectOption('operations');
    expect(await heated()).toBeGreaterThan(0);
  });

  it('lists the kernels that take most, and leads to each', async () => {
    const { page } = served;
    await page.locator('#overlay').selectOption('operations');
    const entries = await page.locator('#details ol button').allInnerTexts();
    const shares = entries.map((entry) => Number.parseFloat(entry));
    expect(shares.length).toBeGreaterThan(0);
    expect([...shares].sort((a, b) => b - a)).toEqual(shares);
    const last = page.locator('#details ol button').last();
    const name = (await last.innerText()).replace(/^\S+ %\s+/, '');
    await last.click();
    expect(await page.locator('#details').innerText()).toContain(name);
    const shown = await page.evaluate((key) => {
      const box = document.querySelector(`#pane-fused [data-key="${CSS.escape(key)}"]`)?.getBoundingClientRect();
      const frame = document.querySelector('#pane-fused')?.getBoundingClientRect();
      return box && frame && box.right > frame.left && box.left < frame.right;
    }, `${name}/`);
    expect(shown).toBe(true);
  });

  it('asks for nothing, and nothing fails', () => {
    expect(faults).toEqual([]);
  });
});
