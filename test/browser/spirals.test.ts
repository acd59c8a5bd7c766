// The page of examples/spirals: a run that was paused, reloaded and killed ends with the weights of one that was not.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPage, violationsIn } from './page.js';

const root = join(import.meta.dirname, '../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnc-spirals-'));
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'examples/spirals/build.mjs'), folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const query = '?epochs=600&every=50';

/** A number that the page tells of itself, once it satisfies the condition. */
async function steps(page: Page, selector: string, condition: string): Promise<number> {
  const told = `Number(document.querySelector('${selector}').dataset.steps ?? NaN)`;
  await page.waitForFunction(`((n) => ${condition})(${told})`);
  return page.evaluate(told);
}

async function ended(page: Page, state: 'paused' | 'done'): Promise<{ steps: string | null; weights: string | null }> {
  await page.waitForSelector(`#status[data-state="${state}"]`);
  return { steps: await page.getAttribute('#status', 'data-steps'), weights: await page.textContent('#weights') };
}

it('goes on from its checkpoint after a pause, a reload and a kill, and ends with the same weights', async () => {
  const calm = await openPage({ folder, query });
  const whole = await ended(calm.page, 'done');
  expect(whole.steps).toBe('15000');
  expect(await calm.page.textContent('#status')).toMatch(
    /^done after 15,000 steps: loss 0\.\d+, (9\d\.\d|100\.0) % right/,
  );
  expect(Number(await calm.page.getAttribute('#from', 'data-steps'))).toBe(0);
  expect(await violationsIn(calm.page)).toEqual([]);
  const pictures = process.env.NNC_SCREENSHOTS;
  if (pictures) await calm.page.screenshot({ path: join(pictures, 'spirals.png') });
  await calm.close();

  const { page, close } = await openPage({ folder, query });
  const problems: string[] = [];
  const watch = (each: Page): unknown => each.on('pageerror', ({ message }) => problems.push(message));
  watch(page);
  // A reload in the middle of a step.
  const first = await steps(page, '#saved', 'n > 0');
  await page.reload();
  const second = await steps(page, '#from', 'n > 0');
  expect(second).toBeGreaterThanOrEqual(first);
  expect(second).toBeLessThan(15000);
  // A pause, which a reload does not end.
  // Clicked in the page itself: by the time that this process knew, a fast machine would be done.
  await steps(page, '#saved', `n > ${second} && (document.querySelector('#pause').click(), true)`);
  const paused = await ended(page, 'paused');
  await page.reload();
  expect(await ended(page, 'paused')).toEqual(paused);
  await page.click('#pause');
  await steps(page, '#saved', `n > ${paused.steps}`);
  // A tab that is killed, and another one.
  const address = page.url();
  const killed = page.waitForEvent('crash');
  await page.goto('chrome://crash').catch(() => undefined);
  await killed;
  const other = await page.context().newPage();
  watch(other);
  await other.goto(address);
  const third = await steps(other, '#from', 'n > 0');
  expect(third).toBeGreaterThan(Number(paused.steps));
  expect(await ended(other, 'done')).toEqual(whole);
  // A new run begins at the beginning.
  await other.click('#over');
  await steps(other, '#from', 'n === 0');
  expect(await ended(other, 'done')).toEqual(whole);
  expect(problems).toEqual([]);
  await close();
});
