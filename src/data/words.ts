// What numbers of an index stand for: words of a column, folders of images, characters of a text.
import { dataClassesFew, dataClassesMany } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { shortened } from '../diagnostics/quote.js';
import { constantOf } from '../ir/index.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';

/** Words as a message may list them. */
const shownWords = 12;

export function listed(words: readonly string[]): readonly string[] {
  const shown = words.slice(0, shownWords).map((word) => `"${shortened(word)}"`);
  return words.length > shownWords ? [...shown, '…'] : shown;
}

/** Code points, not code units: the order that every language agrees on. */
export function byCodePoint(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    const [x, y] = [a, b].map((text) => inOrder(text.charCodeAt(i)));
    return x - y;
  }
  return a.length - b.length;
}

/** A half of a pair stands for what is beyond all single units. */
function inOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** How many classes an input has. */
export function classesOf({ type: { element } }: ModelInput): number {
  return element.kind === 'index' ? (constantOf(element.size) ?? Infinity) : 0;
}

export function told({ name, type }: ModelInput): string {
  return `${name}: ${printType(type)}`;
}

/** Requires as many words as the input has classes; there are never more than it has, for those are met one by one. */
export function requireAll(place: string, input: ModelInput, words: readonly string[]): void {
  const expected = classesOf(input);
  if (words.length < expected)
    throw new Fault(dataClassesFew({ place, input: told(input), expected, found: words.length, words: listed(words) }));
}

/** A word beyond those that the input has classes for. */
export function tooMany(place: string, input: ModelInput, word: string, words: readonly string[]): Fault {
  const found = `"${shortened(word)}"`;
  return new Fault(
    dataClassesMany({ place, found, input: told(input), expected: classesOf(input), words: listed(words) }),
  );
}
