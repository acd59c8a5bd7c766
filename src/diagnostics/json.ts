// Diagnostics as plain data for editors.
import type { Diagnostic, Span } from './diagnostic.js';
import { lineAt, lineStarts } from './position.js';
import type { Sources } from './render.js';

export interface JsonPlace {
  readonly file: string;
  /** From 1; columns count UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** From 0, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly labels: readonly (JsonPlace & { readonly text: string })[];
  readonly notes: readonly string[];
  readonly help?: string;
  /** What mends it: stretches and what stands there instead; `chosen`: the model computes other numbers then. */
  readonly fix?: {
    readonly title: string;
    readonly edits: readonly (JsonPlace & { readonly text: string })[];
    readonly chosen?: true;
  };
  readonly trace: readonly (JsonPlace & { readonly callee: string })[];
}

/** All of a diagnostic, its places as lines and columns. */
export function toJson(diagnostic: Diagnostic, sources: Sources): JsonDiagnostic {
  const { code, severity, message, labels, notes = [], help, fix, trace = [] } = diagnostic;
  const starts = new Map<string, readonly number[]>();
  const place = ({ file, start, end }: Span): JsonPlace => {
    const known =
      starts.get(file) ?? lineStarts((typeof sources === 'function' ? sources(file) : sources.get(file)) ?? '');
    starts.set(file, known);
    const line = lineAt(known, start);
    const endLine = lineAt(known, end);
    return {
      file,
      line: line + 1,
      column: start - known[line] + 1,
      endLine: endLine + 1,
      endColumn: end - known[endLine] + 1,
      start,
      end,
    };
  };
  return {
    code,
    severity,
    message,
    labels: labels.map(({ span, text }) => ({ ...place(span), text })),
    notes,
    ...(help === undefined ? {} : { help }),
    ...(fix && {
      fix: {
        title: fix.title,
        edits: fix.edits.map(({ span, text }) => ({ ...place(span), text })),
        ...(fix.chosen && { chosen: fix.chosen }),
      },
    }),
    trace: trace.map(({ callee, span }) => ({ ...place(span), callee })),
  };
}
