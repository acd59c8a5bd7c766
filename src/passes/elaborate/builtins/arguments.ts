// How builtins read their arguments.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { unmet } from '../../../diagnostics/requirements.js';
import type { Node } from '../../../ir/graph.js';
import type { Dim } from '../../../ir/types.js';
import { configured } from '../calls.js';
import { fail } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { toNode } from '../tensors.js';
import { describe, isCallable, printNumber, type BuiltinCall, type Given, type Value } from '../values.js';

export function given(call: BuiltinCall, name: string): Given {
  return (
    call.given.get(name) ??
    fail(call.frame, wrongKind({ expected: `${name} of ${call.name}`, got: 'nothing', span: call.span }))
  );
}

export function node(call: BuiltinCall, name: string): Node {
  const argument = given(call, name);
  return toNode(call.frame, argument.value, argument.span);
}

export function number(call: BuiltinCall, name: string, otherwise?: number): number {
  const argument = call.given.get(name);
  if (!argument && otherwise !== undefined) return otherwise;
  const { value, span } = given(call, name);
  if (value.kind !== 'number')
    return fail(
      call.frame,
      wrongKind({ expected: `a number known while compiling for ${name}`, got: describe(value), span }),
    );
  return value.value;
}

/** What a setting of a builtin may be: as `require` says it in the library. */
interface Allowed {
  readonly text: string;
  fits(value: number): boolean;
}

export const finite = (name: string): Allowed => ({ text: `${name} is a finite number`, fits: Number.isFinite });

/** Refuses a number that a setting cannot be. */
export function checkSetting(call: BuiltinCall, name: string, value: number, { text, fits }: Allowed): number {
  const span = call.given.get(name)?.span ?? call.span;
  if (fits(value)) return value;
  return fail(
    call.frame,
    unmet({ callee: call.name, text, labels: [{ span, text: `${name} = ${printNumber(value)}` }], trace: [] }),
  );
}

export function integer(call: BuiltinCall, name: string): number {
  const value = number(call, name);
  if (!Number.isInteger(value))
    return fail(
      call.frame,
      wrongKind({ expected: `a whole number for ${name}`, got: String(value), span: given(call, name).span }),
    );
  return value;
}

export function truth(call: BuiltinCall, name: string, otherwise: boolean): boolean {
  const argument = call.given.get(name);
  if (!argument) return otherwise;
  if (argument.value.kind !== 'boolean')
    return fail(
      call.frame,
      wrongKind({ expected: `true or false for ${name}`, got: describe(argument.value), span: argument.span }),
    );
  return argument.value.value;
}

export function text(call: BuiltinCall, name: string): string {
  const { value, span } = given(call, name);
  if (value.kind !== 'string')
    return fail(call.frame, wrongKind({ expected: `a text for ${name}`, got: describe(value), span }));
  return value.value;
}

export function list(call: BuiltinCall, name: string): readonly Value[] {
  const { value, span } = given(call, name);
  if (value.kind === 'list' || value.kind === 'tuple') return value.items;
  return fail(call.frame, wrongKind({ expected: `a list for ${name}`, got: describe(value), span }));
}

/** A shape: a list of sizes; a single size counts as a list of one. */
export function shape(call: BuiltinCall, name: string): Dim[] {
  const { value, span } = given(call, name);
  const items = value.kind === 'list' ? value.items : [value];
  return items.map((item) => wantedDim(call.frame, item, span));
}

/** The single size `n`. */
export function oneSize(call: BuiltinCall): Dim {
  const { value, span } = given(call, 'n');
  return wantedDim(call.frame, value, span);
}

/** The layer that a call is given as its block. */
export function blockOf(call: BuiltinCall): Value {
  const { value, span } = given(call, 'block');
  const block = configured(value, call.frame, span);
  return isCallable(block) ? block : fail(call.frame, wrongKind({ expected: 'a layer', got: describe(block), span }));
}
