// The parameters of a model itself, and what overrides their defaults: `--set hidden=16`.
import type { Span } from '../../diagnostics/diagnostic.js';
import * as messages from '../../diagnostics/elaboration.js';
import { shortened } from '../../diagnostics/quote.js';
import type { Declaration } from '../../parser/tree.js';
import { guarded } from './bodies.js';
import { configured } from './calls.js';
import { evaluate } from './expressions.js';
import { fail, type Frame } from './frame.js';
import { nearest } from './names.js';
import type { Value } from './values.js';

/** The model's own parameters: their defaults, or what overrides them. */
export function bindParameters(
  declaration: Extract<Declaration, { kind: 'model' }>,
  set: Readonly<Record<string, number | boolean | string>>,
  frame: Frame,
): void {
  const names = declaration.parameters.map((p) => p.name.name);
  for (const name of Object.keys(set))
    if (!names.includes(name))
      frame.context.report(
        messages.unknownOverride({
          name,
          span: declaration.name.span,
          none: names.length === 0,
          nearest: nearest(name, names),
        }),
      );
  for (const { name, default: expression, span } of declaration.parameters) {
    guarded(frame, [name], () => {
      const given = Object.hasOwn(set, name.name) ? overriding(set[name.name]) : undefined;
      const value = given ?? (expression && configured(evaluate(expression, frame), frame, expression.span));
      if (!value)
        return fail(
          frame,
          messages.missingArgument({
            callee: declaration.name.name,
            name: name.name,
            span,
            help: `give it a default, or a value with --set ${name.name}=…`,
          }),
        );
      if (given && expression) requireSameKind(evaluate(expression, frame), given, name.name, expression.span, frame);
      const named: Value = value.kind === 'number' ? { kind: 'number', value: value.value, name: name.name } : value;
      frame.scope.define(name.name, named);
      frame.context.note?.(name.span, named);
    });
  }
}

function overriding(value: number | boolean | string): Value {
  if (typeof value === 'number') return { kind: 'number', value };
  return typeof value === 'boolean' ? { kind: 'boolean', value } : { kind: 'string', value };
}

/** `--set hidden=true` where hidden is a number would only show far from its cause. */
function requireSameKind(before: Value, given: Value, name: string, span: Span, frame: Frame): void {
  const plain = ['number', 'boolean', 'string'];
  if (!plain.includes(before.kind) || before.kind === given.kind) return;
  const kinds: Readonly<Record<string, string>> = { number: 'a number', boolean: 'true or false', string: 'a text' };
  const got =
    given.kind === 'string'
      ? `"${shortened(given.value)}"`
      : given.kind === 'number' || given.kind === 'boolean'
        ? String(given.value)
        : given.kind;
  fail(frame, messages.badOverride({ name, expected: kinds[before.kind], got, span }));
}
