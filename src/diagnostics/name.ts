// What a name is, for all that look for names in a text: sources of regular expressions with the flag `u`.

/** Letters that a name begins with, for a class: `[${firstLetters}]`. */
export const firstLetters = '\\p{L}_';

/** Letters that it goes on with: digits, indices as of `x₁`, and marks that combine with the letter before them as well. */
export const nameLetters = '\\p{L}\\p{N}\\p{M}_';

/** A name, wherever it stands. */
export const aName = `[${firstLetters}][${nameLetters}]*`;

/** Is it a name from end to end? */
export function spellsName(text: string): boolean {
  return whole.test(text);
}

const whole = new RegExp(`^${aName}$`, 'u');

/** The names of a text, in its order. */
export function allNames(text: string): string[] {
  return text.match(every) ?? [];
}

const every = new RegExp(aName, 'gu');

/** A text with `_` for each stretch that can stand in no name. */
export function asLetters(text: string): string {
  return text.replace(others, '_');
}

const others = new RegExp(`[^${nameLetters}]+`, 'gu');

/** Is it made of such letters alone, as a name and a number are? */
export function isOfLetters(text: string): boolean {
  return ofLetters.test(text);
}

const ofLetters = new RegExp(`^[${nameLetters}]+$`, 'u');
