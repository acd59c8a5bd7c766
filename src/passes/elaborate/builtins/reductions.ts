// Reductions: along an axis given by position or by name, all axes by default.
import { tooManyArguments, wrongKind } from '../../../diagnostics/elaboration.js';
import type { Node, Op } from '../../../ir/graph.js';
import { constant as whole, product, sub } from '../../../ir/index.js';
import { iota } from '../../../ir/ops/constants.js';
import { equalTo, not, or, select } from '../../../ir/ops/logic.js';
import { broadcast, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { prod, reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { dim } from '../../../ir/types.js';
import { axesOf } from '../axes.js';
import { fail, type Frame } from '../frame.js';
import { asF32, toNumbers } from '../tensors.js';
import { describe, sizeValue, tensorValue, type BuiltinCall, type BuiltinDefinition, type Value } from '../values.js';
import { given, node, truth } from './arguments.js';
import { extreme } from './elementwise.js';

type Along = { axes: readonly number[] };

export const reductionBuiltins: readonly BuiltinDefinition[] = [
  reduction('sum', 'The sum along the axes; of bools, how many are true.', 'sum(x, axis = 1)', sum, toNumbers),
  reduction('prod', 'The product along the axes.', 'prod(x, axis = 1)', prod, toNumbers),
  reduction('any', 'True where any element along the axes is.', 'any(x > 2, axis = 1)', reduceMax, requireBool),
  reduction(
    'all',
    'True where all elements along the axes are; without a call it means all axes, axis = all.',
    'all(x > 0, axis = 1)',
    reduceMin,
    requireBool,
  ),
  ...(['max', 'min'] as const).map((name): BuiltinDefinition => ({
    name,
    kind: 'reduction',
    forms: ['(x, axis = all, keep = false)', '(a, b)'],
    summary: `The ${name === 'max' ? 'largest' : 'smallest'} element along the axes; of two values the ${name === 'max' ? 'larger' : 'smaller'}, element by element. The axis of a reduction is given by name.`,
    example: `${name}(x, axis = 1)`,
    apply(call) {
      // max(a, b) of two values is elementwise, so a reduction names its axis.
      const axis = call.given.get('axis');
      if (axis && axis.name === undefined && !isAll(axis.value)) {
        const more = call.given.get('keep');
        if (more) return fail(call.frame, tooManyArguments({ callee: name, most: 2, got: 3, span: more.span }));
        return extreme(call, name);
      }
      const x = node(call, 'x');
      return reduced(
        call,
        name === 'max' ? reduceMax : reduceMin,
        x.type.element.kind === 'bool' ? toNumbers(call.frame, x) : x,
      );
    },
  })),
  {
    name: 'count',
    kind: 'static',
    forms: ['(x, axis = all)'],
    summary: 'How many elements the axes hold: what a mean divides by.',
    example: 'sum(x, axis = 1) / count(x, 1)',
    apply(call) {
      const x = node(call, 'x');
      const axes = axesOf(call.frame, x, call.given.get('axis'));
      return sizeValue(product(axes.map((a) => x.type.shape[a].size)));
    },
  },
  ...(['argmax', 'argmin'] as const).map((name): BuiltinDefinition => ({
    name,
    kind: 'reduction',
    forms: ['(x, axis = -1, keep = false)'],
    summary: `The place of the ${name === 'argmax' ? 'largest' : 'smallest'} element along an axis, an index; of equal ones the first. NaN is more extreme than any number. Along several axes (a list, or axis = all) places are counted row by row.`,
    example: `${name}(x)`,
    apply(call) {
      const x = asF32(call.frame, node(call, 'x'), call.span);
      const last = x.type.shape.length - 1;
      if (last < 0)
        return fail(
          call.frame,
          wrongKind({ expected: 'a tensor with axes', got: describe(tensorValue(x)), span: call.span }),
        );
      const axis = call.given.get('axis');
      const along = axis ? axesOf(call.frame, x, axis) : [last];
      const line = inOneLine(call.frame, x, along);
      const op = name === 'argmax' ? reduceMax : reduceMin;
      return tensorValue(kept(call, firstExtreme(call.frame, line.node, line.axis, op), x, along));
    },
  })),
];

function isAll(value: Value): boolean {
  return value.kind === 'all' || (value.kind === 'builtin' && value.builtin.name === 'all');
}

function reduction(
  name: string,
  summary: string,
  example: string,
  op: Op<Along>,
  convert: (frame: Frame, x: Node, call: BuiltinCall) => Node,
): BuiltinDefinition {
  return {
    name,
    kind: 'reduction',
    forms: ['(x, axis = all, keep = false)'],
    summary,
    example,
    apply: (call) => reduced(call, op, convert(call.frame, node(call, 'x'), call)),
  };
}

function requireBool(frame: Frame, x: Node, call: BuiltinCall): Node {
  if (x.type.element.kind === 'bool') return x;
  return fail(
    frame,
    wrongKind({ expected: 'a bool tensor', got: describe(tensorValue(x)), span: given(call, 'x').span }),
  );
}

function reduced(call: BuiltinCall, op: Op<Along>, x: Node): Value {
  const axes = axesOf(call.frame, x, call.given.get('axis'));
  return tensorValue(kept(call, call.frame.context.g.make(op, [x], { axes }), x, axes));
}

/** `keep = true` leaves the reduced axes with size 1. */
function kept(call: BuiltinCall, result: Node, x: Node, axes: readonly number[]): Node {
  if (!truth(call, 'keep', false)) return result;
  const shape = x.type.shape.map((d, i) => (axes.includes(i) ? dim(whole(1)) : d));
  return call.frame.context.g.make(reshape, [result], { shape });
}

/** The axes as one, in their order: where the first of several stood, or the only one as it is. */
function inOneLine({ context: { g } }: Frame, x: Node, axes: readonly number[]): { node: Node; axis: number } {
  const [axis = 0] = axes;
  if (axes.length === 1) return { node: x, axis };
  const { shape } = x.type;
  const before = shape.slice(0, axis).map((_, i) => i);
  const after = shape.flatMap((_, i) => (i > axis && !axes.includes(i) ? [i] : []));
  const line = dim(product(axes.map((a) => shape[a].size)));
  const node = g.make(reshape, [g.make(permute, [x], { order: [...before, ...axes, ...after] })], {
    shape: [...before.map((a) => shape[a]), line, ...after.map((a) => shape[a])],
  });
  return { node, axis };
}

/** The first index along an axis where x equals its extreme there; where some are NaN, and so the extreme, the first of those. */
function firstExtreme({ context: { g } }: Frame, x: Node, axis: number, op: Op<Along>): Node {
  const { shape } = x.type;
  const best = g.make(broadcast, [g.make(op, [x], { axes: [axis] })], { shape, axes: [axis] });
  const length = shape[axis];
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const places = g.make(iota, [], { size: length.size });
  const spread = (n: Node, axes: number[]): Node => (axes.length === 0 ? n : g.make(broadcast, [n], { shape, axes }));
  // Some index is always found; the last one stands where another is.
  const last = g.make(
    reshape,
    [g.make(slice, [places], { starts: [sub(length.size, 1)], steps: [1], sizes: [dim(whole(1))] })],
    { shape: [] },
  );
  const chosen = g.make(
    select,
    [
      g.make(or, [g.make(equalTo, [x, best], {}), g.make(not, [g.make(equalTo, [x, x], {})], {})], {}),
      spread(places, others),
      spread(
        last,
        shape.map((_, i) => i),
      ),
    ],
    {},
  );
  return g.make(reduceMin, [chosen], { axes: [axis] });
}
