// What elementwise operations have in common: operands of one shape, and a scalar rule at each coordinate.
import type { Builder, Node, Notation, Op, Sample } from '../graph.js';
import type { Scalar } from '../scalar.js';
import type { OpName } from './registry.js';
import { printType, sameShape, tensor, type Dim, type ElementType, type TensorType } from '../types.js';

/** An op without attributes. */
export type Plain = Readonly<Record<string, never>>;

export interface Elementwise {
  readonly name: OpName;
  readonly summary: string;
  /** The value at a coordinate from the operands' values there. */
  scalar(...args: readonly Scalar[]): Scalar;
  /** The cotangent of each operand. */
  vjp?(cotangent: Node, inputs: readonly Node[], result: Node, g: Builder): readonly (Node | undefined)[];
  /** The rule of its derivative, as mathematics states it. */
  readonly rule?: string;
  readonly notation?: Notation<Plain>;
  readonly samples: readonly Omit<Sample, 'attrs'>[];
  /** The element type of the result; default: that of the last operand. */
  readonly result?: ElementType;
}

/** The op record of an elementwise operation. */
export function elementwise(of: Elementwise): Op<Plain> {
  const { vjp } = of;
  return {
    kind: 'element',
    elementwise: true,
    name: of.name,
    summary: of.summary,
    ...(of.rule !== undefined && { rule: of.rule }),
    type: (inputs) => typeOf(commonShape(of.name, inputs), of.result ?? inputs[inputs.length - 1].element, inputs),
    element: (at, inputs) => of.scalar(...inputs.map((input) => input(at))),
    ...(vjp && {
      vjp: (cotangent: Node, node: Node<Plain>, g: Builder) =>
        vjp(cotangent, node.inputs, g.make(node.op, node.inputs, node.attrs), g),
    }),
    notation: of.notation,
    samples: of.samples.map((s) => ({ ...s, attrs: {} })),
  };
}

/** An operand's own type where that is the result's: what is found of types is kept with the object. */
function typeOf(shape: readonly Dim[], element: ElementType, inputs: readonly TensorType[]): TensorType {
  return inputs.find((type) => type.shape === shape && type.element === element) ?? tensor(shape, element);
}

/** The operands' shape, each dimension with the first name that one of them gives it. */
function commonShape(name: string, inputs: readonly TensorType[]): readonly Dim[] {
  const [first] = inputs;
  if (inputs.every(({ shape }) => shape === first.shape)) return first.shape;
  for (const other of inputs)
    if (other.shape !== first.shape && !sameShape(first, other))
      throw new Error(`${name} of ${inputs.map(printType).join(' and ')}: ops do not broadcast`);
  if (first.shape.every((d) => d.name !== undefined)) return first.shape;
  return first.shape.map((d, i) => inputs.find((t) => t.shape[i].name !== undefined)?.shape[i] ?? d);
}

export const unary: readonly Omit<Sample, 'attrs'>[] = [{ inputs: ['f32[2, 3]'] }, { inputs: ['f32'] }];
export const binary: readonly Omit<Sample, 'attrs'>[] = [
  { inputs: ['f32[2, 3]', 'f32[2, 3]'] },
  { inputs: ['f32', 'f32'] },
];

/** The samples with f32 inputs drawn from an interval. */
export function within(
  samples: readonly Omit<Sample, 'attrs'>[],
  low: number,
  high: number,
): readonly Omit<Sample, 'attrs'>[] {
  return samples.map((s) => ({ ...s, domain: [low, high] as const }));
}
