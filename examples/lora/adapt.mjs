// Adapts a network that reads upright digits to digits that are turned, and hands the result back to the network without adapters:
//
//   node examples/lora/adapt.mjs PLAIN CHECKPOINT ADAPTED
//
// modules of digits.nn with rank 0 and with a rank above, and the weights that `nnc train` has learnt.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { distort } from '../contrastive/distort.mjs';
import { accuracyOn, firstDigits } from '../distillation/compare.mjs';
import { test, train } from '../mnist/data.mjs';

/** The first digits of a set, turned to the left. */
export function turned(set, count, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const { label } = firstDigits(set, count);
  const image = new Float32Array(784 * count);
  const turn = { a: [cosine, -sine, sine, cosine], shift: [0, 0] };
  for (let i = 0; i < count; i++) distort(turn, set.image, 784 * i, image, 784 * i);
  return { image, label };
}

/** How many numbers a trainer of this module learns. */
export function trainedIn({ parameters }) {
  return parameters.reduce((sum, { trained, count }) => sum + (trained ? count : 0), 0);
}

/** A trainer that begins with a checkpoint, and has learnt from some digits; `told` is called after each epoch. */
export async function adapt({ createTrainer }, checkpoint, digits, epochs = 40, told = () => {}) {
  const trainer = await createTrainer({ parameters: checkpoint, batch: 1000 });
  for await (const { epoch } of trainer.fit(digits, { epochs })) told(epoch, trainer);
  return trainer;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [plainPath, weights, adaptedPath] = process.argv.slice(2).map((path) => resolve(path));
  const [plain, adapted] = await Promise.all([plainPath, adaptedPath].map((path) => import(pathToFileURL(path))));
  const learnt = await plain.createTrainer({ parameters: readFileSync(weights), batch: 1000 });
  // The weights without what their optimizer remembers: it begins anew.
  const checkpoint = learnt.save();
  const [few, asked, upright] = [turned(train, 1000, 45), turned(test, 10_000, 45), firstDigits(test, 10_000)];
  const tell = (what, { model }, trainer) => {
    const [turn, straight] = [asked, upright].map((digits) => accuracyOn(trainer, digits).toFixed(4));
    console.log(`${what}  ${String(trainedIn(model)).padStart(7)} trained  turned ${turn}  upright ${straight}`);
  };
  tell('as it was     ', plain, learnt);
  tell('all weights   ', plain, await adapt(plain, checkpoint, few));
  const trainer = await adapt(adapted, checkpoint, few);
  tell('adapters      ', adapted, trainer);
  const merged = await plain.createTrainer({ parameters: trainer.save({ merged: true }), batch: 1000 });
  tell('merged        ', plain, merged);
}
