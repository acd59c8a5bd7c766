// Values whose derivative their author declared.
import { standFor } from '../builder.js';
import { apply, name } from '../formula/tree.js';
import type { Builder, Node, Op } from '../graph.js';
import { reachable } from '../reachable.js';
import { printType, sameElement, sameShape, type TensorType } from '../types.js';

/**
 * A leaf of a declared derivative. It is told from the others by its number, and from those of derivatives inside which it is declared
 * by its depth, so that equal derivatives are one. The name is a label.
 */
export const argument: Op<{ depth: number; number: number; name: string; type: TensorType }> = {
  kind: 'leaf',
  name: 'argument',
  summary: 'What a declared derivative is of: an argument, or the cotangent of the result.',
  type: (_, { type }) => type,
  notation: { kind: 'form', write: (_, { attrs }) => name(attrs.name) },
  samples: [],
};

/** A derivative, closed over leaves of its own: it reads nothing from outside but through them. */
export interface OwnGradient {
  /** Of the function. */
  readonly name: string;
  /** Leaf by tensor that the function is given. */
  readonly leaves: readonly Node[];
  /** The leaf of the result's cotangent. */
  readonly cotangent: Node;
  /** The cotangent of each of those tensors, over the leaves; undefined where none flows. */
  readonly parts: readonly (Node | undefined)[];
  /** Equal for equal derivatives. */
  readonly key: string;
}

/** The key of a derivative by what it is made of. */
export function keyOfOwnGradient({ leaves, cotangent, parts }: Omit<OwnGradient, 'name' | 'key'>): string {
  const ids = (nodes: readonly (Node | undefined)[]): string => nodes.map((n) => n?.id ?? '-').join(',');
  return `own(${ids([...leaves, cotangent])};${ids(parts)})`;
}

/**
 * The value of a function (the first input) with a derivative by what it was given (the others). The derivative is an ordinary graph, whose
 * own derivative follows by the chain rule.
 */
export const ownGradient: Op<{ gradient: OwnGradient }> = {
  kind: 'element',
  name: 'ownGradient',
  summary:
    'The first input, with the derivative by the others that its author declared: of y = f(x), whose gradient is declared as ' +
    'gradient f(x, d) = e, d_x is e with d_y in the place of d.',
  rule: 'as its author declares it',
  type: ([value, ...given], { gradient: { leaves, cotangent } }) => {
    if (given.length !== leaves.length) throw new Error(`a derivative by ${leaves.length} has ${given.length} inputs`);
    [value, ...given].forEach((type, i) => fits(type, (i === 0 ? cotangent : leaves[i - 1]).type));
    return value;
  },
  element: (at, [value]) => value(at),
  vjp: (d, { inputs: [, ...given], attrs: { gradient } }, g) => [undefined, ...cotangentsOf(gradient, given, d, g)],
  notation: {
    kind: 'form',
    write: ([, ...given], { attrs: { gradient } }) => apply(gradient.name, given),
  },
  samples: [],
};

/** The derivative with nodes instead of its leaves, which get the role of what is being made. */
function cotangentsOf(
  { leaves, cotangent, parts }: OwnGradient,
  given: readonly Node[],
  d: Node,
  g: Builder,
): (Node | undefined)[] {
  const become = new Map<Node, Node>([[cotangent, d], ...leaves.map((leaf, i) => [leaf, given[i]] as const)]);
  const now = (node: Node): Node => become.get(node) ?? node;
  for (const node of reachable(parts.flatMap((part) => part ?? []))) {
    if (become.has(node) || node.inputs.every((input) => now(input) === input)) continue;
    const made = g.at(node.origin, () => g.make(node.op, node.inputs.map(now), node.attrs));
    standFor(node, made);
    become.set(node, made);
  }
  return parts.map((part) => part && now(part));
}

function fits(found: TensorType, wanted: TensorType): void {
  if (!sameShape(found, wanted) || !sameElement(found.element, wanted.element))
    throw new Error(`an input is ${printType(found)}, the declared derivative says ${printType(wanted)}`);
}
