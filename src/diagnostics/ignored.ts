// `// nnc-ignore CODE` above a line: warnings of that code that stand there are not told.
import type { Diagnostic } from './diagnostic.js';
import { lineAt, lineStarts } from './position.js';
import type { Sources } from './render.js';

const comment = /^[ \t]*\/\/+[ \t]*nnc-ignore[ \t]+([\w-]+(?:[ \t]*,?[ \t]*[\w-]+)*)/;

/** The diagnostics but for those that a comment silences. Errors are always told. */
export function unsilenced(diagnostics: readonly Diagnostic[], sources: Sources): readonly Diagnostic[] {
  if (!diagnostics.some(({ severity }) => severity === 'warning')) return diagnostics;
  const lines = new Map<string, { readonly starts: readonly number[]; readonly texts: readonly string[] }>();
  const linesOf = (file: string) => {
    const known = lines.get(file);
    if (known) return known;
    const text = (typeof sources === 'function' ? sources(file) : sources.get(file)) ?? '';
    const made = { starts: lineStarts(text), texts: text.split(/\r\n?|\n/) };
    lines.set(file, made);
    return made;
  };
  return diagnostics.filter(({ severity, code, labels }) => {
    const span = labels.at(0)?.span;
    if (severity === 'error' || !span) return true;
    const { starts, texts } = linesOf(span.file);
    // Comments stand above one another.
    for (let line = lineAt(starts, span.start) - 1; line >= 0 && /^\s*\/\//.test(texts[line]); line--)
      if (
        comment
          .exec(texts[line])?.[1]
          .split(/[\s,]+/)
          .includes(code)
      )
        return false;
    return true;
  });
}
