// The classes of a column: numbers as they are, or words, which are numbered in code-point order once all of them are known.
import { dataMalformed, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { shortened } from '../diagnostics/quote.js';
import type { ModelInput } from '../ir/model.js';
import { renumbered, type Column } from './columns.js';
import { byCodePoint, classesOf, listed, requireAll, told, tooMany } from './words.js';

/** Where a value stands, said only where something is wrong with it. */
export type Where = () => string;

export interface ColumnWords {
  /** What a number stands for: itself, or its text where that is a word. `exact`: its text is as short as can be. */
  ofNumber(value: number, exact: boolean): number | undefined;
  ofText(text: string, where: Where): number;
  has(text: string): boolean;
  /** Is it the number of a word, until all words are known? */
  isWord(number: number): boolean;
  /** The column by its final numbers, and the words; none where the column holds numbers. */
  finish(column: Column, place: string): { readonly column: Column; readonly words?: readonly string[] };
}

/** Words that are known: every value is one of them. */
export function knownWords(input: ModelInput, words: readonly string[]): ColumnWords {
  const numbers = new Map(words.map((word, i) => [word, i]));
  return {
    ofNumber: () => undefined,
    has: (text) => numbers.has(text),
    isWord: (number) => Number.isInteger(number) && number >= 0 && number < words.length,
    ofText(text, where) {
      const number = numbers.get(text);
      if (number !== undefined) return number;
      const found = text === '' ? 'an empty cell' : `"${shortened(text)}"`;
      throw new Fault(
        dataValue({ place: where(), found, input: told(input), expected: `one of ${listed(words).join(', ')}` }),
      );
    },
    finish: (column) => ({ column, words }),
  };
}

/**
 * Words that are found. As long as all values are whole numbers in range they stay such; from the first word on, numbers are words
 * too. Numbers keep their own number until the end, and words have those beyond the classes.
 */
export function foundWords(input: ModelInput): ColumnWords {
  const classes = classesOf(input);
  const numbers = new Map<string, number>();
  const seen = new Set<number>();
  let inexact = false;
  const words = (): string[] => [...[...seen].map(String), ...numbers.keys()].sort(byCodePoint);
  return {
    has: () => false,
    isWord: (number) => number >= classes && number < classes + numbers.size,
    ofNumber(value, exact) {
      const fits = Number.isInteger(value) && value >= 0 && value < classes;
      if (numbers.size > 0 && !(fits && exact && seen.has(value))) return undefined;
      if (fits) seen.add(value);
      if (!exact) inexact = true;
      return value;
    },
    ofText(text, where) {
      const number = numbers.get(text);
      if (number !== undefined) return number;
      if (inexact) {
        const reason = `found "${shortened(text)}" in a column of numbers; if all of them are words, name them: classes = ["…", …]`;
        throw new Fault(dataMalformed({ place: where(), reason }));
      }
      if (numbers.size + seen.size >= classes) throw tooMany(where(), input, text, words());
      const next = classes + numbers.size;
      numbers.set(text, next);
      return next;
    },
    finish(column, place) {
      if (numbers.size === 0) return { column };
      const sorted = words();
      requireAll(place, input, sorted);
      const places = new Map(sorted.map((word, i) => [word, i]));
      const final = new Int32Array(classes + numbers.size);
      for (const value of seen) final[value] = places.get(String(value)) ?? 0;
      for (const [word, number] of numbers) final[number] = places.get(word) ?? 0;
      return { column: renumbered(column, final), words: sorted };
    },
  };
}
