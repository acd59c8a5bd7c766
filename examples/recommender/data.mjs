// The answers as (person, food, how often), some of them held back. What a person left out (0) is no answer.
import { readFileSync } from 'node:fs';

const [header, ...lines] = readFileSync(new URL('ratings.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n');

/** The names of the foods, by their index. */
export const foods = header.split(',');

const answers = lines
  .flatMap((line, person) => line.split(',').map((often, food) => ({ person, food, often: Number(often) })))
  .filter(({ often }) => often > 0);

function dataset(rows) {
  return {
    person: Int32Array.from(rows, ({ person }) => person),
    food: Int32Array.from(rows, ({ food }) => food),
    often: Float32Array.from(rows, ({ often }) => often),
  };
}

// Multiples of a prime scatter the answers, in the same way in each run. A tenth is for choosing settings by, a tenth for the test.
const scattered = answers.map((_, i) => answers[(i * 7919) % answers.length]);
const tenth = Math.round(answers.length / 10);

export const test = dataset(scattered.slice(0, tenth));
export const validation = dataset(scattered.slice(tenth, 2 * tenth));
export const train = dataset(scattered.slice(2 * tenth));
