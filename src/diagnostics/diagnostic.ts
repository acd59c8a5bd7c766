// Diagnostics as values: what every error a user causes is made of. The messages live in the catalog beside this file.
import { readable, readableLines } from './quote.js';

/** A stretch of a source file, in UTF-16 offsets, end exclusive. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export interface Source {
  /** As the user named it: what messages print. */
  readonly file: string;
  readonly text: string;
}

export interface Label {
  readonly span: Span;
  /** What is said at this place: `W: [784, 10]`. */
  readonly text: string;
}

/** What is to be written instead: edits that do not overlap. */
export interface Fix {
  /** `leave out the import of relu` */
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
  /** The model computes other numbers then: made where its author chooses it, and not by `nnc check --fix`. */
  readonly chosen?: true;
}

/** A text in the place of what stands there. */
export function instead(span: Span, text: string): Fix {
  return { title: text === '' ? 'leave it out' : `write ${text.trim()}`, edits: [{ span, text }] };
}

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Kebab case, unique in the catalog: `shape-mismatch`. */
  readonly code: string;
  /** One line, plain words, no blame. */
  readonly message: string;
  /** The first is where the fault is; the others say where the rest of the evidence stands. */
  readonly labels: readonly Label[];
  /** `= the last dimension of h is hidden=128, and the first of W is 784` */
  readonly notes?: readonly string[];
  /** One hint: `did you mean image @ W?` */
  readonly help?: string;
  /** What mends it, where that is plain. */
  readonly fix?: Fix;
  /** Calls that led into a library or another function, innermost first: where each was called. */
  readonly trace?: readonly { readonly callee: string; readonly span: Span }[];
}

/** A kind of diagnostic: call it with its parameters to make one. */
export interface Message<P> {
  (parameters: P): Diagnostic;
  readonly code: string;
  readonly severity: Diagnostic['severity'];
}

/** Defines a catalog entry; the parameters' type is part of the message. Names in it may be of any length and hold anything. */
export function message<P>(
  code: string,
  build: (parameters: P) => Omit<Diagnostic, 'code' | 'severity'>,
  severity: Diagnostic['severity'] = 'error',
): Message<P> {
  const make = (parameters: P): Diagnostic => {
    const { message: text, labels, notes, help, ...rest } = build(parameters);
    return {
      severity,
      code,
      ...rest,
      message: readable(text),
      labels: labels.map((label) => ({ ...label, text: readable(label.text) })),
      ...(notes && { notes: notes.map(readableLines) }),
      ...(help !== undefined && { help: readableLines(help) }),
    };
  };
  return Object.assign(make, { code, severity });
}

/** Thrown inside a phase to leave a construct that cannot be given a meaning; the phase catches it and goes on with the next. */
export class Fault extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
  }
}
