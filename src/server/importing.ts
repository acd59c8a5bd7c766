// Imports while they are written: which files there are, and what the one that is named has to give.
import type { Entity } from '../analysis/entities.js';
import { declared } from '../analysis/entities.js';
import { importPath } from '../passes/elaborate/imports.js';
import type { Page, Pages } from './pages.js';

/** The names that an import may take where the cursor stands between its braces; undefined: it does not. */
export function importable(page: Page, pages: Pages, offset: number): readonly Entity[] | undefined {
  const [, given] = /(?:^|\n)[ \t]*import\s*\{([^{}"]*)$/.exec(page.text.slice(0, offset)) ?? [];
  if (given === undefined) return undefined;
  const [, rest = '', path] = /^([^{}"]*)\}\s*from\s*"([^"\r\n]*)"/.exec(page.text.slice(offset)) ?? [];
  const other = path === undefined ? undefined : pages.pageOf(importPath(page.file, path));
  const taken = new Set(
    `${given.replace(/[^,]*$/, '')}${rest.replace(/^[^,]*/, '')}`.split(',').map((each) => each.trim()),
  );
  return (other?.reading().file.declarations ?? []).flatMap((declaration) => {
    const { kind } = declaration;
    if (kind === 'import' || kind === 'gradient' || kind === 'model') return [];
    return taken.has(declaration.name.name) ? [] : [declared(declaration)];
  });
}

/** The path that is being written behind `from`: where it begins and ends; undefined: the cursor is in none. */
export function pathAt(
  { text, lines }: Page,
  offset: number,
): { readonly start: number; readonly end: number } | undefined {
  const before = text.slice(lines.startOf(lines.lineOf(offset)), offset);
  const [, begun] = /\bfrom\s*"([^"]*)$/.exec(before) ?? [];
  if (begun === undefined) return undefined;
  const [rest] = /^[^"\r\n]*/.exec(text.slice(offset)) ?? [''];
  return { start: offset - begun.length, end: offset + rest.length };
}

/** Paths of the files that are open, or in the folders that are, as an import of this one names them. */
export function pathsFrom(page: Page, pages: Pages): readonly string[] {
  return pages
    .files()
    .filter((file) => file !== page.file)
    .map((file) => relative(page.file, file))
    .sort();
}

function relative(from: string, to: string): string {
  const [here, there] = [from.split('/').slice(0, -1), to.split('/')];
  let common = 0;
  while (common < here.length && common < there.length - 1 && here[common] === there[common]) common++;
  return [...here.slice(common).map(() => '..'), ...there.slice(common)].join('/');
}

/** The file that the import at an offset names, where its path stands there. */
export function importedAt(page: Page, pages: Pages, offset: number): Page | undefined {
  for (const declaration of page.reading().file.declarations) {
    if (declaration.kind !== 'import') continue;
    const { span, value } = declaration.path;
    if (span.start <= offset && offset <= span.end) return pages.pageOf(importPath(page.file, value));
  }
  return undefined;
}
