// Patterns of parameters' names.
import type { Span } from '../../../diagnostics/diagnostic.js';
import { noSuchParameter } from '../../../diagnostics/training.js';
import type { ModelParameter } from '../../../ir/model.js';
import { fail, type Frame } from '../frame.js';

/** `*` stands for any characters, dots included. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su').test(name);
}

/** A pattern that matches no parameter is an error. */
export function requireMatch(pattern: string, parameters: readonly ModelParameter[], span: Span, frame: Frame): void {
  const names = parameters.map((p) => p.name);
  if (!names.some((n) => matches(pattern, n))) fail(frame, noSuchParameter({ pattern, names, span }));
}
