// The page of a run, in Chromium: it works offline, on phones and in the dark, is accessible, and answers what a reader asks of a run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warm } from '../cli/nnc.js';
import { faultsOf, openPage, violationsIn, type Served } from './page.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Pictures of 8×8, of which the brighter half tells the class; and a target. */
const rows = Array.from({ length: 60 }, (_, i) => {
  const label = i % 2;
  const pixels = Array.from({ length: 64 }, (_, k) => {
    const bright = Math.floor(k / 32) === label ? 0.6 : 0.2;
    return Math.abs(bright + 0.3 * Math.sin(7.3 * (i + 1) * (k + 1))).toFixed(3);
  });
  return [...pixels, i % 17 === 0 ? 1 - label : label, (label + Math.sin(i) / 4).toFixed(3)].join(',');
});

const classes = `model pictures {
  input x: [batch, 64]
  input label: index(2)[batch]
  probability = x |> dense(8) |> relu |> dense(2) |> softmax
  loss = cross_entropy(probability, label)
  output probability
  train { optimizer = adam(lr = 1e-2), batch = 10, epochs = 20, validation = 0.3, data = csv("rows.csv", x = 0..63, label = 64) }
}
`;

const numbers = `model amounts {
  input x: [batch, 3]
  input y: [batch, 1]
  output amount = x |> dense(8) |> tanh |> dense(1)
  loss = mse(amount, y)
  train { optimizer = adam(lr = 1e-2), batch = 10, epochs = 12, validation = 0.3, data = csv("rows.csv", x = 0..2, y = 65) }
}
`;

beforeAll(() => {
  writeFileSync(join(folder, 'rows.csv'), `${rows.join('\n')}\n`);
  for (const [name, text] of Object.entries({ classes, numbers })) {
    writeFileSync(join(folder, `${name}.nn`), text);
    expect(warm(['train', `${name}.nn`, '--out', name, '--target', 'ts', '--quiet'], { cwd: folder }).status).toBe(0);
  }
});

describe.each([
  ['classes', 390, 'dark'],
  ['classes', 1440, 'light'],
  ['numbers', 390, 'light'],
] as const)('the page of %s, %i pixels wide and %s', (name, width, colorScheme) => {
  let served: Served;
  let faults: readonly string[] = [];
  beforeAll(async () => {
    served = await openPage({ '/favicon.ico': '' }, { viewport: { width, height: 900 }, colorScheme });
    faults = faultsOf(served.page);
    await served.page.setContent(readFileSync(join(folder, name, 'report.html'), 'utf8'));
  });
  afterAll(async () => served.close());

  const count = (selector: string): Promise<number> => served.page.locator(selector).count();

  it('draws its curves, spreads and pictures, and fits its width', async () => {
    const titles = await served.page.locator('.charts:not(.narrow) figcaption').allInnerTexts();
    expect(titles).toEqual(
      expect.arrayContaining(['loss', 'loss, by step', 'learning rate', 'norm of the gradient, by parameter']),
    );
    expect(await count('.charts .uplot canvas')).toBe(titles.length);
    expect(await count('.narrow canvas')).toBeGreaterThan(2);
    expect(await count('.drawing svg')).toBe(1);
    expect(await served.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });

  it('shows the rows that it gets most wrong', async () => {
    if (name === 'numbers') {
      expect(await served.page.locator('figcaption').allInnerTexts()).toContain('predicted, by what is true');
      expect(await count('section tbody tr')).toBeGreaterThan(8);
      return;
    }
    // Painted: not all of one colour.
    const painted = await served.page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.picture');
      const data = canvas?.getContext('2d')?.getImageData(0, 0, 8, 8).data ?? [];
      return new Set(data).size;
    });
    expect(painted).toBeGreaterThan(10);
    expect(await served.page.locator('.cards figcaption').first().innerText()).toMatch(/^[01], but is [01]/);
  });

  it('tells of a warning at its line', async () => {
    if (name === 'numbers') return expect(await count('.warned')).toBe(0);
    expect(await served.page.locator('.warned code').allInnerTexts()).toEqual(['double-softmax']);
    await served.page.locator('.warned a').click();
    expect(await served.page.locator('mark:target').innerText()).toContain('loss = cross_entropy(probability, label)');
  });

  it('asks for nothing, says nothing on the console, and axe-core finds nothing', async () => {
    expect(faults).toEqual([]);
    expect(await violationsIn(served.page)).toEqual([]);
  });
});
