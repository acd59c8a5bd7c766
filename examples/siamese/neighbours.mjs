// Names each test digit after the nearest of the 60,000 training digits, by the places that a trained encoder gives them.
//
//   node examples/siamese/neighbours.mjs MODULE CHECKPOINT
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test, train } from '../mnist/data.mjs';

/** The places of images, `code` numbers each, a thousand images at a time. */
export function placesOf(trainer, images) {
  const size = 784 * 1000;
  const parts = [];
  for (let from = 0; from < images.length; from += size)
    parts.push(trainer.predict({ image: Float32Array.from(images.subarray(from, from + size)) }).place);
  const places = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    places.set(part, at);
    at += part.length;
  }
  return places;
}

/** For each query the number of the nearest known place. Both are rows of `code` numbers. */
export function nearest(known, queries, code) {
  return Array.from({ length: queries.length / code }, (_, i) => {
    let best = -1;
    let least = Infinity;
    for (let k = 0; k < known.length; k += code) {
      let squared = 0;
      for (let j = 0; j < code && squared < least; j++) squared += (known[k + j] - queries[i * code + j]) ** 2;
      if (squared >= least) continue;
      least = squared;
      best = k / code;
    }
    return best;
  });
}

/** The share of the test digits whose nearest training digit is the same digit. */
export function rightByNeighbour(trainer, { count = test.label.length } = {}) {
  const known = placesOf(trainer, train.image);
  const code = known.length / train.label.length;
  const found = nearest(known, placesOf(trainer, test.image.subarray(0, 784 * count)), code);
  return found.filter((k, i) => train.label[k] === test.label[i]).length / count;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [module, checkpoint] = process.argv.slice(2);
  const { createTrainer } = await import(pathToFileURL(resolve(module)));
  const trainer = await createTrainer({ parameters: readFileSync(checkpoint), batch: 1000 });
  console.log(`right by the nearest of ${train.label.length} digits: ${rightByNeighbour(trainer)}`);
}
