// Builtins that join tensors and cut them: concat, stack, split, pad and flip.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { counted, shortened } from '../../../diagnostics/quote.js';
import { wrongShape } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import { add, constant as whole, constantOf, div, mod, printIndex, sub, zero, type Index } from '../../../ir/index.js';
import { concat, pad, reshape, slice } from '../../../ir/ops/movement.js';
import { dim, printType, sameElement, sameShape, type Dim } from '../../../ir/types.js';
import { axesOf, axisOf } from '../axes.js';
import { fail, spend } from '../frame.js';
import { wantedDim } from '../patterns.js';
import { requireAtMost } from '../sizeConditions.js';
import { toNode } from '../tensors.js';
import { describe, tensorValue, type BuiltinCall, type BuiltinDefinition, type Value } from '../values.js';
import { given, integer, list, node, number } from './arguments.js';

export const joiningBuiltins: readonly BuiltinDefinition[] = [
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
    summary:
      'n equal pieces along an axis, taken by n names: a, b = split(x, 2, axis = 1). A list gives the size of each piece: split(x, [6, 2], axis = 1).',
    example: 'split(x, 2, axis = 1)[0]',
    apply(call) {
      const { g } = call.frame.context;
      const x = node(call, 'x');
      const axis = axisOf(call.frame, x, given(call, 'axis').value, given(call, 'axis').span);
      const parts = piecesOf(call, x, axis);
      let start: Index = zero;
      const items = parts.map((part): Value => {
        const sizes = x.type.shape.map((d, a) => (a === axis ? part : d));
        const starts = x.type.shape.map((_, a): Index => (a === axis ? start : zero));
        start = add(start, part.size);
        return tensorValue(g.make(slice, [x], { starts, steps: x.type.shape.map(() => 1), sizes }));
      });
      return { kind: 'tuple', items };
    },
  },
  {
    name: 'pad',
    kind: 'shape',
    forms: ['(x, widths, value = 0)'],
    summary:
      'x with elements of a value around it: a pair [before, after] for each axis. Negative widths cut elements off, as in pad(x, [[0, 0], [-1, 1]]), which shifts.',
    example: 'pad(image, [[0, 0], [0, 0], [1, 1], [1, 1]])',
    apply(call) {
      const x = node(call, 'x');
      const pairs = widthsOf(call, x);
      const value = number(call, 'value', 0);
      const least = pairs.map((pair) => pair.map((n) => Math.min(n, 0)));
      const most = pairs.map((pair) => pair.map((n) => Math.max(n, 0)));
      return tensorValue(
        call.frame.context.g.make(pad, [cropped(call, x, least)], {
          low: most.map(([before]) => before),
          high: most.map(([, after]) => after),
          value,
        }),
      );
    },
  },
  {
    name: 'flip',
    kind: 'shape',
    forms: ['(x, axis)'],
    summary: 'The elements in the opposite order along an axis, or along each of a list.',
    example: 'flip(x, axis = 1)',
    apply(call) {
      const x = node(call, 'x');
      const axes = axesOf(call.frame, x, given(call, 'axis'));
      return tensorValue(
        call.frame.context.g.make(slice, [x], {
          starts: x.type.shape.map((d, i) => (axes.includes(i) ? sub(d.size, 1) : zero)),
          steps: x.type.shape.map((_, i) => (axes.includes(i) ? -1 : 1)),
          sizes: x.type.shape,
        }),
      );
    },
  },
];

/** The pieces of split along an axis: so many equal ones, or one for each size of a list. */
function piecesOf(call: BuiltinCall, x: Node, axis: number): Dim[] {
  const { value, span } = given(call, 'n');
  const { size } = x.type.shape[axis];
  const refuse = (note: string): never =>
    fail(
      call.frame,
      wrongShape({ what: 'x', labels: [{ span: given(call, 'x').span, text: printType(x.type) }], note }),
    );
  if (value.kind === 'list') {
    const pieces = value.items.map((item) => wantedDim(call.frame, item, span));
    const total = pieces.reduce<Index>((sum, d) => add(sum, d.size), zero);
    spend(call.frame, pieces.length, span);
    if (pieces.length > 0 && total.key === size.key) return pieces;
    return refuse(`the pieces add up to ${printIndex(total)}, and its axis ${axis} has ${printIndex(size)}`);
  }
  const n = integer(call, 'n');
  if (n < 1 || constantOf(mod(size, whole(n))) !== 0)
    return refuse(`its axis ${axis} does not divide into ${n} equal pieces`);
  spend(call.frame, n, span);
  return Array.from({ length: n }, () => dim(div(size, whole(n))));
}

/** The pairs of pad: whole numbers for each axis. */
function widthsOf(call: BuiltinCall, x: Node): (readonly [number, number])[] {
  const rank = x.type.shape.length;
  const pairs = list(call, 'widths').map((pair) =>
    pair.kind === 'list' ? pair.items.map((n) => (n.kind === 'number' ? n.value : NaN)) : [],
  );
  const found = pairs.flatMap(([low, high, ...more]) =>
    more.length === 0 && Number.isInteger(low) && Number.isInteger(high) ? [[low, high] as const] : [],
  );
  if (pairs.length === rank && found.length === rank) return found;
  return fail(
    call.frame,
    wrongKind({
      expected: `a pair [before, after] of whole numbers for each of ${counted(rank, 'axis', 'axes')}`,
      got: pairs.some((p) => p.length === 0 || p.some(Number.isNaN))
        ? describe(given(call, 'widths').value)
        : shortened(`[${pairs.map((p) => `[${p.join(', ')}]`).join(', ')}]`),
      span: given(call, 'widths').span,
    }),
  );
}

/** x without so many elements at the ends of each axis (counts from 0 down): at least one is left. */
function cropped(call: BuiltinCall, x: Node, widths: readonly (readonly number[])[]): Node {
  const { shape } = x.type;
  if (widths.every(([before, after]) => before === 0 && after === 0)) return x;
  const sizes = shape.map((d, i) => {
    const [before, after] = widths[i];
    const size = add(d.size, before, after);
    const text = `pad leaves something of axis ${i}`;
    if (size.key !== d.size.key && !requireAtMost(call.frame, whole(1), size, text))
      fail(
        call.frame,
        wrongShape({
          what: 'x',
          labels: [{ span: given(call, 'x').span, text: printType(x.type) }],
          note: `of its axis ${i}, ${printIndex(d.size)} long, ${-before - after} elements are cut off`,
        }),
      );
    return size.key === d.size.key ? d : dim(size);
  });
  const starts = widths.map(([before]) => whole(-before));
  return call.frame.context.g.make(slice, [x], { starts, steps: shape.map(() => 1), sizes });
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
