// Shows samples of a generator to a network that reads digits: how sure is it, of how many of each kind? Test digits are the measure.
//
//   node examples/gan/judge.mjs MODULE CHECKPOINT        a module and a checkpoint of gan, or of vae
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileModel } from '../../scripts/drawing.mjs';
import * as mnist from '../mnist/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { sample } from '../vae/sample.mjs';

/** The network of examples/mnist, trained for some epochs. */
export async function trainedReader(epochs) {
  const { createTrainer, settings } = await compileModel(new URL('../mnist/mnist.nn', import.meta.url));
  const reader = await createTrainer({ batch: 1000 });
  const { image, label } = mnist.train;
  const run = reader.fit({ image: Float32Array.from(image), label }, { epochs, batch: settings.batch });
  for await (const { epoch } of run) if (epoch === epochs) return reader;
}

/**
 * What a reader says of pictures with grey values from 0 to 255: the share of which it is sure by nine tenths, how many it takes for each
 * digit, and the inception score (Salimans and others, 2016): from 1 to 10, the more, the surer it is and the more kinds there are.
 */
export function reading(reader, pictures) {
  const { probability } = reader.predict({ image: Float32Array.from(pictures) });
  const rows = Array.from({ length: probability.length / 10 }, (_, i) => probability.subarray(10 * i, 10 * (i + 1)));
  const kinds = Array.from({ length: 10 }, () => 0);
  for (const row of rows) kinds[row.indexOf(Math.max(...row))]++;
  const mean = kinds.map((_, digit) => rows.reduce((sum, row) => sum + row[digit], 0) / rows.length);
  const divergence = (row) => row.reduce((sum, p, digit) => sum + (p > 0 ? p * Math.log(p / mean[digit]) : 0), 0);
  return {
    sure: rows.filter((row) => Math.max(...row) >= 0.9).length / rows.length,
    kinds,
    score: Math.exp(rows.reduce((sum, row) => sum + divergence(row), 0) / rows.length),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [module, checkpoint] = process.argv.slice(2);
  const { createTrainer, model } = await import(pathToFileURL(resolve(module)));
  const trainer = await createTrainer({ parameters: readFileSync(checkpoint), batch: 1000 });
  const drawn = sample(trainer, model, 1000, generator(1)).map((share) => 255 * share);
  const reader = await trainedReader(5);
  for (const [what, pictures] of [
    ['test digits', mnist.test.image.subarray(0, 784 * 1000)],
    [model.name, drawn],
  ]) {
    const { sure, score, kinds } = reading(reader, pictures);
    console.log(`${what}: sure of ${(100 * sure).toFixed(1)} %, score ${score.toFixed(2)}, of each ${kinds.join(' ')}`);
  }
}
