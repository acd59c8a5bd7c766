// A thousand steps: what targets have in common at the end, and that WebAssembly gives the same bits in every run and engine.
import { expect, it } from 'vitest';
import { openPage } from '../browser/page.js';
import { classifier, trainLong, type LongRun } from '../support/longRun.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const steps = 1000;

async function run(target: 'ts' | 'wasm'): Promise<LongRun> {
  return trainLong(await importCode(await runnableText(classifier, { target })), steps);
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

it('the loss goes the same way on ts and wasm', async () => {
  const [ts, wasm] = [await run('ts'), await run('wasm')];
  // At the start the difference is that of rounding in one step.
  for (let i = 0; i < 10; i++)
    expect(Math.abs(wasm.losses[i] - ts.losses[i]), `step ${i + 1}`).toBeLessThan(1e-5 * ts.losses[i]);
  // Then it grows, but both learn the same: means over a hundred steps stay together.
  for (let start = 0; start < steps; start += 100) {
    const [a, b] = [ts, wasm].map(({ losses }) => mean(losses.slice(start, start + 100)));
    expect(Math.abs(b - a), `from step ${start}`).toBeLessThan(0.02 * a + 0.002);
  }
  expect(mean(ts.losses.slice(-100))).toBeLessThan(0.5 * mean(ts.losses.slice(0, 100)));
});

it('wasm gives the same bits in every run, in Node and in Chromium', async () => {
  const code = await runnableText(classifier, { target: 'wasm' });
  const runs = [await trainLong(await importCode(code), steps), await trainLong(await importCode(code), steps)];
  const { page, close } = await openPage({ '/trainer.js': code });
  try {
    const there: LongRun = await page.evaluate(
      `import('/trainer.js').then((module) => (${trainLong.toString()})(module, ${steps}))`,
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(there).toEqual(runs[0]);
  } finally {
    await close();
  }
});
