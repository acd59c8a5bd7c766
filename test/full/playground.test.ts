// The playground, used in Chromium as people would use it: at other widths and in other colours, every pane looked at, with their own data, within a lesson, without a network.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { violationsIn } from '../browser/page.js';
import { desk, openSite, phone, standingOut, type Site, type Visit } from '../playground/site.js';
import { press, walk } from '../playground/walk.js';

vi.setConfig({ testTimeout: 300_000 });
let site: Site;
/** The one of the test that runs. */
let visit: Visit;

beforeAll(async () => {
  site = await openSite();
}, 120_000);

afterEach(({ task }) => {
  if (task.result?.state === 'fail') return;
  expect(visit.faults).toEqual([]);
});

afterAll(() => site?.close());

const numbersShown = `document.querySelector('.numbers').innerText`;
const pictures = process.env.NNC_SCREENSHOTS;
const within = () => visit.page.frameLocator('iframe.page:not(.coming)');

/** What axe-core finds, and what stands out of its place, in both colours. */
async function isForEverybody(name: string): Promise<void> {
  const { page } = visit;
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(
      ...[...(await standingOut(page)), ...(await violationsIn(page))].map((each) => `${colorScheme}: ${each}`),
    );
    const { width } = page.viewportSize() ?? desk;
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) });
  }
  expect(found).toEqual([]);
}

describe.each([
  ['a desk, in light', desk, 'light'],
  ['a phone, in the dark', phone, 'dark'],
] as const)('at %s', (_, viewport, colorScheme) => {
  it('the keyboard leads from the first example to its module in Node', async () => {
    visit = await site.visit({ viewport, colorScheme });
    await visit.open('');
    await walk(visit);
    await visit.close();
  });
});

describe.each([
  ['a desk', desk],
  ['a phone', phone],
] as const)(
  'at %s nothing is found by axe-core, nor stands anything out of its place, light or dark:',
  (_, viewport) => {
    beforeAll(async () => {
      visit = await site.visit({ viewport });
    });

    afterAll(() => visit.close());

    it.each(['spirals', 'iris', 'digits', 'moby-dick'])('training of %s, and what is inside', async (example) => {
      const { page } = visit;
      await visit.open(`?example=${example}&pane=train`);
      await page.click('text=Inside the network');
      await page.click('.buttons >> text=Step');
      await page.waitForSelector('.pair');
      await isForEverybody(`train-${example}`);
    });

    it('gradient', async () => {
      await visit.open('?example=textbook&pane=gradient');
      await isForEverybody('gradient');
    });

    it('graph, which begins at its top', async () => {
      await visit.pane('Graph');
      await within().locator('#pane-source g.box').first().waitFor();
      expect(
        await within()
          .locator('#pane-source')
          .evaluate(({ scrollTop }) => scrollTop),
      ).toBe(0);
      await isForEverybody('graph');
    });

    it('code of each target', async () => {
      await visit.pane('Code');
      for (const kind of ['ts', 'wat', 'wasm', 'wgsl']) {
        await visit.page.locator('.tools select').selectOption(kind);
        await visit.settled();
        await isForEverybody(`code-${kind}`);
      }
    });

    it('stages, all of them open', async () => {
      await visit.pane('Stages');
      await visit.page.evaluate(`for (const each of document.querySelectorAll('.passes details')) each.open = true`);
      await isForEverybody('stages');
    });

    it('cost, of a model with long names', async () => {
      await visit.open('?example=moby-dick&pane=cost');
      await isForEverybody('cost');
      // Tables that are too wide are read by keyboard.
      const table = visit.page.getByRole('region', { name: 'Costs by kernel' });
      await table.focus();
      const right = (): Promise<number> => table.evaluate(({ scrollLeft }) => scrollLeft);
      expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true);
      await press(visit.page, 'ArrowRight');
      await expect.poll(right).toBeGreaterThan(0);
    });

    it.each(['Examples', 'Download'])('the drawer %s', async (drawer) => {
      await visit.page.click(`.bar >> text=${drawer}`);
      await isForEverybody(drawer.toLowerCase());
      await press(visit.page, 'Escape');
    });

    it('completion, a problem, and what can be done about it', async () => {
      const { page } = visit;
      await visit.open('?example=xor&pane=train');
      if (viewport === phone) await page.click('#tab-model');
      await page.waitForSelector('.editor-bar');
      await page.click('.editor-bar >> text=Shapes');
      await page.click('.cm-line >> nth=5');
      // A line that is broken has an end for each row.
      await press(page, 'End');
      await press(page, 'End');
      await page.keyboard.type('\nq = tan');
      await page.waitForSelector('.cm-tooltip-autocomplete');
      await isForEverybody('completion');
      await press(page, 'Escape');
      await page.keyboard.type('hh(x)');
      await page.waitForSelector('.problem');
      await press(page, 'Control+.');
      await page.waitForSelector('[role=menu]');
      await isForEverybody('fixes');
    });

    it('a lesson', async () => {
      await visit.open('?embed&example=textbook&pane=gradient');
      await isForEverybody('lesson');
    });
  },
);

describe('at a desk', () => {
  beforeAll(async () => {
    visit = await site.visit();
  });

  afterAll(() => visit.close());

  it('the colours that are chosen in the page are those of pages within it', async () => {
    const { page } = visit;
    // What is emulated would hold for pages within, whatever is chosen here.
    await page.emulateMedia({ colorScheme: null });
    await visit.open('?example=textbook&pane=gradient');
    const ground = (): Promise<string> =>
      within()
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
    await visit.open('?example=xor');
    const project = unzipSync(await visit.taken('Project'));
    const at = join(site.folder, 'taken');
    for (const [file, content] of Object.entries(project)) {
      mkdirSync(dirname(join(at, file)), { recursive: true });
      writeFileSync(join(at, file), content);
    }
    const run = spawnSync(process.execPath, ['train.mjs'], { cwd: join(at, 'xor'), encoding: 'utf8', timeout: 60_000 });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^epoch 1\/2000 {2}loss 0\.\d+ {2}right 0\.\d+$/m);
    expect(run.stdout).toMatch(/^epoch 2000\/2000 {2}loss \S+ {2}right 1\.000$/m);
  });

  it('a csv of the user’s own is trained on, and what does not fit is said as nnc says it', async () => {
    const { page } = visit;
    await visit.open('?example=textbook');
    const file = (text: string): Promise<void> =>
      page.setInputFiles('input[type=file]', { name: 'own.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await file('a,b,c\n0,0,0\n1,1,high\n');
    await page.waitForSelector('.failed:not([hidden])');
    expect(await page.innerText('.failed')).toContain('own.csv, line 3');
    await file('a,b\n0,0\n');
    await visit.until(`document.querySelector('.failed').innerText.includes('column 2')`, 'a column that is missing');
    expect(await page.innerText('.failed')).toMatch(/\nits 2 columns are "a", "b"$/);
    await file('a,b,c\n0,0,0\n1,1,1\n1,0,1\n');
    await visit.until(`/^rows\\n3$/m.test(${numbersShown})`, 'three rows');
    // Beside its place a file would take that of the page.
    await page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['0,0,1\\n1,1,0\\n'], 'dropped.csv'));
      const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
      document.querySelector('.curve').dispatchEvent(event);
    })()`);
    await visit.until(`/^rows\\n2$/m.test(${numbersShown})`, 'two rows');
  });

  it('a tab that is loaded again, and going back and forward, show what was there', async () => {
    const { page } = visit;
    const begins = async (text: string): Promise<void> => {
      await visit.until(`document.querySelector('.cm-content').innerText.startsWith('${text}')`, text);
      await visit.settled();
    };
    await visit.open('');
    await page.click('.cm-content');
    await press(page, 'ControlOrMeta+Home');
    await page.keyboard.type('// Mine.');
    await visit.example('Irises');
    await visit.pane('Cost');
    await page.reload();
    await begins('// Fisher');
    expect(await page.getAttribute('[aria-selected=true]', 'id')).toBe('tab-cost');
    await page.goBack();
    await begins('// Mine.');
    await page.reload();
    await begins('// Mine.');
    await page.goForward();
    await begins('// Fisher');
    await page.goBack();
    await begins('// Mine.');
  });

  it('a view of a text with errors says so, and what is told of one that stays as it is is not told again', async () => {
    const { page } = visit;
    await visit.open('?example=xor&pane=cost');
    expect(await page.getAttribute('.cm-content', 'aria-description')).toContain('Escape and then Tab');
    await page.evaluate(`globalThis.told = 0; new MutationObserver(() => globalThis.told++)
      .observe(document.querySelector('.problems'), { childList: true, subtree: true, characterData: true })`);
    await page.click('.cm-line >> nth=1');
    await press(page, 'End');
    await page.keyboard.type(' // as before');
    await page.waitForTimeout(1000);
    await visit.settled();
    expect(await page.evaluate('globalThis.told')).toBe(0);
    await page.keyboard.type('\n(');
    const stale = page.locator('.stale:not([hidden])');
    await stale.waitFor();
    expect(await stale.innerText()).toBe('The model has errors: this is of the text before them');
    await page.waitForTimeout(1000);
    await page.reload();
    await stale.waitFor();
    expect(await stale.innerText()).toBe('The model has errors: this view comes once it has none');
  });

  it('a checkpoint can be had while the run is prepared', async () => {
    const { page } = visit;
    await page.goto(new URL('/?example=digits', page.url()).href);
    await page.waitForSelector('.primary:has-text("Preparing")');
    expect((await visit.taken('Checkpoint')).length).toBeGreaterThan(400_000);
  });

  it('pictures have their colours where a user forces others, and the loss is drawn in a browser of no language', async () => {
    const { page } = visit;
    await page.addInitScript(
      `Object.defineProperty(Navigator.prototype, 'language', { value: 'en-US@posix', configurable: true })`,
    );
    await page.emulateMedia({ forcedColors: 'active' });
    await visit.open('?example=spirals&pane=train');
    await page.click('.buttons >> text=Step');
    await page.waitForSelector('.curve canvas');
    const colours = await page.evaluate(`(() => {
      const { data } = document.querySelector('canvas.plane').getContext('2d').getImageData(0, 0, 520, 520);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`);
    expect(colours).toBeGreaterThan(20);
    await page.emulateMedia({ forcedColors: null });
  });

  it('a loss that is not finite stops the run and is told of once; without WebGPU one is told what there is', async () => {
    const { page } = visit;
    await visit.open('?example=textbook');
    await page.click('.cm-content');
    await press(page, 'ControlOrMeta+a');
    await page.keyboard.insertText(
      'model m {\n  input x: [batch, 2]\n  input y: [batch, 1]\n  loss = mean(((x |> dense(1)) - y)^2)\n' +
        '  train {\n    optimizer = sgd(lr = 1e20)\n    batch     = 1\n    epochs    = 200000\n  }\n}\n',
    );
    const failed = page.locator('.failed:not([hidden])');
    await page.click('.primary');
    await failed.waitFor();
    expect(await failed.innerText()).toMatch(/^The loss is (?:Infinity|NaN) at step \d: try a lower learning rate\.$/);
    expect(await page.innerText('.primary')).toBe('Train');
    await page.click('.primary');
    await failed.waitFor({ state: 'detached' });
    expect(await page.innerText('.primary')).toBe('Pause');
    await page.selectOption('#target', 'wgsl');
    await page.click('.primary');
    await failed.waitFor();
    expect(await failed.innerText()).toBe(
      'WebGPU is not to be had in this browser, or on this machine: WebAssembly and TypeScript train everywhere',
    );
    // What is chosen stays with the tab.
    await page.selectOption('#target', 'wasm');
  });

  it('a lesson shows one pane of an example within another page', async () => {
    const { page } = visit;
    await visit.open('?embed&example=textbook&pane=gradient');
    expect(await page.getAttribute('[aria-selected=true]', 'id')).toBe('tab-gradient');
    expect(await page.locator('.bar >> text=Examples').count()).toBe(0);
    expect(await within().locator('body').innerText()).toContain('the gradient of loss, numbers at init');
  });

  it('without a network the page opens, compiles and trains', async () => {
    const { page } = visit;
    await visit.open('');
    await page.evaluate(`navigator.serviceWorker.ready.then(() => true)`);
    await page.context().setOffline(true);
    try {
      await page.reload();
      await visit.example('Exclusive or');
      await page.click('.primary');
      await visit.until(`/^right\\n1\\.000$/m.test(${numbersShown})`, 'a network that tells all points');
    } finally {
      await page.context().setOffline(false);
    }
  });
});
