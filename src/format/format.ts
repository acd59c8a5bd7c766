// The formatter's entry: text in, the same program in its usual form out. Only white space changes.
import { printer } from 'prettier/doc';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.js';
import { lex } from '../parser/lex.js';
import { parse } from '../parser/parse.js';
import type { Doc } from './cursor.js';
import { Statements } from './statements.js';

/** Columns of a line, and of each step of indentation. */
export const [printWidth, tabWidth] = [100, 2];

export interface Layout {
  /** Nothing for a text with errors. */
  readonly doc?: Doc;
  /** Those of the syntax. */
  readonly diagnostics: readonly Diagnostic[];
}

/** How a text is laid out, for a printer of Prettier's documents. */
export function layout(source: Source): Layout {
  const { file, diagnostics } = parse(source);
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  return { doc: new Statements(lex(source)).file(file.declarations), diagnostics };
}

export interface Formatted {
  /** Nothing for a text with errors. */
  readonly text?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** The text in its usual form; with errors of syntax it is left alone. */
export function format(source: Source): Formatted {
  const { doc, diagnostics } = layout(source);
  if (doc === undefined) return { diagnostics };
  const { formatted } = printer.printDocToString(doc, { printWidth, tabWidth });
  return { text: source.text.startsWith(byteOrderMark) ? byteOrderMark + formatted : formatted, diagnostics };
}

const byteOrderMark = '\uFEFF';
