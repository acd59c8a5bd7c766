// The parser's entry: text in, tree and diagnostics out.
import type { Diagnostic, Source } from '../diagnostics/diagnostic.js';
import { moreErrors } from '../diagnostics/syntax.js';
import { Grammar } from './grammar.js';
import { lex } from './lex.js';
import { mostErrors } from './reader.js';
import type { File } from './tree.js';

export interface Parsed {
  /** Everything that could be parsed. */
  readonly file: File;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

let grammar: Grammar | undefined;

/** Parses a file; a faulty statement or declaration is reported and left out, and the rest goes on. */
export function parse(source: Source): Parsed {
  grammar ??= new Grammar();
  const tokens = lex(source);
  const { declarations, diagnostics } = grammar.read(source.file, source.text, tokens);
  return {
    file: { file: source.file, text: source.text, declarations },
    diagnostics: firstOf([...tokens.diagnostics, ...diagnostics].sort(inOrder)),
  };
}

function firstOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const next = diagnostics.at(mostErrors);
  return next === undefined
    ? diagnostics
    : [...diagnostics.slice(0, mostErrors), moreErrors({ span: next.labels[0].span })];
}

function inOrder(a: Diagnostic, b: Diagnostic): number {
  return a.labels[0].span.start - b.labels[0].span.start;
}
