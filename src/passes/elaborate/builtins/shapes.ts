// Builtins that move elements: reshape, transpose, concat and their like.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { counted, shortened } from '../../../diagnostics/quote.js';
import { badReshape, wrongShape } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import {
  constant as whole,
  constantOf,
  div,
  mod,
  printIndex,
  product,
  sub,
  zero,
  type Index,
} from '../../../ir/index.js';
import { concat, pad, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { recurrence } from '../../../ir/ops/recurrence.js';
import {
  dim,
  elementCount,
  printDim,
  printShape,
  printType,
  sameElement,
  sameShape,
  type Dim,
} from '../../../ir/types.js';
import { commonShape, stretch } from '../broadcasting.js';
import { axisOf } from '../axes.js';
import { fail, spend } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { toNode, toNumbers } from '../tensors.js';
import {
  describe,
  listValue,
  sizeValue,
  tensorValue,
  type BuiltinCall,
  type BuiltinDefinition,
  type Value,
} from '../values.js';
import { given, integer, list, node, number, shape, truth } from './arguments.js';

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
    name: 'concat',
    kind: 'shape',
    forms: ['(tensors, axis)'],
    summary: 'Tensors one after another along an axis that they have.',
    example: 'concat([x, z], axis = 1)',
    apply(call) {
      const parts = nodes(call, 'tensors');
      const axis = given(call, 'axis');
      return tensorValue(joined(call, parts, axisOf(call.frame, parts[0], axis.value, axis.span)));
    },
  },
  {
    name: 'stack',
    kind: 'shape',
    forms: ['(tensors, axis)'],
    summary: 'Tensors of one shape side by side along a new axis; axis is its place in the result.',
    example: 'stack([x, z], axis = 1)',
    apply(call) {
      const { g } = call.frame.context;
      const parts = nodes(call, 'tensors');
      const [first] = parts;
      const rank = first.type.shape.length + 1;
      const wanted = integer(call, 'axis');
      const at = wanted < 0 ? wanted + rank : wanted;
      if (at < 0 || at >= rank)
        return fail(
          call.frame,
          wrongKind({
            expected: `an axis of the result, from ${-rank} to ${rank - 1}`,
            got: String(wanted),
            span: given(call, 'axis').span,
          }),
        );
      for (const part of parts)
        if (!sameShape(part.type, first.type)) return apart(call, part, first, 'they should have one shape');
      const wide = parts.map((p) =>
        g.make(reshape, [p], { shape: [...p.type.shape.slice(0, at), dim(whole(1)), ...p.type.shape.slice(at)] }),
      );
      return tensorValue(joined(call, wide, at));
    },
  },
  {
    name: 'split',
    kind: 'shape',
    forms: ['(x, n, axis)'],
    summary: 'n equal pieces along an axis, taken by n names: a, b = split(x, 2, axis = 1).',
    example: 'split(x, 2, axis = 1)[0]',
    apply(call) {
      const { g } = call.frame.context;
      const x = node(call, 'x');
      const n = integer(call, 'n');
      const axis = axisOf(call.frame, x, given(call, 'axis').value, given(call, 'axis').span);
      const length = x.type.shape[axis].size;
      if (n < 1 || constantOf(mod(length, whole(n))) !== 0)
        return fail(
          call.frame,
          wrongShape({
            what: 'x',
            labels: [{ span: given(call, 'x').span, text: printType(x.type) }],
            note: `its axis ${axis} does not divide into ${n} equal pieces`,
          }),
        );
      spend(call.frame, n, given(call, 'n').span);
      const each = div(length, whole(n));
      const items = Array.from({ length: n }, (_, i): Value => {
        const sizes = x.type.shape.map((d, a) => (a === axis ? dim(each) : d));
        const starts = x.type.shape.map((_, a): Index => (a === axis ? product([each, i]) : zero));
        return tensorValue(g.make(slice, [x], { starts, steps: x.type.shape.map(() => 1), sizes }));
      });
      return { kind: 'tuple', items };
    },
  },
  {
    name: 'pad',
    kind: 'shape',
    forms: ['(x, widths, value = 0)'],
    summary: 'x with elements of a value around it: a pair [before, after] for each axis.',
    example: 'pad(image, [[0, 0], [0, 0], [1, 1], [1, 1]])',
    apply(call) {
      const x = node(call, 'x');
      const pairs = list(call, 'widths').map((pair) =>
        pair.kind === 'list' ? pair.items.map((n) => (n.kind === 'number' ? n.value : NaN)) : [],
      );
      if (
        pairs.length !== x.type.shape.length ||
        pairs.some((p) => p.length !== 2 || p.some((n) => !Number.isInteger(n) || n < 0))
      )
        return fail(
          call.frame,
          wrongKind({
            expected: `a pair [before, after] of whole numbers from 0 up for each of ${counted(x.type.shape.length, 'axis', 'axes')}`,
            got: pairs.some((p) => p.length === 0 || p.some(Number.isNaN))
              ? describe(given(call, 'widths').value)
              : shortened(`[${pairs.map((p) => `[${p.join(', ')}]`).join(', ')}]`),
            span: given(call, 'widths').span,
          }),
        );
      return tensorValue(
        call.frame.context.g.make(pad, [x], {
          low: pairs.map((p) => p[0]),
          high: pairs.map((p) => p[1]),
          value: number(call, 'value', 0),
        }),
      );
    },
  },
  {
    name: 'flip',
    kind: 'shape',
    forms: ['(x, axis)'],
    summary: 'The elements in the opposite order along an axis.',
    example: 'flip(x, axis = 1)',
    apply(call) {
      const x = node(call, 'x');
      const axis = axisOf(call.frame, x, given(call, 'axis').value, given(call, 'axis').span);
      return tensorValue(
        call.frame.context.g.make(slice, [x], {
          starts: x.type.shape.map((d, i) => (i === axis ? sub(d.size, 1) : zero)),
          steps: x.type.shape.map((_, i) => (i === axis ? -1 : 1)),
          sizes: x.type.shape,
        }),
      );
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

function nodes(call: BuiltinCall, name: string): Node[] {
  const found = list(call, name).map((item) => toNode(call.frame, item, given(call, name).span));
  if (found.length === 0)
    return fail(call.frame, wrongKind({ expected: 'at least one tensor', got: 'none', span: given(call, name).span }));
  return found;
}

/** Tensors that cannot be put together. */
function apart(call: BuiltinCall, part: Node, first: Node, note: string): never {
  const text = `${printType(part.type)} beside ${printType(first.type)}`;
  return fail(
    call.frame,
    wrongShape({ what: 'one of the tensors', labels: [{ span: given(call, 'tensors').span, text }], note }),
  );
}

function joined(call: BuiltinCall, parts: readonly Node[], axis: number): Node {
  const [first] = parts;
  for (const part of parts) {
    const same =
      part.type.shape.length === first.type.shape.length &&
      part.type.shape.every((d, i) => i === axis || d.size.key === first.type.shape[i].size.key);
    if (!same || !sameElement(part.type.element, first.type.element))
      return apart(call, part, first, `they should differ along axis ${axis} only`);
  }
  return parts.length === 1 ? first : call.frame.context.g.make(concat, parts, { axis });
}
