// From names to names: definitions, references, highlights, and renaming, in all files that are open or in the folders that are.
import type { DocumentHighlight, Location, Range, WorkspaceEdit } from 'vscode-languageserver';
import { isSame, type Entity, type Use } from '../analysis/entities.js';
import { isName } from '../parser/starts.js';
import { lex } from '../parser/lex.js';
import { words } from '../parser/tokens.js';
import { Lines, type Page, type Pages } from './pages.js';

export function definition(page: Page, pages: Pages, offset: number): Location | undefined {
  const span = page.useAt(offset)?.entity?.span;
  if (!span) return undefined;
  const lines = span.file === page.file ? page.lines : linesOf(span.file, pages);
  return lines && { uri: pages.uriOf(span.file), range: lines.range(span) };
}

function linesOf(file: string, pages: Pages): Lines | undefined {
  const text = pages.textOfAny(file);
  return text === undefined ? undefined : new Lines(text);
}

/** The uses of an entity on a page. */
function usesOf(entity: Entity, page: Page): readonly Use[] {
  return page.reading().names.uses.filter((use) => use.entity !== undefined && isSame(use.entity, entity));
}

/** Names of the file itself are in no other; what a file defines at its top may be anywhere. */
function pagesWith(entity: Entity, page: Page, pages: Pages): readonly Page[] {
  const { span } = entity;
  const shared = ['fn', 'layer', 'optimizer', 'constant', 'parameter', 'builtin'].includes(entity.kind);
  if (!shared && span?.file === page.file) return [page];
  const all = pages.everywhere();
  return all.includes(page) ? all : [page, ...all];
}

export function references(page: Page, pages: Pages, offset: number, withDefinition: boolean): Location[] {
  const entity = page.useAt(offset)?.entity;
  if (!entity) return [];
  return pagesWith(entity, page, pages).flatMap((other) =>
    usesOf(entity, other).flatMap(({ span, role }) =>
      role === 'defines' && !withDefinition ? [] : [{ uri: other.uri, range: other.lines.range(span) }],
    ),
  );
}

export function highlights(page: Page, offset: number): DocumentHighlight[] {
  const entity = page.useAt(offset)?.entity;
  if (!entity) return [];
  // 2 is a read, 3 a write.
  return usesOf(entity, page).map(({ span, role }) => ({
    range: page.lines.range(span),
    kind: role === 'defines' || role === 'writes' ? 3 : 2,
  }));
}

// ---- renaming ----------------------------------------------------------------------------------------

/** What a name cannot be renamed for, as a sentence. */
export class NotRenamed extends Error {}

/** The name under the cursor, where it is the user's own. */
export function renamable(
  page: Page,
  offset: number,
): { readonly range: Range; readonly placeholder: string } | undefined {
  const use = page.useAt(offset);
  const span = use?.entity?.span;
  const isWord = use?.entity?.kind === 'loss' && use.name === 'loss';
  if (!use || !span || span.file.startsWith('std/') || isWord) return undefined;
  return { range: page.lines.range(use.span), placeholder: use.name };
}

export function rename(page: Page, pages: Pages, offset: number, name: string): WorkspaceEdit {
  const entity = page.useAt(offset)?.entity;
  if (!entity || !renamable(page, offset)) throw new NotRenamed('this is no name of yours');
  requireName(name);
  const changes: Record<string, { range: Range; newText: string }[]> = {};
  for (const other of pagesWith(entity, page, pages)) {
    const uses = usesOf(entity, other);
    if (uses.length === 0) continue;
    for (const { span } of uses) requireFree(name, entity, other, span.start);
    changes[other.uri] = uses.map(({ span }) => ({ range: other.lines.range(span), newText: name }));
  }
  return { changes };
}

function requireName(name: string): void {
  const { tokens, comments, diagnostics } = lex({ file: '', text: name });
  const whole = tokens.length === 2 && comments.length === 0 && diagnostics.length === 0 && tokens[0].image === name;
  const reserved = /^(if|then|else|and|or|not|true|false|training)$/.test(name);
  if (!whole || reserved || !(isName(tokens[0]) || words.has(name)))
    throw new NotRenamed(`${JSON.stringify(name)} cannot be a name`);
}

/** The new name must not mean something else where the old one stands. */
function requireFree(name: string, entity: Entity, page: Page, offset: number): void {
  const taken = page
    .reading()
    .names.scopes.some(
      (scope) =>
        scope.span !== undefined &&
        scope.span.start <= offset &&
        offset <= scope.span.end &&
        [...scope.entities()].some((other) => other.name === name && !isSame(other, entity)),
    );
  if (taken) throw new NotRenamed(`${name} is taken here`);
}
