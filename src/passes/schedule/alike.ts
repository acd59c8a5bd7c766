// Texts that differ in their numbers alone, as the names of a repeat's copies do, made one: `h.3.relu`, `h.4.relu` are `h.relu`.
import { nameLetters } from '../../diagnostics/name.js';

/** The numbers of a text, in order. */
export function numbersIn(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

/** Stands behind a number that is left out, until its word is known. */
const marks = { before: '\uE000', after: '\uE001' } as const;

/**
 * What texts have in common that differ in their numbers alone; undefined where they differ otherwise. `copies` are the numbers of each
 * text's copy: one that is the copy's own is left out, and the word of one next to it gets `_before` or `_after`.
 */
export function common(texts: readonly string[], copies: readonly (readonly number[])[]): string | undefined {
  if (texts.every((text) => text === texts[0])) return texts[0].replace(/^[._]+/, '');
  const parts = texts.map((text) => text.split(/(\d+)/));
  const [first] = parts;
  let result = '';
  for (let i = 0; i < first.length; i++) {
    const same = parts.every((p) => p.length === first.length && p[i] === first[i]);
    if (same) {
      result += first[i];
      continue;
    }
    if (i % 2 === 0 || parts.some((p) => p.length !== first.length)) return undefined;
    const offset = offsetOf(
      parts.map((p) => Number(p[i])),
      copies,
    );
    if (offset === undefined) return undefined;
    result = result.replace(/[._]$/, '') + (offset < 0 ? marks.before : offset > 0 ? marks.after : '');
  }
  const named = result.replace(/^[._]+/, '');
  if (!named.includes(marks.before) && !named.includes(marks.after)) return named;
  return named.replace(around.before, '$1$2_before').replace(around.after, '$1$2_after');
}

const aroundMark = (mark: string): RegExp => new RegExp(`([${nameLetters}.]*)${mark}([${nameLetters}.]*)`, 'gu');
const around = { before: aroundMark(marks.before), after: aroundMark(marks.after) } as const;

/** By how much the numbers are above one of their copies' own: 0, -1 or 1. */
function offsetOf(numbers: readonly number[], copies: readonly (readonly number[])[]): number | undefined {
  for (const offset of [0, -1, 1])
    for (let at = 0; at < copies[0].length; at++)
      if (numbers.every((n, i) => n === copies[i][at] + offset)) return offset;
  return undefined;
}
