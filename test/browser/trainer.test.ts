// The same module in Node and in a page: one file, no imports, the same training.
import { describe, expect, it } from 'vitest';
import { compileText, importCode, type LoadedModule } from '../support/trainer.js';
import { openPage } from './page.js';

const model = `
model digits(hidden = 24) {
  input image: [batch, 30]
  input label: index(5)[batch]
  logits = image |> dense(hidden) |> gelu |> dropout(0.1) |> layer_norm |> dense(5)
  output probability = softmax(logits)
  loss = cross_entropy(logits, label)
  metric right = accuracy(logits, label)
  train { optimizer = adamw(lr = cosine(peak = 1e-2, steps = 200), weight_decay = 0.01), batch = 16, epochs = 3, seed = 4 }
}
`;

interface Outcome {
  readonly losses: number[];
  readonly steps: number;
  /** FNV-1a of the bytes of the checkpoint. */
  readonly digest: number;
  readonly probability: number[];
}

/** Runs in Node and in the page alike, so it stands on nothing outside. */
async function trainIn(module: LoadedModule): Promise<Outcome> {
  let state = 7;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const rows = 100;
  const image = Float32Array.from({ length: rows * 30 }, draw);
  const label = Int32Array.from({ length: rows }, (_, i) => Math.floor(4.999 * (image[30 * i] * 0.7 + 0.3 * draw())));
  const trainer = await module.createTrainer();
  const losses: number[] = [];
  for await (const progress of trainer.fit({ image, label }, { validation: 0.1 }))
    losses.push((progress.losses as Record<string, number>).loss);
  const bytes = await trainer.save({ optimizer: true });
  let digest = 2166136261;
  for (const byte of bytes) digest = Math.imul(digest ^ byte, 16777619) >>> 0;
  const { probability } = await trainer.predict({ image: image.slice(0, 60) });
  const outcome = { losses, steps: trainer.stepCount, digest, probability: Array.from(probability) };
  trainer.dispose();
  return outcome;
}

describe.each(['ts', 'wasm'] as const)('a module for %s', (target) => {
  it('trains in Chromium as it does in Node', async () => {
    const code = await compileText(model, { target });
    const here = await trainIn(await importCode(code));
    const { page, close } = await openPage({ '/trainer.js': code });
    try {
      const there: Outcome = await page.evaluate(
        `import('/trainer.js').then((module) => (${trainIn.toString()})(module))`,
      );
      expect(here.losses[2]).toBeLessThan(here.losses[0]);
      expect(there.steps).toBe(18);
      if (target === 'wasm') expect(there).toEqual(here);
      // Math.exp and its like may differ in the last bit from engine to engine.
      else
        for (const [i, loss] of there.losses.entries())
          expect(Math.abs(loss - here.losses[i])).toBeLessThan(1e-4 * here.losses[i]);
    } finally {
      await close();
    }
  });
});
