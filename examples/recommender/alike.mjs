// Prints, for some foods, those whose learnt traits point in the most similar direction.
//
//   node examples/recommender/alike.mjs CHECKPOINT [FOOD…]
import { readFileSync } from 'node:fs';
import { foods } from './data.mjs';

/** The tensor of this name in a safetensors file: eight bytes of length, a header as JSON, then the numbers. */
function tensor(file, name) {
  const length = Number(file.readBigUInt64LE(0));
  const [from, to] = JSON.parse(file.toString('utf8', 8, 8 + length))[name].data_offsets;
  return new Float32Array(new Uint8Array(file.subarray(8 + length + from, 8 + length + to)).buffer);
}

const [checkpoint, ...named] = process.argv.slice(2);
const traits = tensor(readFileSync(checkpoint), 'trait');
const factors = traits.length / foods.length;
const directions = foods.map((_, i) => {
  const row = Array.from(traits.subarray(factors * i, factors * (i + 1)));
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
});

for (const food of named.length > 0 ? named : ['tofu', 'cookies', 'soda', 'salmon', 'beer']) {
  const direction = directions[foods.indexOf(food)];
  if (!direction) throw new Error(`${food} is not among the foods: ${foods.join(', ')}`);
  const alike = foods
    .map((name, i) => ({ name, cosine: directions[i].reduce((sum, value, j) => sum + value * direction[j], 0) }))
    .filter(({ name }) => name !== food)
    .sort((a, b) => b.cosine - a.cosine);
  const words = alike.slice(0, 5).map(({ name, cosine }) => `${name} ${cosine.toFixed(2)}`);
  console.log(`${food}: ${words.join(', ')}`);
}
