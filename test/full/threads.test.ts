// Random small models have the same bits for any number of threads, whatever the batch.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomModel } from '../support/randomModel.js';
import { sharing } from '../support/sharing.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const train = 'train { optimizer = adam(lr = 1e-2), batch = 20 }';

it('many random models', { timeout: 1_200_000 }, async () => {
  const property = fc.asyncProperty(randomModel, fc.nat(1000), async (model, seed) => {
    const text = model.text.includes('train {') ? model.text : model.text.replace(/\}\s*$/, `  ${train}\n}\n`);
    const plain = await importCode(await runnableText(text, { target: 'wasm' }));
    const shared = await sharing(text);
    const run = async (of: typeof plain, threads: number): Promise<string> => {
      const trainer = await of.createTrainer({ seed, threads });
      const said: unknown[] = [20, 1, 7, 64, 3, 2, 33, 20].map((rows, i) => {
        const inputs = model.inputs(rows, seed + i);
        const { loss, gradients } = trainer.gradients(inputs);
        return [loss, Object.values(gradients).map((g) => Array.from(g)), trainer.step(inputs).loss];
      });
      said.push(Buffer.from(trainer.save({ optimizer: true })).toString('latin1'));
      trainer.dispose();
      return JSON.stringify(said);
    };
    const want = await run(plain, 1);
    for (const threads of [1, 2, 3, 5]) expect((await run(shared, threads)) === want, `${threads}: ${text}`).toBe(true);
  });
  await fc.assert(property, { numRuns: Number(process.env.RUNS ?? 100), seed: 5 });
});
