// From names to names: definitions, references and highlights, in all files that are open or in the folders that are.
import type { DocumentHighlight, Location } from 'vscode-languageserver';
import { isSame, type Entity, type Use } from '../analysis/entities.js';
import { importedAt } from './importing.js';
import { Lines, type Page, type Pages } from './pages.js';

export function definition(page: Page, pages: Pages, offset: number): Location | undefined {
  const span = page.useAt(offset)?.entity?.span;
  if (!span) {
    const file = importedAt(page, pages, offset);
    return file && { uri: file.uri, range: file.lines.range({ start: 0, end: 0 }) };
  }
  const lines = span.file === page.file ? page.lines : linesOf(span.file, pages);
  return lines && { uri: pages.uriOf(span.file), range: lines.range(span) };
}

function linesOf(file: string, pages: Pages): Lines | undefined {
  const text = pages.textOfAny(file);
  return text === undefined ? undefined : new Lines(text);
}

/** The uses of an entity on a page. */
export function usesOf(entity: Entity, page: Page): readonly Use[] {
  return page.reading().names.uses.filter((use) => use.entity !== undefined && isSame(use.entity, entity));
}

/** Names of the file itself are in no other; what a file defines at its top may be anywhere. */
export function pagesWith(entity: Entity, page: Page, pages: Pages): readonly Page[] {
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
