// Layers around a layer: what frozen(block) says of the parameters of its block.
import { noParameters } from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import { fail, type Frame, type Wrapping } from './frame.js';
import type { Value, Wrapped } from './values.js';

/** Applies the block of a wrapped layer in a frame that says what it is wrapped in. */
export function applyWrapped({ manner }: Wrapped, span: Span, frame: Frame, run: (frame: Frame) => Value): Value {
  const wrapping: Wrapping = { manner, parameters: new Set(), outer: frame.wrapping };
  const result = run({ ...frame, wrapping });
  if (wrapping.parameters.size === 0 && result.kind !== 'unknown') fail(frame, noParameters({ manner, span }));
  return result;
}

/** Is what is applied here inside of frozen(block)? */
export function isFrozen({ wrapping }: Frame): boolean {
  return around(wrapping).some(({ manner }) => manner === 'frozen');
}

/** Tells the blocks around that they have this parameter. */
export function noteParameter({ wrapping }: Frame, name: string): void {
  for (const { parameters } of around(wrapping)) parameters.add(name);
}

/** The wrappings from the innermost out. */
function around(wrapping: Wrapping | undefined): readonly Wrapping[] {
  return wrapping ? [wrapping, ...around(wrapping.outer)] : [];
}
