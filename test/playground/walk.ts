// A person's whole way through the playground, with the keyboard alone: a model is broken, put right, trained, seen inside, shared, opened again and taken away.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Visit } from './site.js';

/** What has the focus, as readers of screens name it, more or less. */
const focused = `(({ ariaLabel, labels, textContent }) => ariaLabel ?? labels?.[0]?.textContent ?? textContent)(document.activeElement).trim()`;
const inEditor = `document.activeElement.closest('.cm-content') !== null`;

/** So many elements are passed on the way to one. */
const most = 80;

type Key = 'Tab' | 'Shift+Tab';

/** Goes by Tab to what has a name that begins so. */
export function goTo(page: Page, name: string, key?: Key): Promise<void> {
  return goOn(page, `${focused}.startsWith(${JSON.stringify(name)})`, key);
}

/** Goes by Tab until something holds; out of an editor, whose Tab indents, by Escape first. */
async function goOn(page: Page, isThere: string, key: Key = 'Tab'): Promise<void> {
  for (let i = 0; i < most; i++) {
    const [isHere, isInEditor] = await page.evaluate<[boolean, boolean]>(`[${isThere}, ${inEditor}]`);
    if (isHere) return;
    if (isInEditor) await page.keyboard.press('Escape');
    await page.keyboard.press(key);
  }
  throw new Error(`Tab does not lead to where ${isThere}`);
}

export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Along the tabs by arrows, from wherever the focus is. */
export async function tabBy(page: Page, title: string): Promise<void> {
  await goOn(page, `document.activeElement.role === 'tab'`, 'Shift+Tab');
  await press(page, 'Home');
  for (let i = 0; i < 8 && (await page.evaluate(focused)) !== title; i++) await press(page, 'ArrowRight');
  expect(await page.evaluate(focused)).toBe(title);
}

async function savedBy(page: Page, title: string): Promise<Buffer> {
  await goTo(page, 'Download', 'Shift+Tab');
  await press(page, 'Enter');
  await goTo(page, title);
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Enter')]);
  return readFileSync(await download.path());
}

interface Trainer {
  predict(inputs: object): { p: Float32Array };
}

const numbersShown = `document.querySelector('.numbers').innerText`;

/** From the first example, as it is opened, to its module in Node. */
export async function walk({ page, settled, until, folder, faults }: Visit): Promise<void> {
  const isNarrow = (page.viewportSize()?.width ?? 0) < 900;
  const atLine = async (line: number): Promise<void> => {
    // Arrows go by lines of the screen, of which a line of the text may take several; so does End, until it is pressed again.
    await press(page, 'ControlOrMeta+Alt+g');
    await page.keyboard.type(String(line));
    await press(page, 'Enter', 'End', 'End');
  };
  const shown = (pattern: RegExp): Promise<void> =>
    until(`${String(pattern)}.test(${numbersShown})`, `numbers like ${String(pattern)}`);
  await page.evaluate('document.activeElement.blur()');
  await goTo(page, 'The model');
  await atLine(6);
  await page.keyboard.type(' + q');
  await page.waitForSelector('.problem');
  expect(await page.innerText('.problems')).toBe(
    'line 6 dense(1) + q cannot be called\n|> binds more loosely than +: write (x |> dense(hidden) |> tanh |> dense(1)) + q',
  );
  await goTo(page, 'line 6');
  await press(page, 'Enter');
  expect(await page.evaluate(inEditor)).toBe(true);
  await press(page, ...Array.from({ length: 4 }, () => 'ControlOrMeta+z'));
  await settled();
  await atLine(1);
  await page.keyboard.type(' Mine.');
  await settled();

  if (isNarrow) await tabBy(page, 'Train');
  await goTo(page, 'Step');
  await press(page, 'Enter');
  await shown(/^step\n1$/m);
  await goTo(page, 'Train', 'Shift+Tab');
  await press(page, 'Enter');
  await shown(/^right\n1\.000$/m);
  // It may have done all its epochs by now.
  if ((await page.textContent('.primary')) === 'Pause') await press(page, 'Enter');
  await until(`document.querySelector('.primary').textContent === 'Train'`, 'a run that is paused or over');
  expect(Number(/^step\n([\d,]+)$/m.exec(await page.innerText('.numbers'))?.[1].replace(',', ''))).toBeGreaterThan(10);
  await goTo(page, 'Inside the network');
  await press(page, 'Enter');
  await page.waitForSelector('.pair');
  const pictures = await page.$$eval('.pair canvas', (all) => all.map((canvas) => canvas.getAttribute('aria-label')));
  expect(pictures).toContainEqual(expect.stringMatching(/^z\.dense\.W, from /));
  expect(pictures).toContainEqual(expect.stringMatching(/^d_z\.dense\.W, from /));
  const parameters = await savedBy(page, 'Checkpoint');

  await tabBy(page, 'Gradient');
  await settled();
  const derivation = page.frameLocator('iframe.page:not(.coming)').locator('body');
  expect(await derivation.innerText()).toContain('the gradient of loss, numbers at init');

  await goTo(page, 'Share', 'Shift+Tab');
  await press(page, 'Enter');
  await until(`location.hash !== ''`, 'a link in the address');
  const link = page.url();
  expect(link).toMatch(/#1\.[\w-]+$/);
  await page.goto('about:blank');
  await page.goto(link);
  await settled();
  if (isNarrow) await tabBy(page, 'Model');
  expect(await page.innerText('.cm-content')).toContain('four units. Mine.');

  const file = join(folder, 'taken.mjs');
  writeFileSync(file, await savedBy(page, 'Module in JavaScript'));
  const { createTrainer } = (await import(`${file}?${Date.now()}`)) as {
    createTrainer(options: object): Promise<Trainer>;
  };
  const trainer = await createTrainer({ parameters });
  const { p } = trainer.predict({ x: Float32Array.of(0.5, 0.5, -0.5, 0.5) });
  expect([...p].map(Math.round)).toEqual([0, 1]);
  expect(faults).toEqual([]);
}
