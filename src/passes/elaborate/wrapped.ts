// Layers around a layer: what they say of the parameters of their block, and what stands beside it.
import { noParameters } from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { constant as whole, mul } from '../../ir/index.js';
import type { Adapter, Owner } from '../../ir/model.js';
import { permute, reshape } from '../../ir/ops/movement.js';
import { dim } from '../../ir/types.js';
import { fail, Follows, Naming, type Context, type Frame, type Wrapping } from './frame.js';
import { instanceOf, tensorValue, type Given, type Manner, type Value, type Wrapped } from './values.js';

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
  const axes = manner.kind === 'weights' ? 2 : 0;
  const rank = (name: string): number => frame.context.parameters.get(name)?.type.shape.length ?? 0;
  if (![...wrapping.parameters].some((name) => rank(name) >= axes))
    fail(
      frame,
      noParameters({ manner: manner.name, what: axes > 0 ? 'weights of two or more axes' : 'parameters', span }),
    );
  if (manner.kind !== 'beside') return value;
  const { other, name } = manner;
  if (other.instance) other.instance.path ??= besideOf(block, frame).path(name);
  return apply(other, [...list.slice(0, 1), { value, span }], span, {
    ...frame,
    wrapping: { ...wrapping, beside: true },
  });
}

/** Names beside a block: under its path, or under the binding that a block without one is applied in. */
function besideOf(block: Value, { naming }: Frame): Naming {
  const instance = instanceOf(block);
  if (instance?.path === undefined) return naming;
  instance.beside ??= new Naming(instance.path);
  return instance.beside;
}

/**
 * What stands for a parameter where it is applied: of a weight of two or more axes, what the blocks around make of it. It is made once,
 * outside of all loops, however often the weight is applied.
 */
export function weightOf(node: Node, name: string, frame: Frame, apply: Apply): Node {
  if (node.type.shape.length < 2) return node;
  const { weights, loops, calls } = frame.context;
  let weight = node;
  for (const { manner, beside } of around(frame.wrapping)) {
    // What is made beside a block, or of its weights, has weights of its own.
    if (beside) break;
    if (manner.kind !== 'weights') continue;
    const key = `${name} ${manner.by.definition.name.name}`;
    const open = loops.splice(0);
    try {
      const span = calls.at(-1)?.span ?? manner.by.definition.name.span;
      const wrapping: Wrapping = { manner, beside: true, parameters: new Set(), outer: frame.wrapping };
      const given = [weight, matrixOf(weight, name, frame)].map((of): Given => ({ value: tensorValue(of), span }));
      const made =
        weights.get(key) ??
        nodeOf(apply({ ...manner.by, instance: { path: name } }, given, span, { ...frame, wrapping }));
      weights.set(key, made);
      weight = made;
    } finally {
      loops.push(...open);
    }
  }
  return weight;
}

function nodeOf(value: Value): Node {
  if (value.kind !== 'tensor') throw new Follows();
  return value.node;
}

/** Layers of the library whose weights have more than two axes, and the outputs on the second: [c, channels, …]. */
const transposed: ReadonlySet<string> = new Set(['conv_transpose2d']);

/**
 * The matrix that PyTorch makes of a weight, whose rows are its outputs: W: [n, units] as [units, n], [channels, …] as [channels, n], and
 * that of a transposed convolution, [c, channels, …], as [channels, n].
 */
function matrixOf(weight: Node, name: string, { context: { g, calls, parameters } }: Frame): Node {
  const { shape } = weight.type;
  const isLibrary = parameters.get(name)?.declared.file.startsWith('std/') === true;
  const isTransposed = isLibrary && transposed.has(calls.at(-1)?.name ?? '');
  const order = shape.map((_, i) => (i > 1 || !(isTransposed || shape.length === 2) ? i : 1 - i));
  const rows = order[0] === 0 ? weight : g.make(permute, [weight], { order });
  const [first, ...others] = order.map((i) => shape[i]);
  if (others.length === 1) return rows;
  const columns = others.reduce((product, { size }) => mul(product, size), whole(1));
  return g.make(reshape, [rows], { shape: [first, dim(columns)] });
}

/** Is what is applied here inside of frozen(block)? */
export function isFrozen({ wrapping }: Frame): boolean {
  return around(wrapping).some(({ manner }) => manner.kind === 'frozen');
}

/** Does what is applied here stand beside a block? */
export function isBeside({ wrapping }: Frame): boolean {
  return around(wrapping).some(({ beside }) => beside === true);
}

/** The layers under way, from the outermost in. */
export function ownersIn({ context: { calls, isLibrary } }: Frame): readonly Owner[] {
  return calls.flatMap(({ name, path, definition }) =>
    definition.kind === 'layer' ? [{ layer: name, path, library: isLibrary(definition.name.span.file) }] : [],
  );
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
