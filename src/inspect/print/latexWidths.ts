// How wide mathematics is on paper, in ems of its letters: each part as the number of ems that TeX's fonts give it, about.
import type { Typesetter } from './typeset.js';

/** Indices and exponents are smaller. */
const small = 0.72;

/** Widths instead of texts: as a row of numbers is the number that they add up to. */
export const widths: Typesetter = {
  row: (parts) => total(parts),
  variable: (word) => String(variableWidth(word)),
  upright: (word) => String(wordWidth(word)),
  number: (text) => String(0.5 * text.length + (text.includes('e') ? 1 : 0)),
  sign: (unicode) => String(signs[unicode] ?? 1.25),
  sub: (base, index) => total([base, String(small * Number(index))]),
  sup: (base, exponent) => total([base, String(small * Number(exponent))]),
  fraction: (over, under) => String(Math.max(Number(over), Number(under)) + 0.24),
  root: (of) => total([of, '0.9']),
  fenced: (_, of) => total([of, '1.2']),
  cases: (rows) => {
    const [value, when] = [rows.map((row) => Number(row.value)), rows.map((row) => Number(row.when))];
    return String(Math.max(...value) + Math.max(...when) + 2);
  },
  sum: (over, of) => total([String(Math.max(1.44, small * Number(over ?? 0)) + 0.2), of]),
  marked: (_, of) => of,
};

function total(parts: readonly string[]): string {
  return String(parts.reduce((sum, part) => sum + Number(part), 0));
}

/** Those that are no relations or sums; these have space around them. */
const signs: Readonly<Record<string, number>> = {
  '·': 0.75,
  ',': 0.45,
  ':': 0.85,
  '∂': 0.6,
  '⊤': 0.78,
  '\u2062': 0.17,
  '¬': 0.7,
};

function wordWidth(word: string): number {
  return [...word].reduce((sum, c) => sum + (/[mwMWΣ]/.test(c) ? 0.83 : /[iljtfr.,:' ]/.test(c) ? 0.36 : 0.54), 0);
}

/** A letter is wider than in words; what follows it is its index. */
function variableWidth(word: string): number {
  const [, letter, digits] = /^(\p{L})(\d*)$/u.exec(word) ?? [];
  if (letter !== undefined) return wordWidth(letter) + 0.1 + small * 0.5 * (digits ?? '').length;
  const [, head, rest] = /^(\p{L})_(.+)$/u.exec(word) ?? [];
  if (head !== undefined && rest !== undefined) return wordWidth(head) + 0.1 + small * variableWidth(rest);
  return wordWidth(word);
}
