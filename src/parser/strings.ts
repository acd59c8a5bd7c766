// String literals: what stands between the quotes, and back.
import type { Diagnostic, Span } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['0', '\0'],
  ['"', '"'],
  ['\\', '\\'],
]);

/** The value of a literal, quotes and all; a closing quote may be missing. */
export function unescape(image: string, span: Span, report: (diagnostic: Diagnostic) => void): string {
  const closed = image.length > 1 && /["”']$/.test(image);
  const inner = image.slice(1, closed ? -1 : undefined);
  if (!inner.includes('\\')) return inner;
  return inner.replace(/\\([^])/g, (found: string, letter: string, offset: number) => {
    const meant = escapes.get(letter);
    if (meant === undefined) {
      const start = span.start + 1 + offset;
      report(say.unknownEscape({ span: { ...span, start, end: start + found.length }, found }));
    }
    return meant ?? found;
  });
}

/** The literal of a value. */
export function escape(value: string): string {
  let inner = value;
  for (const [letter, meant] of [...escapes].reverse()) inner = inner.replaceAll(meant, `\\${letter}`);
  return `"${inner}"`;
}
