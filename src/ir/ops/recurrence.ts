// Values made one from another along an axis: running sums and products, and what their derivatives are made of.
import { constant as whole, constantOf, zero } from '../index.js';
import { printType, sameShape, tensor } from '../types.js';
import { apply, local, type Scalar } from '../scalar.js';
import { apply as called, setting } from '../formula/tree.js';
import type { Builder, Node, Op } from '../graph.js';
import { mul } from './arithmetic.js';
import { filled } from './calls.js';
import { pad, slice } from './movement.js';

export interface Recurrence {
  readonly axis: number;
  /** From the end of the axis. */
  readonly reverse: boolean;
  /**
   * What y[i] is made of, where y[i-1] is the one before. sum: y[i-1] + x[i], from 0; product: y[i-1] * x[i], from 1;
   * linear: y[i-1] * f[i] + x[i], from 0, of the inputs f and x.
   */
  readonly form: 'sum' | 'product' | 'linear';
}

/** As the language calls it. */
const names = { sum: 'cumsum', product: 'cumprod', linear: 'cumlinear' } as const;

type Attrs = { axis: number; reverse: boolean; form: Recurrence['form'] };

/** Each of its derivatives is one of its kind, so that all of them are exact, whatever elements are 0. */
export const recurrence: Op<Attrs> = {
  kind: 'structured',
  name: 'recurrence',
  summary: 'Along an axis, each element by the one before: a running sum, a running product, or y[i-1] * f[i] + x[i].',
  rule: 'd y[i] = f[i] ⊙ d y[i - 1] + y[i - 1] ⊙ d f[i] + d x[i]',
  type: (inputs, { form }) => {
    const [first, second] = inputs;
    if (inputs.length !== (form === 'linear' ? 2 : 1)) throw new Error(`${form} of ${inputs.length} inputs`);
    if (second && !sameShape(first, second)) throw new Error(`${printType(first)} and ${printType(second)} differ`);
    return tensor(inputs[inputs.length - 1].shape);
  },
  vjp: (d, node, g) => cotangents(d, node, g),
  notation: {
    kind: 'form',
    write: (inputs, { attrs: { axis, reverse, form } }) =>
      called(names[form], inputs, {
        settings: [setting(String(axis), 'axis'), ...(reverse ? [setting('true', 'reverse')] : [])],
      }),
  },
  samples: [
    { inputs: ['f32[2, 4]'], attrs: { axis: 1, reverse: false, form: 'sum' } },
    { inputs: ['f32[3, 2]'], attrs: { axis: 0, reverse: true, form: 'sum' } },
    { inputs: ['f32[2, 4]'], attrs: { axis: 1, reverse: false, form: 'product' } },
    { inputs: ['f32[3, 2]'], attrs: { axis: 0, reverse: true, form: 'product' } },
    { inputs: ['f32[5]', 'f32[5]'], attrs: { axis: 0, reverse: false, form: 'linear' } },
    { inputs: ['f32[2, 3, 2]', 'f32[2, 3, 2]'], attrs: { axis: 1, reverse: true, form: 'linear' } },
    { inputs: ['f32[3, 1]'], attrs: { axis: 1, reverse: false, form: 'product' } },
  ],
};

/** The element before, in the step of a recurrence. */
export const carried: Scalar = local('carried', 'f32');

/** What the first element is made from. */
export function startOf({ form }: Recurrence): number {
  return form === 'product' ? 1 : 0;
}

/** One element by `carried` and its inputs' elements. */
export function stepOf({ form }: Recurrence, inputs: readonly Scalar[]): Scalar {
  switch (form) {
    case 'sum':
      return apply('add', carried, inputs[0]);
    case 'product':
      return apply('mul', carried, inputs[0]);
    case 'linear':
      return apply('add', apply('mul', carried, inputs[0]), inputs[1]);
    default:
      return form satisfies never;
  }
}

/**
 * a[i] = d[i] + f[i+1] * a[i+1] is what reaches y[i] from itself and from all behind it: the cotangent of what was added there. That of
 * the factor is a[i] * y[i-1].
 */
function cotangents(d: Node, node: Node<Attrs>, g: Builder): readonly Node[] {
  const { axis, reverse, form } = node.attrs;
  const [factor] = node.inputs;
  const y = g.make(recurrence, node.inputs, node.attrs);
  if (form === 'sum') return [g.make(recurrence, [d], { axis, reverse: !reverse, form })];
  const next = shifted(factor, axis, reverse ? 1 : -1, 0, g);
  const reaching = g.make(recurrence, [next, d], { axis, reverse: !reverse, form: 'linear' });
  const before = shifted(y, axis, reverse ? -1 : 1, startOf(node.attrs), g);
  const ofFactor = g.make(mul, [reaching, before], {});
  return form === 'product' ? [ofFactor] : [ofFactor, reaching];
}

/** The tensor moved by one index along an axis, towards its end where `by` is 1; `value` is what moves in. */
function shifted(x: Node, axis: number, by: 1 | -1, value: number, g: Builder): Node {
  const { shape } = x.type;
  if (constantOf(shape[axis].size) === 1) return filled(g, value, x.type);
  const at = (n: number): number[] => shape.map((_, i) => (i === axis ? n : 0));
  const padded = g.make(pad, [x], { low: at(by === 1 ? 1 : 0), high: at(by === 1 ? 0 : 1), value });
  const starts = shape.map((_, i) => (i === axis && by === -1 ? whole(1) : zero));
  return g.make(slice, [padded], { starts, steps: shape.map(() => 1), sizes: shape });
}
