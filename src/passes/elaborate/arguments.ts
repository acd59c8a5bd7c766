// Arguments by their parameters: each is given once, and none is missing.
import * as messages from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import { usageOf } from '../../diagnostics/foreign.js';
import type { Parameter } from '../../parser/tree.js';
import { fail, type Frame } from './frame.js';
import { nearest } from './names.js';
import { describe, type Given } from './values.js';

/** Are these arguments that the parameters can take? The values are bound later. `oneStep`: nothing configures what they are of. */
export function checkArguments(
  callee: string,
  parameters: readonly Parameter[],
  list: readonly Given[],
  span: Span,
  frame: Frame,
  oneStep = false,
): Map<string, Given> {
  const found = new Map<string, Given>();
  const names = parameters.map((p) => p.name.name);
  let position = 0;
  for (const given of list) {
    const name = given.name ?? names[position++];
    if (name === undefined)
      return fail(frame, messages.tooManyArguments({ callee, most: names.length, got: list.length, span: given.span }));
    if (!names.includes(name))
      return fail(
        frame,
        messages.unknownArgument({
          callee,
          name,
          span: given.place ?? given.span,
          known: names,
          nearest: nearest(name, names),
        }),
      );
    if (found.has(name)) return fail(frame, messages.givenTwice({ callee, name, span: given.place ?? given.span }));
    found.set(name, given);
  }
  const missing = parameters.find((p) => !p.default && !found.has(p.name.name));
  if (missing) {
    const name = missing.name.name;
    // Settings alone, as of a layer: rotary(base = 500).
    const help =
      oneStep && missing === parameters[0] && usageOf(callee) === undefined
        ? together(callee, name, [...found.keys()])
        : undefined;
    return fail(frame, messages.missingArgument({ callee, name, span, ...(help !== undefined && { help }) }));
  }
  for (const parameter of parameters) checkSwitch(callee, parameter, found.get(parameter.name.name), frame);
  return found;
}

/** How a function is called whose arguments stand in one pair of parentheses. */
function together(callee: string, first: string, given: readonly string[]): string {
  const call = `write ${callee}(${[first, ...given.map((name) => `${name} = …`)].join(', ')})`;
  return given.length > 0 ? `${call}: it takes its arguments together` : `${call}, or ${first} |> ${callee}`;
}

/** What is true or false by default is no number: `dense(784, 128)` would take a size for its bias. */
function checkSwitch(callee: string, parameter: Parameter, given: Given | undefined, frame: Frame): void {
  if (parameter.default?.kind !== 'boolean' || !given) return;
  const { value, span } = given;
  if (value.kind !== 'number' && value.kind !== 'size' && value.kind !== 'string') return;
  fail(
    frame,
    messages.wrongKind({
      expected: `true or false for ${parameter.name.name}`,
      got: describe(value),
      span,
      help: usageOf(callee),
    }),
  );
}
