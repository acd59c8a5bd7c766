// Adapters of low rank teach a network that stays as it is, and what they have learnt goes back into it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { trainExample } from './train.js';

const folder = join(import.meta.dirname, '../../examples/lora');
const load = async (set: Record<string, number>) =>
  importCode(await runnableText(readFileSync(join(folder, 'digits.nn'), 'utf8'), { target: 'wasm', set }));

describe('lora', () => {
  it('reads turned digits by 4 % of the weights, which merge into the network without adapters', async () => {
    const { adapt, trainedIn, turned } = await import(join(folder, 'adapt.mjs'));
    const { accuracyOn } = await import(join(folder, '../distillation/compare.mjs'));
    const digits = await import(join(folder, '../mnist/data.mjs'));
    const settings = { target: 'wasm', epochs: 1, rows: 12_000 } as const;
    const { trainer: learnt } = await trainExample('lora/digits.nn', settings);
    const [few, asked] = [turned(digits.train, 300, 45), turned(digits.test, 2000, 45)];
    const before = accuracyOn(learnt, asked);

    const [plain, adapted] = [await load({}), await load({ rank: 4 })];
    expect([trainedIn(plain.model), trainedIn(adapted.model)]).toEqual([118_282, 5224]);
    const trainer = await adapt(adapted, learnt.save(), few, 30);
    expect(trainer.parameters['h.dense.W']).toEqual(learnt.parameters['h.dense.W']);
    const after = accuracyOn(trainer, asked);
    expect(after).toBeGreaterThan(before + 0.2);

    const merged = await plain.createTrainer({ parameters: trainer.save({ merged: true }) });
    expect(accuracyOn(merged, asked)).toBeCloseTo(after, 3);
    const [image] = [asked.image.subarray(0, 784 * 20)];
    const [one, other] = [merged, trainer].map((each) => each.predict({ image }).probability as Float32Array);
    one.forEach((p, i) => expect(p).toBeCloseTo(other[i], 5));
  });
});
