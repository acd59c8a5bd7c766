// Draws digits that nobody wrote, from codes of normal numbers, and prints them. The decoder is that of vae or the generator of gan.
//
//   node examples/vae/sample.mjs MODULE CHECKPOINT [SEED]
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { generator } from '../moby-dick/write.mjs';

const [width, margin] = [28, 2];

/** Numbers from a normal distribution (Box and Muller, 1958), made of uniform ones. */
export function normals(count, random) {
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

/** How many numbers a code has: the last size of the input z. */
export function latentOf({ inputs }) {
  const { type } = inputs.find(({ name }) => name === 'z');
  return Number(/(\d+)\]$/.exec(type)[1]);
}

/** Pictures of so many codes, 784 shares of black each, one after another. */
export function sample(trainer, model, count, random) {
  return trainer.predict({ z: normals(count * latentOf(model), random) }).sample;
}

/** Pictures side by side as text, two pixels in each letter, without their margins. */
export function asText(pictures, columns) {
  const blocks = [' ', '▄', '▀', '█'];
  const lines = [];
  for (let from = 0; from < pictures.length; from += columns * width ** 2)
    for (let y = margin; y < width - margin; y += 2) {
      const pixels = Array.from({ length: columns * (width - 2 * margin) }, (_, i) => {
        const picture = Math.floor(i / (width - 2 * margin));
        const at = from + picture * width ** 2 + y * width + margin + (i % (width - 2 * margin));
        return blocks[2 * (pictures[at] > 0.5) + (pictures[at + width] > 0.5)];
      });
      lines.push(pixels.join('').trimEnd());
    }
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [module, checkpoint, seed = '1'] = process.argv.slice(2);
  const { createTrainer, model } = await import(pathToFileURL(resolve(module)));
  const trainer = await createTrainer({ parameters: readFileSync(checkpoint) });
  console.log(asText(sample(trainer, model, 10, generator(Number(seed))), 5));
}
