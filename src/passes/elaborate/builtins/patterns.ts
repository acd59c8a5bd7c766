// What einsum and rearrange have in common: patterns of names with one arrow, and how they are refused.
import { badPattern } from '../../../diagnostics/types.js';
import { fail } from '../frame.js';
import type { BuiltinCall } from '../values.js';
import { given, text } from './arguments.js';

/** Refuses the pattern of a call. */
export function bad(call: BuiltinCall, why: string): never {
  return fail(call.frame, badPattern({ pattern: text(call, 'pattern'), why, span: given(call, 'pattern').span }));
}

/** The two sides of the pattern. */
export function sidesOf(call: BuiltinCall): [from: string, to: string] {
  const [from, to, more] = text(call, 'pattern').split('->');
  return to === undefined || more !== undefined ? bad(call, 'it needs one ->') : [from, to];
}
