// What users wrote, as messages show it: one line, printable, and no longer than a reader needs.

/** Of a word or a text, messages show so many characters. */
const longest = 80;

/** A whole text of a message is never longer than this. */
const longestText = 2000;

// C0 but for the tab, C1, what turns the direction of text, the separators, and halves of pairs.
const unprintable = /[^\P{Cc}\t]|[\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu;

/** Control characters as the pictures of them; what would break or turn a line as �. Line ends too are pictures. */
export function visible(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** The first characters of a long text, and an ellipsis. */
export function shortened(text: string, most = longest): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** A text of a message, in which names of any length and any characters may stand. */
export function readable(text: string): string {
  return visible(
    shortened(
      text.replace(longWord, (word) => shortened(word)),
      longestText,
    ),
  );
}

/** The same where `\n` ends a line. */
export function readableLines(text: string): string {
  return shortened(text, 2 * longestText)
    .split('\n')
    .map(readable)
    .join('\n');
}

const longWord = /[\p{ID_Continue}.$]{81,}|\S{201,}/gu;

/** `1 row`, `2 rows`; `1 axis`, `2 axes`. */
export function counted(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : nouns}`;
}

/** The first names of a list. */
export function listed(names: readonly string[]): string {
  return names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : '');
}
