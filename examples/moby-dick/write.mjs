// Lets a trained module write: node write.mjs MODULE CHECKPOINT [BEGINNING]
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { alphabet, encode } from './book.mjs';

/** From how far back is read, and how freely is written: near 0 always the likeliest character. */
const [length, temperature] = [64, 0.7];

/** One character after another, each drawn by the probabilities that the trainer gives from the last 64. */
export function write(trainer, beginning, random, count = 500) {
  let text = beginning;
  for (let i = 0; i < count; i++) {
    const seen = encode(text.slice(-length));
    const window = new Int32Array(length);
    window.set(seen);
    // What stands after the text does not matter: each position looks at those before it alone.
    const { logits } = trainer.predict({ text: window });
    const row = logits.subarray((seen.length - 1) * alphabet.length, seen.length * alphabet.length);
    text += alphabet[drawn(row, random())];
  }
  return text;
}

/** The place of one of the probabilities, by a number in [0, 1). */
export function drawn(logits, share) {
  const most = Math.max(...logits);
  const weights = Array.from(logits, (z) => Math.exp((z - most) / temperature));
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  return found < 0 ? weights.length - 1 : found;
}

/** Numbers in [0, 1), the same in every run. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const [, script, module, checkpoint, beginning = 'The whale '] = process.argv;
if (script && import.meta.url === pathToFileURL(resolve(script)).href) {
  const { createTrainer } = await import(pathToFileURL(resolve(module)).href);
  const trainer = await createTrainer({ seed: 0 });
  trainer.load(readFileSync(checkpoint));
  console.log(write(trainer, beginning, generator(1)));
}
