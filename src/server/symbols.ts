// The outline of a file, and the definitions of all files by name.
import type { DocumentSymbol, SymbolKind, WorkspaceSymbol } from 'vscode-languageserver';
import { boundBy } from '../passes/elaborate/bodies.js';
import type { Declaration, Identifier, Statement } from '../parser/tree.js';
import { statementsOf } from '../parser/walk.js';
import type { Span } from '../diagnostics/diagnostic.js';
import type { Page, Pages } from './pages.js';

const kinds: Readonly<Record<Declaration['kind'], SymbolKind>> = {
  import: 2,
  fn: 12,
  gradient: 12,
  layer: 5,
  optimizer: 5,
  model: 5,
  constant: 14,
};

/** Of a statement; names that are bound are variables. */
const statementKinds: Partial<Record<Statement['kind'], SymbolKind>> = {
  input: 8,
  param: 8,
  state: 8,
  slot: 8,
  output: 7,
  loss: 7,
  metric: 7,
};

export function documentSymbols(page: Page): DocumentSymbol[] {
  return page.reading().file.declarations.flatMap((declaration): DocumentSymbol[] => {
    if (declaration.kind === 'import') return [];
    const children = statementsOf(declaration).flatMap((statement) => ofStatement(statement, page));
    return [
      { ...symbol(declaration.name, declaration.span, kinds[declaration.kind], declaration.kind, page), children },
    ];
  });
}

function ofStatement(statement: Statement, page: Page): DocumentSymbol[] {
  if (statement.kind === 'train') {
    const word: Identifier = { name: 'train', span: { ...statement.span, end: statement.span.start + 'train'.length } };
    const settings = statement.settings.map(({ name, span }) => symbol(name, span, 7, '', page));
    return [{ ...symbol(statement.name ?? word, statement.span, 3, 'train', page), children: settings }];
  }
  const detail = statement.kind === 'binding' || statement.kind === 'loop' ? '' : statement.kind;
  return boundBy(statement).map((name) =>
    symbol(name, statement.span, statementKinds[statement.kind] ?? 13, detail, page),
  );
}

function symbol(
  { name, span }: Identifier,
  whole: Span,
  kind: SymbolKind,
  detail: string,
  { lines }: Page,
): DocumentSymbol {
  // What is selected lies within all of it.
  const range = lines.range({ start: Math.min(whole.start, span.start), end: Math.max(whole.end, span.end) });
  return { name, kind, ...(detail !== '' && { detail }), range, selectionRange: lines.range(span) };
}

/** Those whose letters hold the query's in order. */
export function workspaceSymbols(pages: Pages, query: string): WorkspaceSymbol[] {
  return pages.everywhere().flatMap((page) =>
    page.reading().file.declarations.flatMap((declaration): WorkspaceSymbol[] => {
      if (declaration.kind === 'import' || declaration.kind === 'gradient') return [];
      const { name, span } = declaration.name;
      if (!holds(name.toLowerCase(), query.toLowerCase())) return [];
      return [{ name, kind: kinds[declaration.kind], location: { uri: page.uri, range: page.lines.range(span) } }];
    }),
  );
}

function holds(name: string, query: string): boolean {
  let at = 0;
  for (const letter of query) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
