// Threads in a page: where memory can be shared they give the bits of one thread in Node, elsewhere there is one.
import { describe, expect, it } from 'vitest';
import { importCode, type LoadedModule } from '../support/trainer.js';
import { openPage } from './page.js';
import { runnableText } from '../support/runnable.js';
import { holding } from '../support/sharing.js';

const model = `
model digits(hidden = 96) {
  input image: [batch, 60]
  input label: index(5)[batch]
  logits = image |> dense(hidden) |> gelu |> dropout(0.1) |> layer_norm |> dense(hidden) |> gelu |> dense(5)
  output probability = softmax(logits)
  loss = cross_entropy(logits, label)
  train { optimizer = adam(lr = 1e-3), batch = 64, seed = 4 }
}
`;

interface Outcome {
  readonly losses: number[];
  /** FNV-1a of the bytes of the checkpoint. */
  readonly digest: number;
}

/** Runs in Node and in the page alike, so it stands on nothing outside. */
async function trainIn(module: LoadedModule, threads: number): Promise<Outcome> {
  let state = 7;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const rows = 100;
  const image = Float32Array.from({ length: rows * 60 }, draw);
  const label = Int32Array.from({ length: rows }, () => Math.floor(4.999 * draw()));
  const trainer = await module.createTrainer({ threads, batch: 10 });
  const losses: number[] = [];
  for (const size of [64, 10, 100, 33, 64, 1])
    for (let i = 0; i < 10; i++)
      losses.push(trainer.step({ image: image.slice(0, size * 60), label: label.slice(0, size) }).loss);
  const bytes = await trainer.save({ optimizer: true });
  let digest = 2166136261;
  for (const byte of bytes) digest = Math.imul(digest ^ byte, 16777619) >>> 0;
  trainer.dispose();
  return { losses, digest };
}

describe('three threads', () => {
  it.each([true, false])('in a page, isolated: %s', async (isolated) => {
    const code = await runnableText(model, { target: 'wasm', threads: true });
    const here = await trainIn(await importCode(code), 1);
    const { page, close } = await openPage({ '/trainer.js': code }, { isolated });
    let most = 0;
    page.on('worker', () => (most = Math.max(most, page.workers().length)));
    try {
      const there: Outcome = await page.evaluate(
        `import('/trainer.js').then((module) => (${trainIn.toString()})(module, 3))`,
      );
      expect(there).toEqual(here);
      expect(most).toBe(isolated ? 2 : 0);
      await expect.poll(() => page.workers().length, { timeout: 10_000 }).toBe(0);
    } finally {
      await close();
    }
  });
});

it('a thread that is ended makes an error of the call that waits for it', async () => {
  const code = holding(await runnableText(model, { target: 'wasm', threads: true }), 2);
  // A minute is long for a test.
  const hasty = code.replace('team.silence > 60', 'team.silence > 2');
  expect(hasty).not.toBe(code);
  const { page, close } = await openPage({ '/trainer.js': hasty }, { isolated: true });
  try {
    const said: unknown = await page.evaluate(`(async () => {
      const workers = [];
      globalThis.Worker = class extends Worker {
        constructor(url) { super(url); workers.push(this); }
      };
      const { createTrainer } = await import('/trainer.js');
      const trainer = await createTrainer({ threads: 3 });
      const rows = { image: new Float32Array(64 * 60), label: new Int32Array(64) };
      workers[1].terminate();
      // Chromium lets it go on for two seconds.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      try {
        trainer.step(rows);
      } catch (error) {
        return [error.message, trainer.step(rows).loss > 0];
      }
    })()`);
    expect(said).toEqual([expect.stringContaining('a thread has ended'), true]);
  } finally {
    await close();
  }
});
