// The page of examples/draw, built and used as a person would: train, draw, read the answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPage, withWebGpu } from './page.js';

const root = join(import.meta.dirname, '../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnc-draw-'));
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'examples/draw/build.mjs'), folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Draws strokes, each a list of places from 0 to 1, with the mouse. */
async function draw(page: Page, strokes: readonly (readonly (readonly [number, number])[])[]): Promise<void> {
  await page.click('#clear');
  const box = await page.locator('#paper').boundingBox();
  if (!box) throw new Error('the paper is not to be seen');
  const at = ([x, y]: readonly [number, number]): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const place of rest) await page.mouse.move(...at(place), { steps: 4 });
    await page.mouse.up();
  }
}

function arc(x: number, y: number, radius: [number, number], from: number, to: number): [number, number][] {
  return Array.from({ length: 25 }, (_, i) => {
    const angle = from + ((to - from) * i) / 24;
    return [x + radius[0] * Math.cos(angle), y + radius[1] * Math.sin(angle)];
  });
}

const digits: Readonly<Record<string, readonly (readonly (readonly [number, number])[])[]>> = {
  '0': [arc(0.5, 0.5, [0.2, 0.3], 0, 2 * Math.PI)],
  '1': [
    [
      [0.5, 0.2],
      [0.5, 0.8],
    ],
  ],
  '7': [
    [
      [0.3, 0.25],
      [0.7, 0.25],
      [0.45, 0.8],
    ],
  ],
};

const viewports = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
};

it('the page trains, and reads what is drawn, at the width of a phone and of a desktop', async () => {
  const { page, close } = await openPage({ folder, query: '?target=wasm' }, { viewport: viewports.phone });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  try {
    await page.waitForFunction(`Number(document.querySelector('#status').dataset.accuracy) > 0.9`);
    // It begins at log 10.
    expect(Number(await page.getAttribute('#status', 'data-loss'))).toBeLessThan(1);
    expect(await page.textContent('#target')).toBe('WebAssembly');
    for (const [name, viewport] of Object.entries(viewports)) {
      await page.setViewportSize(viewport);
      for (const [digit, strokes] of Object.entries(digits)) {
        await draw(page, strokes);
        await page.waitForFunction(`document.querySelector('#answer').textContent === '${digit}'`);
      }
      const wide = await page.evaluate(`document.documentElement.scrollWidth`);
      expect(wide, name).toBeLessThanOrEqual(viewport.width);
      const pictures = process.env.NNC_SCREENSHOTS;
      if (pictures) await page.screenshot({ path: join(pictures, `draw-${name}.png`), fullPage: true });
    }
    expect(problems).toEqual([]);
  } finally {
    await close();
  }
});

it('the page trains and answers on WebGPU, in the dark', async () => {
  const options = { flags: withWebGpu, colorScheme: 'dark' as const };
  const { page, close } = await openPage({ folder, query: '?target=wgsl' }, options);
  try {
    // In software, some ten steps a second.
    const patient = { timeout: 120_000 };
    await page.waitForFunction(`Number(document.querySelector('#status').dataset.loss) < 1.2`, undefined, patient);
    expect(await page.textContent('#target')).toBe('WebGPU');
    await draw(page, digits[1]);
    await page.waitForFunction(`/^\\d$/.test(document.querySelector('#answer').textContent)`, undefined, patient);
    const brightness = (property: string, selector: string): Promise<number> =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}.match(/\\d+/g)
        .slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0)`);
    expect(await brightness('backgroundColor', 'body')).toBeLessThan(64);
    expect(await brightness('backgroundColor', '#progress')).toBeLessThan(96);
    expect(await brightness('color', 'body')).toBeGreaterThan(192);
    const pictures = process.env.NNC_SCREENSHOTS;
    if (pictures) await page.screenshot({ path: join(pictures, 'draw-dark.png'), fullPage: true });
  } finally {
    await close();
  }
}, 300_000);
