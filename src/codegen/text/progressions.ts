// Lines that come again with numbers that count on, as the copies of a layer make them, printed as loops over a counter `i`.
import { literal, objectOf } from './quote.js';

/** Stretches of lines, of which each differs from the one before in numbers that count on. */
interface Stretches {
  readonly at: number;
  /** The lines of one. */
  readonly lines: number;
  readonly count: number;
}

/** What they save is worth a loop from so many stretches and lines on. */
const fewest = { stretches: 3, lines: 8 };

/** No layer takes more lines than this. */
const longest = 1000;

interface Line {
  readonly text: string;
  /** The code between its numbers. */
  readonly parts: readonly string[];
  readonly numbers: readonly Numeral[];
  /** Equal where lines differ in their numbers alone. */
  readonly key: string;
  readonly comment: string;
}

interface Numeral {
  readonly value: number;
  readonly text: string;
  readonly quoted: boolean;
}

/** How the counter goes. */
interface Count {
  readonly start: number;
  readonly step: 1 | -1;
}

const upwards: Count = { start: 0, step: 1 };

/**
 * Statements of a line each, which may end in a comment, with loops that count as the copies do. `lists`: numbers that follow no rule
 * become a list.
 */
export function statementsOf(texts: readonly string[], lists = false): string[] {
  return fold(texts, lists, (lines, stretches) => {
    const count = counterOf(lines, stretches);
    const { start, step } = count;
    const last = start + step * (stretches.count - 1);
    const head = step > 0 ? `let i = ${start}; i < ${last + 1}; i++` : `let i = ${start}; i >= ${last}; i--`;
    const { comment } = lines[stretches.at];
    const body = bodyOf(lines, stretches, count).join('\n');
    return `${comment === '' ? '' : `${comment.replace(/\d+/, 'i')}\n`}for (${head}) {\n${body}\n}`;
  });
}

/** Elements of a list in brackets. */
export function elementsOf(texts: readonly string[]): string[] {
  return fold(
    texts,
    false,
    (lines, stretches) =>
      `...listOfCopies(${stretches.count}, (i) => [${bodyOf(lines, stretches, upwards).join(', ')}])`,
  );
}

/** An object of expressions by name; `names`: the type of its names, `values`: that of its values. */
export function membersOf(
  entries: readonly (readonly [string, string])[],
  types: { readonly names: string; readonly values: string },
): string {
  const texts = entries.map(([name, value]) => `[${literal(name)}, ${value}]`);
  const parts = fold(
    texts,
    false,
    (lines, stretches) =>
      `...listOfCopies<[string, ${types.values}]>(${stretches.count}, (i) => [${bodyOf(lines, stretches, upwards).join(', ')}])`,
  );
  if (parts.length === texts.length) return objectOf(entries);
  return `Object.fromEntries([${parts.join(', ')}]) as Record<${types.names}, ${types.values}>`;
}

function fold(
  texts: readonly string[],
  lists: boolean,
  print: (lines: readonly Line[], stretches: Stretches) => string,
): string[] {
  const lines = texts.map(lineOf);
  const next = nextAlike(lines);
  const printed: string[] = [];
  for (let at = 0; at < lines.length;) {
    const found = longestAt(lines, at, next, lists);
    printed.push(found ? print(lines, found) : lines[at].text);
    at += found ? found.lines * found.count : 1;
  }
  return printed;
}

/** Of each line the next one that differs in numbers alone. */
function nextAlike(lines: readonly Line[]): (number | undefined)[] {
  const last = new Map<string, number>();
  const next: (number | undefined)[] = [];
  for (let at = lines.length - 1; at >= 0; at--) {
    next[at] = last.get(lines[at].key);
    last.set(lines[at].key, at);
  }
  return next;
}

function longestAt(
  all: readonly Line[],
  at: number,
  next: readonly (number | undefined)[],
  lists: boolean,
): Stretches | undefined {
  let best: Stretches | undefined;
  for (let other = next[at]; other !== undefined && other - at <= longest; other = next[other]) {
    const lines = other - at;
    let count = 1;
    while (follows(all, { at, lines, count }, lists)) count++;
    const pays = count >= fewest.stretches && lines * (count - 1) >= fewest.lines;
    if (pays && lines * count > (best ? best.lines * best.count : 0)) best = { at, lines, count };
  }
  return best && all.slice(at, at + best.lines).some((line, j) => differs(line, all[at + j + best.lines]))
    ? best
    : undefined;
}

/** Does one more stretch count on? */
function follows(all: readonly Line[], { at, lines, count }: Stretches, lists: boolean): boolean {
  if (at + lines * (count + 1) > all.length) return false;
  for (let j = 0; j < lines; j++) {
    const first = all[at + j];
    const second = all[at + j + lines];
    const line = all[at + j + count * lines];
    if (line.key !== first.key) return false;
    for (let slot = 0; slot < line.numbers.length; slot++) {
      const { value, quoted } = line.numbers[slot];
      const { value: start } = first.numbers[slot];
      if (value !== start + count * (second.numbers[slot].value - start) && !(lists && !quoted)) return false;
    }
  }
  return true;
}

function differs(a: Line, b: Line): boolean {
  return a.numbers.some(({ value }, slot) => value !== b.numbers[slot].value);
}

/** The copy that a stretch is about: its comment says which, else the first index that goes on by one. */
function counterOf(all: readonly Line[], { at, lines }: Stretches): Count {
  const [one, other] = [all[at], all[at + lines]].map(({ comment }) => Number(/\d+/.exec(comment)?.[0]));
  if (Math.abs(other - one) === 1) return { start: one, step: other > one ? 1 : -1 };
  for (let j = 0; j < lines; j++) {
    const [first, second] = [all[at + j], all[at + j + lines]];
    for (const [slot, { value }] of first.numbers.entries()) {
      const step = second.numbers[slot].value - value;
      if ((step === 1 || step === -1) && first.parts[slot].endsWith('[')) return { start: value, step };
    }
  }
  return upwards;
}

/** The lines of a stretch in terms of the counter. */
function bodyOf(all: readonly Line[], { at, lines, count }: Stretches, counter: Count): string[] {
  return all.slice(at, at + lines).map(({ parts, numbers }, j) => {
    const printed = numbers.map((_, slot) => {
      const values = Array.from({ length: count }, (__, n) => all[at + j + n * lines].numbers[slot]);
      return printNumeral(values, counter, parts[slot], parts[slot + 1]) + parts[slot + 1];
    });
    return withTemplates([parts[0], ...printed].join(''));
  });
}

/** Marks the counter in texts in quotes. */
const mark = '\uE000';

/** A number that is one of these in turn, between these texts. */
function printNumeral(all: readonly Numeral[], { start, step }: Count, before: string, after: string): string {
  const [{ value, text, quoted }, second] = all;
  const by = second.value - value;
  if (all.some((n, at) => n.value !== value + at * by)) {
    const list = (step > 0 ? all : [...all].reverse()).map((n) => n.text);
    const first = step > 0 ? start : start - all.length + 1;
    return `[${list.join(', ')}][${sumOf(1, -first)}]`;
  }
  if (by === 0) return text;
  const sum = sumOf(by * step, value - by * step * start);
  if (quoted) return `${mark}{${sum}}`;
  return standsAlone(sum, before, after) ? sum : `(${sum})`;
}

/** Whether an expression means the same between these texts without parentheses. */
function standsAlone(sum: string, before: string, after: string): boolean {
  if (sum === 'i') return true;
  const isProduct = !/[-+]/.test(sum);
  if (!(isProduct ? /[[(,=+-] ?$/ : /[[(,=] ?$/).test(before)) return false;
  return /^([\]),;]|$| [-+] )/.test(after) || (isProduct && after.startsWith(' * '));
}

/** `factor · i + rest` */
function sumOf(factor: number, rest: number): string {
  const product = Math.abs(factor) === 1 ? 'i' : `${Math.abs(factor)} * i`;
  if (factor < 0) return `${rest} - ${product}`;
  return rest === 0 ? product : `${product} ${rest < 0 ? '-' : '+'} ${Math.abs(rest)}`;
}

const quotes = /"(?:[^"\\]|\\[^])*"/g;

/** Texts in quotes that hold the counter become templates. */
function withTemplates(line: string): string {
  if (!line.includes(mark)) return line;
  return line.replace(quotes, (text) =>
    text.includes(mark) ? `\`${text.slice(1, -1).replace(/[`$]/g, '\\$&').replaceAll(mark, '$')}\`` : text,
  );
}

const tokens = new RegExp(`${quotes.source}|//.*|0x[\\da-f]+|(?<![\\w.$])\\d+(?![\\w.])`, 'g');
/** In names, between points. */
const numbersOfNames = /(?<=[."])(?:0|[1-9]\d*)(?=[."])/g;

function lineOf(text: string): Line {
  const parts: string[] = [];
  const numbers: Numeral[] = [];
  let comment = '';
  let from = 0;
  const take = (at: number, number: string, quoted: boolean): void => {
    parts.push(text.slice(from, at));
    numbers.push({ value: Number(number), text: number, quoted });
    from = at + number.length;
  };
  // What is a block already, or may hold a mark, stands as it is.
  if (!text.includes('\n') && !text.includes(mark))
    for (const { 0: token, index } of text.matchAll(tokens)) {
      if (token.startsWith('//')) comment = token;
      else if (!token.startsWith('"')) take(index, token, false);
      else for (const inner of token.matchAll(numbersOfNames)) take(index + inner.index, inner[0], true);
    }
  parts.push(text.slice(from, text.length - comment.length).trimEnd());
  return { text, parts, numbers, key: parts.join('\uE001'), comment };
}
