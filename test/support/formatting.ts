// What holds of every formatted text: the tokens, the comments and the tree are those of the source, and formatting it again changes nothing.
import fc from 'fast-check';
import { expect } from 'vitest';
import { format } from '../../src/format/format.js';
import { lex } from '../../src/parser/lex.js';
import { parse } from '../../src/parser/parse.js';
import { bare, program } from './randomSource.js';

const file = 'a.nn';

/** The formatted text, when all that must hold of it has been seen to. */
export function wellFormatted(text: string): string {
  const { text: once } = format({ file, text });
  if (once === undefined) throw new Error(`it has errors: ${text}`);
  expect(told(once), text).toEqual(told(text));
  expect(tree(once), text).toEqual(tree(text));
  expect(format({ file, text: once }).text, text).toBe(once);
  expect(once, text).toMatch(/^\uFEFF?(?:|\S[^]*[^\n]\n)$/);
  expect(once, text).not.toMatch(/[ \t]\n|\n\n\n/);
  return once;
}

/** Tokens and comments in order; of a comment also whether it stands behind something on its line, or alone. */
function told(text: string): readonly string[] {
  const { tokens, comments } = lex({ file, text });
  const alone = (start: number): boolean => /^\s*$/.test(text.slice(text.lastIndexOf('\n', start) + 1, start));
  return [
    ...tokens.map(({ startOffset, image }) => ({ startOffset, told: image })),
    ...comments.map(({ startOffset, image }) => {
      return { startOffset, told: `${alone(startOffset) ? 'alone' : 'behind'} ${image.trimEnd()}` };
    }),
  ]
    .sort((a, b) => a.startOffset - b.startOffset)
    .map(({ told: each }) => each);
}

function tree(text: string): unknown {
  const { file: parsed, diagnostics } = parse({ file, text });
  return {
    declarations: bare(parsed.declarations),
    errors: diagnostics.filter(({ severity }) => severity === 'error'),
  };
}

/** What may stand between two tokens, `#` being a number that makes a comment one of its kind. */
const spaces = [
  '',
  ' ',
  '   ',
  '\t',
  '\n',
  '\n\n\n',
  '\r\n  ',
  ' // #\n',
  '\n// #\n',
  '\n\n  // #  \n\n// #\n',
  '\n/// #\n',
];
const change = fc.tuple(fc.nat(), fc.constantFrom(...spaces, ...spaces.slice(4)));

/** Checks random programs, in each of which so many random changes of what stands between tokens were tried. */
export function checkRandomPrograms(numRuns: number, changes: number): void {
  const property = fc.property(program, fc.array(change, { maxLength: changes }), (source, tried) => {
    const meant = meaning(source);
    fc.pre(meant !== undefined);
    wellFormatted(spaced(source, meant, tried));
  });
  fc.assert(property, { numRuns });
}

/** The program with those of the changes that leave it the same program. */
function spaced(source: string, meant: string | undefined, changes: readonly (readonly [number, string])[]): string {
  let text = source;
  let comments = 0;
  for (const [place, space] of changes) {
    const { tokens } = lex({ file, text });
    const at = place % tokens.length;
    const end = at === 0 ? 0 : tokens[at - 1].startOffset + tokens[at - 1].image.length;
    const between = text.slice(end, tokens[at].startOffset);
    const next = space.replaceAll('#', () => String(comments++));
    // Comments that are there stay.
    const kept = /\S/.test(between) ? between + next : next;
    const changed = text.slice(0, end) + kept + text.slice(tokens[at].startOffset);
    if (meaning(changed) === meant) text = changed;
  }
  return text;
}

/** What a text says, but for its comments; undefined with errors. */
function meaning(text: string): string | undefined {
  const { file: parsed, diagnostics } = parse({ file, text });
  if (diagnostics.some(({ severity }) => severity === 'error')) return undefined;
  const written = new Set(['span', 'operatorSpan', 'doc']);
  return JSON.stringify(parsed.declarations, (key, part: unknown) => (written.has(key) ? undefined : part));
}
