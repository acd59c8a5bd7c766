// Applying fixes: the text with what diagnostics say in the place of what they are about.
import type { Diagnostic, Fix } from './diagnostic.js';

export interface Mended {
  readonly text: string;
  /** How many fixes are in it. */
  readonly count: number;
}

/**
 * The text of a file with the fixes of its warnings, but for those that overlap others: they wait for another round. What mends an error is a
 * guess, and what changes numbers a choice, for its author to see.
 */
export function mended(file: string, text: string, diagnostics: readonly Diagnostic[]): Mended {
  const taken: Fix['edits'][number][] = [];
  let count = 0;
  for (const { fix, severity } of diagnostics) {
    if (!fix || fix.chosen || severity === 'error' || !fix.edits.every(({ span }) => span.file === file)) continue;
    const isFree = fix.edits.every(({ span: { start, end } }) =>
      taken.every(({ span: other }) => end <= other.start || start >= other.end),
    );
    if (!isFree) continue;
    taken.push(...fix.edits);
    count++;
  }
  const edits = taken.sort((a, b) => b.span.start - a.span.start);
  return { text: edits.reduce((now, edit) => replaced(now, edit), text), count };
}

function replaced(text: string, { span: { start, end }, text: by }: Fix['edits'][number]): string {
  return text.slice(0, start) + by + text.slice(end);
}
