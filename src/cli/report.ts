// Printing diagnostics on standard error.
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { unsilenced } from '../diagnostics/ignored.js';
import { render } from '../diagnostics/render.js';
import { textOf } from './files.js';
import { standardError } from './output.js';

/** Prints diagnostics for people; true where one of them is an error. */
export function report(diagnostics: readonly Diagnostic[]): boolean {
  const colour = coloured(standardError);
  for (const diagnostic of unsilenced(diagnostics, textOf))
    standardError.write(`${render(diagnostic, textOf, { colour })}\n\n`);
  return hasErrors(diagnostics);
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

/** Colour is for terminals, and NO_COLOR forbids it. */
export function coloured(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR;
}
