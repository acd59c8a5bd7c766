// Folding: declarations, train blocks and loops, and comments of several lines.
import type { FoldingRange } from 'vscode-languageserver';
import { eachExpression, statementsOf } from '../parser/walk.js';
import type { Span } from '../diagnostics/diagnostic.js';
import type { Page } from './pages.js';

export function foldingRanges(page: Page): FoldingRange[] {
  const { file, comments } = page.reading();
  const { lines } = page;
  const ranges = new Map<number, FoldingRange>();
  const fold = ({ start, end }: Pick<Span, 'start' | 'end'>, kind?: string): void => {
    const [startLine, last] = [lines.lineOf(start), lines.lineOf(end)];
    // The closing brace stays to be seen.
    const endLine = kind === undefined && /^\s*[})\]]/.test(lines.lineText(last)) ? last - 1 : last;
    if (endLine > startLine && !ranges.has(startLine))
      ranges.set(startLine, { startLine, endLine, ...(kind && { kind }) });
  };
  for (const declaration of file.declarations) {
    fold(declaration.span);
    for (const statement of statementsOf(declaration)) fold(statement.span);
  }
  eachExpression(file, (expression) => {
    if (expression.kind === 'scan' || expression.kind === 'list') fold(expression.span);
  });
  for (let at = 0; at < comments.length;) {
    const first = at;
    // Comments that stand on lines of their own, one below the other.
    while (at + 1 < comments.length && follows(comments[at], comments[at + 1], page)) at++;
    if (at > first) fold({ start: comments[first].start, end: comments[at].end }, 'comment');
    at++;
  }
  return [...ranges.values()].sort((a, b) => a.startLine - b.startLine);
}

function follows(above: Span, below: Span, { lines, text }: Page): boolean {
  const line = lines.lineOf(below.start);
  return line === lines.lineOf(above.start) + 1 && text.slice(lines.startOf(line), below.start).trim() === '';
}
