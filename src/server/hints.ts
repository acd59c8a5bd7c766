// Inlay hints: the shapes of what names are bound to, and of the steps of pipes that are written on several lines.
import type { InlayHint } from 'vscode-languageserver';
import { describeValue, isTensorial } from '../analysis/text.js';
import type { Span } from '../diagnostics/diagnostic.js';
import { eachExpression, statementsOf } from '../parser/walk.js';
import type { Identifier, Statement } from '../parser/tree.js';
import type { Page } from './pages.js';

export function inlayHints(page: Page, from: number, to: number): InlayHint[] {
  const { file, values } = page.analysis();
  const hints: InlayHint[] = [];
  const isShown = ({ start, end }: Span): boolean => end >= from && start <= to;
  const hint = (span: Span, offset: number, lead: string): void => {
    const value = values.at(span);
    const text = value && isTensorial(value) ? describeValue(value) : undefined;
    if (text !== undefined)
      hints.push({
        position: page.lines.positionAt(offset),
        label: `${lead}${text}`,
        kind: 1,
        paddingLeft: lead === '',
      });
  };
  for (const declaration of file.declarations) {
    if (!isShown(declaration.span)) continue;
    for (const statement of statementsOf(declaration))
      for (const { span } of bound(statement)) if (isShown(span)) hint(span, span.end, ': ');
  }
  eachExpression(file, (expression) => {
    if (expression.kind !== 'binary' || expression.operator !== '|>' || !isShown(expression.span)) return;
    const { left, operatorSpan } = expression;
    // The last step is what the name is.
    if (page.lines.lineOf(left.span.end) < page.lines.lineOf(operatorSpan.start)) hint(left.span, left.span.end, '');
  });
  return hints.sort((a, b) => a.position.line - b.position.line || a.position.character - b.position.character);
}

function bound(statement: Statement): readonly Identifier[] {
  if (statement.kind === 'binding') return statement.names;
  return statement.kind === 'output' && statement.value ? [statement.name] : [];
}
