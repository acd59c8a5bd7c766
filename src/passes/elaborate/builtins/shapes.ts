// Builtins that move elements: reshape, transpose, permute and their like, and cumulative sums.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { counted } from '../../../diagnostics/quote.js';
import { badReshape, wrongShape } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, div, mod, printIndex, product } from '../../../ir/index.js';
import { permute, reshape } from '../../../ir/ops/movement.js';
import { recurrence } from '../../../ir/ops/recurrence.js';
import { dim, elementCount, printDim, printShape, printType, sameShape, type Dim } from '../../../ir/types.js';
import { commonShape, stretch } from '../broadcasting.js';
import { axisOf } from '../axes.js';
import { fail } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { toNumbers } from '../tensors.js';
import {
  describe,
  listValue,
  sizeValue,
  tensorValue,
  type BuiltinCall,
  type BuiltinDefinition,
  type Value,
} from '../values.js';
import { given, list, node, shape, truth } from './arguments.js';

export const shapeBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'reshape',
    kind: 'shape',
    forms: ['(x, shape)'],
    summary: 'The same elements in another shape, in row-major order; one size may be left open with -1.',
    example: 'reshape(x, [batch, 2, -1])',
    apply(call) {
      const x = node(call, 'x');
      return tensorValue(call.frame.context.g.make(reshape, [x], { shape: wantedShape(call, x) }));
    },
  },
  {
    name: 'broadcast',
    kind: 'shape',
    forms: ['(x, shape)'],
    summary: 'x repeated to a shape that it stretches to by the rules of broadcasting.',
    example: 'broadcast(x[:, none, :], [batch, 3, 8])',
    apply(call) {
      const x = node(call, 'x');
      const wanted = shape(call, 'shape');
      const common = commonShape([x.type.shape, wanted]);
      if (!common || common.length !== wanted.length || common.some((d, i) => d.size.key !== wanted[i].size.key))
        return fail(
          call.frame,
          wrongShape({
            what: 'x',
            labels: [{ span: given(call, 'x').span, text: printType(x.type) }],
            note: `it does not broadcast to ${printShape(wanted)}`,
          }),
        );
      return tensorValue(stretch(call.frame.context.g, x, wanted));
    },
  },
  {
    name: 'shape',
    kind: 'shape',
    forms: ['(x)'],
    summary: 'The sizes of the axes, as a list: shape(x)[0].',
    example: 'reshape(x[:, :, none], shape(x))',
    apply: (call) => listValue(node(call, 'x').type.shape.map((d) => sizeValue(d.size, d.name))),
  },
  {
    name: 'transpose',
    kind: 'shape',
    forms: ['(x)'],
    summary: 'The last two axes exchanged.',
    example: 'transpose(x)',
    apply(call) {
      const x = node(call, 'x');
      const last = x.type.shape.length - 1;
      if (last < 1)
        return fail(
          call.frame,
          wrongKind({
            expected: 'a tensor with at least two axes',
            got: describe(tensorValue(x)),
            span: given(call, 'x').span,
          }),
        );
      const order = x.type.shape.map((_, i) => (i === last ? last - 1 : i === last - 1 ? last : i));
      return tensorValue(call.frame.context.g.make(permute, [x], { order }));
    },
  },
  {
    name: 'permute',
    kind: 'shape',
    forms: ['(x, order)'],
    summary: 'The axes in another order: axis i of the result is axis order[i] of x.',
    example: 'permute(image, [0, 2, 3, 1])',
    apply(call) {
      const x = node(call, 'x');
      const order = list(call, 'order').map((item) => axisOf(call.frame, x, item, given(call, 'order').span));
      if (order.length !== x.type.shape.length || new Set(order).size !== order.length)
        return fail(
          call.frame,
          wrongKind({
            expected: `each of ${counted(x.type.shape.length, 'axis', 'axes')} once`,
            got: `[${order.join(', ')}]`,
            span: given(call, 'order').span,
          }),
        );
      return tensorValue(call.frame.context.g.make(permute, [x], { order }));
    },
  },
  {
    name: 'cumsum',
    kind: 'reduction',
    forms: ['(x, axis, reverse = false)'],
    summary: 'The sums of the elements so far along an axis; of those from each on, where reverse = true.',
    example: 'cumsum(x, axis = 1)',
    apply: (call) => cumulative(call, 'sum'),
  },
  {
    name: 'cumprod',
    kind: 'reduction',
    forms: ['(x, axis, reverse = false)'],
    summary:
      'The products of the elements so far along an axis; of those from each on, where reverse = true. Its derivatives are exact where elements are 0, too.',
    example: 'cumprod(x, axis = 1)',
    apply: (call) => cumulative(call, 'product'),
  },
  {
    name: 'cumlinear',
    kind: 'reduction',
    forms: ['(f, x, axis, reverse = false)'],
    summary:
      'Along an axis each element from the one before, y[i] = y[i-1] * f[i] + x[i], from 0; from the end, where reverse = true. The derivative of cumprod is made of it.',
    example: 'cumlinear(x, x, axis = 1)',
    apply: (call) => {
      const [f, x] = ['f', 'x'].map((name) => toNumbers(call.frame, node(call, name)));
      if (!sameShape(f.type, x.type))
        return fail(
          call.frame,
          wrongShape({
            what: 'f',
            labels: [{ span: given(call, 'f').span, text: `${printType(f.type)} beside ${printType(x.type)}` }],
            note: 'f and x should have one shape',
          }),
        );
      const axis = axisOf(call.frame, x, given(call, 'axis').value, given(call, 'axis').span);
      const attrs = { axis, reverse: truth(call, 'reverse', false), form: 'linear' } as const;
      return tensorValue(call.frame.context.g.make(recurrence, [f, x], attrs));
    },
  },
];

function cumulative(call: BuiltinCall, form: 'sum' | 'product'): Value {
  const x = toNumbers(call.frame, node(call, 'x'));
  const axis = axisOf(call.frame, x, given(call, 'axis').value, given(call, 'axis').span);
  return tensorValue(
    call.frame.context.g.make(recurrence, [x], { axis, reverse: truth(call, 'reverse', false), form }),
  );
}

/** The shape that reshape is given, with what -1 stands for. */
function wantedShape(call: BuiltinCall, x: Node): Dim[] {
  const argument = given(call, 'shape');
  const items = argument.value.kind === 'list' ? argument.value.items : [argument.value];
  const isOpen = (item: Value): boolean => item.kind === 'number' && item.value === -1;
  const open = items.findIndex(isOpen);
  const bad = (to: string, why: string): never =>
    fail(call.frame, badReshape({ from: printType(x.type), to, why, span: argument.span }));
  if (items.filter(isOpen).length > 1) return bad('this shape', 'only one dimension can be left open with -1');
  const dims = items.map((item, i) => (i === open ? dim(whole(1)) : wantedDim(call.frame, item, argument.span)));
  const count = elementCount(x.type);
  const fixed = product(dims.map((d) => d.size));
  const shown = `[${dims.map((d, i) => (i === open ? '-1' : printDim(d))).join(', ')}]`;
  if (open < 0 && count.key !== fixed.key)
    return bad(shown, `${printIndex(count)} elements would become ${printIndex(fixed)}`);
  if (open >= 0 && (constantOf(fixed) === 0 || constantOf(mod(count, fixed)) !== 0))
    return bad(shown, `${printIndex(count)} elements do not divide into pieces of ${printIndex(fixed)}`);
  return dims.map((d, i) => (i === open ? dim(div(count, fixed)) : d));
}
