// Trains an encoder on digits without names, then a reader of its features on few with names, and compares:
//
//   node examples/contrastive/train.mjs CONTRAST PROBE PIXELS
//
// modules of contrast.nn, of probe.nn, and of probe.nn with pixels = true.
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { accuracyOn, firstDigits } from '../distillation/compare.mjs';
import { test, train } from '../mnist/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { pairs } from './distort.mjs';

/** Steps on pairs of distorted digits, made as they are needed; after each what step says. */
export function* contrast(trainer, random, { steps, rows = 60_000, batch = 256 }) {
  for (let step = 1; step <= steps; step++) yield { step, ...trainer.step(pairs(train, rows, batch, random)) };
}

/** The encoder's weights, by the names that they have in probe.nn too. */
export function encoderOf(trainer) {
  const all = Object.entries(trainer.parameters);
  return Object.fromEntries(all.filter(([name]) => name.startsWith('encode.')));
}

/** How well a dense layer reads test digits, having learnt from the first `count` digits and their labels in so many steps of 50. */
export async function probe(createTrainer, parameters, count, tested, steps = 1000) {
  const reader = await createTrainer({ parameters, batch: 1000 });
  const options = { batch: 50, epochs: Math.round((50 * steps) / count) };
  for await (const { epoch } of reader.fit(firstDigits(train, count), options)) if (epoch === options.epochs) break;
  return accuracyOn(reader, tested);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const load = (path) => import(pathToFileURL(resolve(path)));
  const [contrasting, probing, pixels] = await Promise.all(process.argv.slice(2).map(load));
  const trainer = await contrasting.createTrainer();
  const untrained = encoderOf(await contrasting.createTrainer());
  for (const { step, loss, found } of contrast(trainer, generator(1), { steps: 2000 }))
    if (step % 200 === 0) console.log(`step ${step}  loss ${loss.toFixed(4)}  found ${found.toFixed(4)}`);
  const tested = firstDigits(test, 10_000);
  console.log('labels  pixels  untrained  contrast');
  for (const count of [50, 100, 300, 1000]) {
    const found = [
      await probe(pixels.createTrainer, {}, count, tested),
      await probe(probing.createTrainer, untrained, count, tested),
      await probe(probing.createTrainer, encoderOf(trainer), count, tested),
    ].map((accuracy) => accuracy.toFixed(4));
    console.log(`${String(count).padStart(6)}  ${found[0]}  ${found[1].padStart(9)}  ${found[2].padStart(8)}`);
  }
}
