// A plugin for Prettier, `nnc/prettier`: .nn files, and such blocks of Markdown pages, as `nnc fmt` formats them.
import type { Parser, Printer, SupportLanguage } from 'prettier';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Doc } from './cursor.js';
import { layout, printWidth, tabWidth } from './format.js';

/** What Prettier takes for a tree: how the text is laid out already. */
interface Root {
  readonly doc: Doc;
  readonly end: number;
}

export const languages: SupportLanguage[] = [
  { name: 'nn', parsers: ['nn'], extensions: ['.nn'], vscodeLanguageIds: ['nn'] },
];

const parser: Parser<Root> = {
  astFormat: 'nn',
  parse(text, options) {
    const { filepath } = options as { readonly filepath?: string };
    const { doc, diagnostics } = layout({ file: filepath ?? 'model.nn', text });
    const error = diagnostics.find(({ severity }) => severity === 'error');
    if (doc === undefined && error !== undefined) throw errorOf(error, text);
    return { doc: doc ?? '', end: text.length };
  },
  locStart: () => 0,
  locEnd: ({ end }) => end,
};

const printer: Printer<Root> = { print: ({ node }) => node.doc };

/** As Prettier shows an error: with its line and column, from which it draws the place. */
function errorOf({ message, help, labels }: Diagnostic, text: string): Error {
  const { start, end } = labels[0].span;
  const [from, to] = [placeOf(text, start), placeOf(text, end)];
  const hint = help === undefined ? '' : `; ${help}`;
  return Object.assign(new SyntaxError(`${message}${hint} (${from.line}:${from.column})`), {
    loc: { start: from, end: to },
  });
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const lines = text.slice(0, offset).split(/\r\n?|\n/);
  return { line: lines.length, column: lines[lines.length - 1].length + 1 };
}

export const parsers = { nn: parser };
export const printers = { nn: printer };
/** Where a project says nothing else. */
export const defaultOptions = { printWidth, tabWidth };
