// The playground, built and opened in Chromium: how much is loaded at first, and that it is for everybody.
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { violationsIn } from '../browser/page.js';
import { desk, openSite, patient, phone, type Site } from './site.js';

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

it('loads less than 500 KB packed at first, and finds no problem in the first example', async () => {
  await site.page.goto(site.at(''));
  await site.settled();
  // The language server comes once the first text is checked.
  const servers = (): string[] => [...site.fetched.keys()].filter((file) => /\/language-[^/]*\.js$/.test(file));
  await vi.waitFor(() => expect(servers()).toHaveLength(2), { ...patient, interval: 100 });
  await site.page.waitForTimeout(2000);
  const all = [...site.fetched.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect([...site.fetched.keys()].some((file) => /\/worker-/.test(file))).toBe(true);
  expect(all).toBeGreaterThan(200_000);
  expect(all).toBeLessThan(500_000);
});

it.each([
  ['a desk', desk, 'light'],
  ['a phone', phone, 'dark'],
] as const)('nothing is found by axe-core at %s', async (_, viewport, colorScheme) => {
  await site.page.emulateMedia({ colorScheme });
  await site.page.setViewportSize(viewport);
  await site.page.goto(site.at('?example=iris&pane=train'));
  await site.page.waitForSelector('.samples table', patient);
  expect(await site.page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
  expect(await violationsIn(site.page)).toEqual([]);
  const pictures = process.env.NNC_SCREENSHOTS;
  if (pictures) await site.page.screenshot({ path: join(pictures, `playground-${viewport.width}-${colorScheme}.png`) });
});

it('the keyboard reaches all: out of the editor, along the tabs, to the points that are drawn', async () => {
  await site.page.goto(site.at('?example=spirals'));
  await site.settled();
  await site.page.focus('.cm-content');
  await site.page.keyboard.press('Escape');
  await site.page.keyboard.press('Shift+Tab');
  expect(await site.page.evaluate('document.activeElement.role')).toBe('tab');
  await site.page.keyboard.press('End');
  expect(await site.page.evaluate(`document.querySelector('[aria-selected=true]').id`)).not.toBe('tab-train');
  await site.page.keyboard.press('Home');
  expect(await site.page.evaluate(`document.querySelector('[aria-selected=true]').id`)).toBe('tab-train');
  await site.page.waitForSelector('canvas.plane', patient);
  await site.page.focus('canvas.plane');
  const label = (): Promise<string | null> => site.page.getAttribute('canvas.plane', 'aria-label');
  const before = Number(/\d+/.exec((await label()) ?? '')?.[0]);
  for (const key of ['ArrowUp', 'ArrowLeft', 'Space']) await site.page.keyboard.press(key);
  expect(await label()).toMatch(new RegExp(`^${before + 1} points of 2 classes`));
});
