// Diagnostics in the words of the protocol.
import type { Diagnostic as Problem } from 'vscode-languageserver';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Lines, type Page, type Pages } from './pages.js';

/** Those that stand on a page; what stands in a file that it imports is told where that is imported. */
export function problemsOf(page: Page, pages: Pages): Problem[] {
  return page.diagnostics().map((diagnostic) => toProtocol(diagnostic, page, pages));
}

export function toProtocol(diagnostic: Diagnostic, page: Page, pages: Pages): Problem {
  const { severity, code, message, labels, notes = [], help, trace = [] } = diagnostic;
  const places = [...labels, ...trace.map(({ span, callee }) => ({ span, text: `in this call of ${callee}` }))];
  const [own] = places.filter(({ span }) => span.file === page.file);
  const others = places.filter((label) => label !== own && label.text !== '');
  const text = [
    message,
    ...(own && own.text !== '' ? [own.text] : []),
    ...notes,
    ...(help === undefined ? [] : [`help: ${help}`]),
  ];
  const lines = new Map<string, Lines>([[page.file, page.lines]]);
  const linesOf = (file: string): Lines => {
    const known = lines.get(file) ?? new Lines(pages.textOfAny(file) ?? '');
    lines.set(file, known);
    return known;
  };
  return {
    range: page.lines.range(own?.span ?? { start: 0, end: 0 }),
    severity: severity === 'error' ? 1 : 2,
    source: 'nnc',
    code,
    message: text.join('\n'),
    // 1 fades what is there for nothing.
    ...(code === 'unused' && { tags: [1 as const] }),
    ...(others.length > 0 && {
      relatedInformation: others.map(({ span, text: said }) => ({
        location: { uri: pages.uriOf(span.file), range: linesOf(span.file).range(span) },
        message: said,
      })),
    }),
  };
}
