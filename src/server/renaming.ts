// Renaming, in all files that are open or in the folders that are: afterwards each name means what it meant.
import type { Range, WorkspaceEdit } from 'vscode-languageserver';
import { isSame, type Entity } from '../analysis/entities.js';
import type { Span } from '../diagnostics/diagnostic.js';
import { lex } from '../parser/lex.js';
import { isName } from '../parser/starts.js';
import { words } from '../parser/tokens.js';
import { pagesWith, usesOf } from './navigation.js';
import { Page, type Pages } from './pages.js';

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
  const changed = pagesWith(entity, page, pages).flatMap((of): Changed[] => {
    const spans = usesOf(entity, of).map(({ span }) => span);
    for (const { start } of spans) requireFree(name, entity, of, start);
    return spans.length === 0 ? [] : [{ of, spans, now: replaced(of.text, spans, name) }];
  });
  if (!isAsBefore(changed, pages, name)) throw new NotRenamed(`${name} is taken here`);
  return {
    changes: Object.fromEntries(
      changed.map(({ of, spans }) => [of.uri, spans.map((span) => ({ range: of.lines.range(span), newText: name }))]),
    ),
  };
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

interface Changed {
  readonly of: Page;
  /** Where the old name stood, in the order of the text. */
  readonly spans: readonly Span[];
  readonly now: string;
}

function replaced(text: string, spans: readonly Span[], name: string): string {
  return [...spans].reverse().reduce((made, { start, end }) => made.slice(0, start) + name + made.slice(end), text);
}

/** Does every name of the changed files stand for what it stood for: also for what the library has of the new name? */
function isAsBefore(changed: readonly Changed[], pages: Pages, name: string): boolean {
  const byFile = new Map(changed.map((each) => [each.of.file, each]));
  /** A place of the old text in the new one. */
  const moved = ({ file, start }: Span): string => {
    const before = (byFile.get(file)?.spans ?? []).filter((span) => span.start < start);
    return `${file} ${before.reduce((at, span) => at + name.length - (span.end - span.start), start)}`;
  };
  return changed.every(({ of, now }) => {
    const page = new Page(of.uri, of.file, now, 0, (path) => byFile.get(path)?.now ?? pages.textOfAny(path));
    const [was, is] = [of.reading().names.uses, page.reading().names.uses];
    return (
      was.length === is.length &&
      was.every(({ entity }, i) => {
        const { [i]: other } = is;
        if (!entity?.span || !other.entity?.span)
          return (
            entity?.kind === other.entity?.kind && (entity?.span === undefined) === (other.entity?.span === undefined)
          );
        return moved(entity.span) === `${other.entity.span.file} ${other.entity.span.start}`;
      })
    );
  });
}
