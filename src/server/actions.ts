// Code actions: fixes of diagnostics, comments that silence warnings, and what is above a model to run.
import type { CodeAction, CodeLens, Range, TextEdit, WorkspaceEdit } from 'vscode-languageserver';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.js';
import { mended } from '../diagnostics/fixes.js';
import { extraction } from './extract.js';
import { toProtocol } from './problems.js';
import type { Page, Pages } from './pages.js';

export function codeActions(page: Page, pages: Pages, range: Range, only?: readonly string[]): CodeAction[] {
  const wanted = (kind: string): boolean =>
    only === undefined || only.some((each) => kind === each || kind.startsWith(`${each}.`));
  const [from, to] = [page.lines.offsetAt(range.start), page.lines.offsetAt(range.end)];
  const actions: CodeAction[] = [];
  if (wanted('quickfix'))
    for (const diagnostic of diagnosticsNear(page, range)) {
      const problem = toProtocol(diagnostic, page, pages);
      if (diagnostic.fix)
        actions.push({
          title: sentence(diagnostic.fix.title),
          kind: 'quickfix',
          diagnostics: [problem],
          ...(!diagnostic.fix.chosen && { isPreferred: true }),
          edit: editOf(diagnostic.fix, pages),
        });
      if (diagnostic.severity === 'warning')
        actions.push({
          title: `Silence ${diagnostic.code} here`,
          kind: 'quickfix',
          diagnostics: [problem],
          edit: { changes: { [page.uri]: [silencing(diagnostic, page)] } },
        });
    }
  if (wanted('source.fixAll.nnc')) {
    const { text, count } = mended(page.file, page.text, page.diagnostics());
    if (count > 0)
      actions.push({
        title: `Mend ${count === 1 ? 'what has a fix' : `all ${count} that have a fix`}`,
        kind: 'source.fixAll.nnc',
        edit: { changes: { [page.uri]: [wholeEdit(page, text)] } },
      });
  }
  const extracted = wanted('refactor.extract') ? extraction(page, from, to) : undefined;
  if (extracted)
    actions.push({
      title: 'Extract a layer',
      kind: 'refactor.extract',
      edit: {
        changes: { [page.uri]: extracted.map(({ span, text }) => ({ range: page.lines.range(span), newText: text })) },
      },
    });
  return actions;
}

/** What is said of places that a selection touches. A cursor alone is asked about its line, what it stands in first. */
function diagnosticsNear(page: Page, { start, end }: Range): Diagnostic[] {
  const { lines } = page;
  const touching = (from: number, to: number): Diagnostic[] =>
    page.diagnostics().filter(({ labels }) => {
      const span = labels.at(0)?.span;
      return span?.file === page.file && span.end >= from && span.start <= to;
    });
  const here = touching(lines.offsetAt(start), lines.offsetAt(end));
  if (start.line !== end.line || start.character !== end.character) return here;
  const from = lines.offsetAt({ line: start.line, character: 0 });
  return [...new Set([...here, ...touching(from, from + lines.lineText(start.line).length)])];
}

function sentence(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function editOf({ edits }: Fix, pages: Pages): WorkspaceEdit {
  const changes: Record<string, TextEdit[]> = {};
  for (const { span, text } of edits) {
    const page = pages.pageOf(span.file);
    if (page) (changes[page.uri] ??= []).push({ range: page.lines.range(span), newText: text });
  }
  return { changes };
}

/** A comment above the line of a warning, indented as it is. */
function silencing({ code, labels }: Diagnostic, { lines }: Page): TextEdit {
  const line = lines.lineOf(labels[0].span.start);
  const indent = /^\s*/.exec(lines.lineText(line))?.[0] ?? '';
  const start = { line, character: 0 };
  return { range: { start, end: start }, newText: `${indent}// nnc-ignore ${code}\n` };
}

/** One edit from a text to another: what both begin and end with stays. */
export function wholeEdit({ text, lines }: Page, now: string): TextEdit {
  let start = 0;
  const most = Math.min(text.length, now.length);
  while (start < most && text[start] === now[start]) start++;
  let end = 0;
  while (end < most - start && text[text.length - 1 - end] === now[now.length - 1 - end]) end++;
  return { range: lines.range({ start, end: text.length - end }), newText: now.slice(start, now.length - end) };
}

/** Above each model what can be done with it: commands of the editor's extension. */
export function codeLenses(page: Page): CodeLens[] {
  return page.reading().file.declarations.flatMap((declaration) => {
    if (declaration.kind !== 'model') return [];
    const range = page.lines.range(declaration.name.span);
    const has = (kind: string): boolean => declaration.body.some((statement) => statement.kind === kind);
    const lens = (title: string, command: string): CodeLens => ({
      range,
      command: { title, command, arguments: [page.uri, declaration.name.name] },
    });
    return [
      ...(has('loss') ? [lens('Show gradient', 'nnc.gradient')] : []),
      ...(has('train') ? [lens('Train', 'nnc.train')] : []),
    ];
  });
}
