// The page that `nnc grad` writes, in Chromium: it works without a network, by keyboard alone, and is accessible.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printDerivationPage } from '../../src/inspect/print/html/page.js';
import { full } from '../support/full.js';
import { faultsOf, openPage, violationsIn, type Served } from './page.js';

const root = join(import.meta.dirname, '../..');

const pages = new Map<string, Promise<string>>();

async function pageOf(file: string, text: string): Promise<string> {
  const { model } = check({ file, text });
  if (!model) throw new Error(`${file} does not compile`);
  return printDerivationPage(model, derivationOf(model), { source: text });
}

describe.each([
  ['textbook', 390, 'dark', 'a2', 11],
  ['textbook', 1440, 'light', 'a2', 11],
  ['lenet', 390, 'light', 'shapes_relu', 8],
  ['lenet', 1440, 'dark', 'shapes_relu', 8],
] as const)('the derivation of %s, %i pixels wide and %s', (name, width, colorScheme, term, line) => {
  let served: Served;
  let faults: readonly string[] = [];
  beforeAll(async () => {
    served = await openPage({ '/favicon.ico': '' }, { viewport: { width, height: 900 }, colorScheme });
    faults = faultsOf(served.page);
    const file = `examples/${name}/${name}.nn`;
    const page = pages.get(name) ?? pageOf(file, readFileSync(join(root, file), 'utf8'));
    pages.set(name, page);
    await served.page.setContent(await page);
  });
  afterAll(async () => served.close());

  const lit = (selector: string): Promise<string[]> =>
    served.page.locator(selector).evaluateAll((found) =>
      // Without the letters of its axes, where a line is told element by element.
      found.map((each) => each.getAttribute('data-name')?.replace(/\[[^\]]*\]$/, '') ?? each.id),
    );

  it('fits the screen', async () => {
    expect(await served.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });

  // Both pages, both widths, both schemes.
  if (full || (name === 'textbook') === (width === 390))
    it('is accessible, says axe-core', async () => {
      expect(await violationsIn(served.page)).toEqual([]);
    });

  it('lights up what a term comes from, what it goes into, its line and its kernel', async () => {
    const { page } = served;
    await page.locator(`#derivation li[data-name="${term}"] .left`).first().hover();
    expect(await lit('#derivation li.own')).toEqual([term]);
    expect(await lit('#derivation li.from')).toEqual([`z_${term}`]);
    expect(await lit('#derivation li.to')).toContain(`δ_${term}`);
    expect(await lit('#source li.own')).toEqual([`L${line}`]);
    expect((await lit('details.kernel.own')).length).toBeGreaterThan(0);
    expect(await page.locator('#told').innerText()).toContain(`source line ${line}`);
    await page.mouse.move(1, 1);
    expect(await lit('.own, .from, .to')).toEqual([]);
  });

  it('goes from a term in a formula to the line that defines it', async () => {
    await served.page.locator(`#derivation li[data-name="${term}"] mrow[data-t]`).first().hover();
    expect(await lit('#derivation li.own')).toEqual([`z_${term}`]);
    await served.page.mouse.move(1, 1);
  });

  it('does it back: from a line of the source, and by keyboard from a kernel', async () => {
    const { page } = served;
    await page.locator(`#L${line} a`).focus();
    expect(await lit('#derivation li.own')).toEqual(expect.arrayContaining([term, `δ_${term}`]));
    expect((await lit('details.kernel.own')).length).toBeGreaterThan(0);
    const kernel = page.locator('details.kernel').last();
    await kernel.locator('summary').focus();
    const open = await kernel.evaluate((found: HTMLDetailsElement) => found.open);
    await page.keyboard.press('Enter');
    expect(await kernel.evaluate((found: HTMLDetailsElement) => found.open)).toBe(!open);
    expect((await lit('#derivation li.own')).length).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    expect(await lit('.own, .from, .to')).toEqual([]);
  });

  it('opens everything on paper', async () => {
    const { page } = served;
    const folded = (): Promise<number> => page.locator('details:not([open])').count();
    const before = await folded();
    expect(before).toBeGreaterThan(0);
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    expect(await folded()).toBe(0);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await folded()).toBe(before);
  });

  it('asks for nothing, and nothing fails', () => {
    expect(faults).toEqual([]);
  });
});

it(
  'a transformer of 12 layers is a page of less than 400 KB, which opens within two seconds',
  { timeout: 120_000 },
  async () => {
    const text = `model deep {
  input tokens: index(16)[batch, 8]
  input next: index(16)[batch, 8]
  h = tokens |> embedding(16) |> positions() |> repeat(12, transformer_block(2, causal = true)) |> layer_norm()
  logits = h |> dense(16)
  output logits
  loss = cross_entropy(logits, next)
  train {
    optimizer = adam(lr = 0.001)
    batch     = 4
  }
}`;
    const html = await pageOf('deep.nn', text);
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
    const served = await openPage({ '/favicon.ico': '' }, { viewport: { width: 1440, height: 900 } });
    try {
      const times: number[] = [];
      // Other tests run beside this one: the best of three, where the first is not quick enough.
      while (times.length < 3 && !(Math.min(...times) < 2000)) {
        const start = performance.now();
        await served.page.setContent(html);
        await served.page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
        times.push(performance.now() - start);
      }
      expect(Math.min(...times)).toBeLessThan(2000);
      // Every copy has its gradients in the one line that stands for all of them.
      const only = await served.page.locator('#derivation li[data-name="∂loss/∂mlp.dense.W[k, c]"]').count();
      expect(only).toBe(1);
    } finally {
      await served.close();
    }
  },
);
