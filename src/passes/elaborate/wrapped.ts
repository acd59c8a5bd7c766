// Layers around a layer: what they say of the parameters of their block, and what stands beside it.
import { noParameters } from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Adapter } from '../../ir/model.js';
import { fail, Naming, type Context, type Frame, type Wrapping } from './frame.js';
import { instanceOf, type Given, type Manner, type Value, type Wrapped } from './values.js';

type Apply = (callee: Value, list: readonly Given[], span: Span, frame: Frame) => Value;

/** Applies the block of a wrapped layer in a frame that says what it is wrapped in, and what stands beside it to x and that. */
export function applyWrapped(
  { manner, block }: Wrapped,
  list: readonly Given[],
  span: Span,
  frame: Frame,
  apply: Apply,
): Value {
  const wrapping: Wrapping = { manner, parameters: new Set(), outer: frame.wrapping };
  const value = apply(block, list, span, { ...frame, wrapping });
  if (value.kind === 'unknown') return value;
  if (wrapping.parameters.size === 0) fail(frame, noParameters({ manner: calledBy(wrapping), span }));
  if (manner.kind !== 'beside') return value;
  const { other, name } = manner;
  if (other.instance) other.instance.path ??= besideOf(block, frame).path(name);
  return apply(other, [...list.slice(0, 1), { value, span }], span, {
    ...frame,
    wrapping: { ...wrapping, beside: true },
  });
}

/** What the user wrote: lora(relu) is frozen(relu), with something beside it. */
function calledBy({ manner, outer }: Wrapping): string {
  return outer?.manner.kind === 'beside' && !outer.beside ? calledBy(outer) : manner.name;
}

/** Names beside a block: under its path, or under the binding that a block without one is applied in. */
function besideOf(block: Value, { naming }: Frame): Naming {
  const instance = instanceOf(block);
  if (instance?.path === undefined) return naming;
  instance.beside ??= new Naming(instance.path);
  return instance.beside;
}

/** Is what is applied here inside of frozen(block)? */
export function isFrozen({ wrapping }: Frame): boolean {
  return around(wrapping).some(({ manner }) => manner.kind === 'frozen');
}

/** Does what is applied here stand beside a block? */
export function isBeside({ wrapping }: Frame): boolean {
  return around(wrapping).some(({ beside }) => beside === true);
}

/** Tells the blocks around that they have this parameter. */
export function noteParameter({ wrapping, context }: Frame, name: string): void {
  const all = around(wrapping);
  for (const { parameters } of all) parameters.add(name);
  const beside = all.flatMap(({ manner }) => (manner.kind === 'beside' ? [manner] : []));
  context.applications.set(name, [...(context.applications.get(name) ?? []), beside]);
}

/** The adapters of a model. One may be added to its weight where the weight is applied with the same adapters wherever it is. */
export function adaptersOf({ adapters, applications }: Context): Adapter[] {
  const pathOf = (manner: Manner): string => (manner.kind === 'beside' && manner.other.instance?.path) || '';
  return [...adapters.values()].map(({ weight, ...of }) => {
    const beside = (weight === undefined ? [] : (applications.get(weight) ?? [])).map((all) => all.map(pathOf).join());
    return weight === undefined || new Set(beside).size > 1 ? of : { weight, ...of };
  });
}

/** The wrappings from the innermost out. */
function around(wrapping: Wrapping | undefined): readonly Wrapping[] {
  return wrapping ? [wrapping, ...around(wrapping.outer)] : [];
}
