// Elements put elsewhere: no arithmetic, only coordinates.
import {
  add,
  axis,
  constant as whole,
  constantOf,
  div,
  mod,
  mul,
  printIndex,
  provablyLess,
  rangeOf,
  scale,
  sub,
  toIndex,
  zero,
  type Atom,
  type Index,
} from '../index.js';
import { printNumber } from '../formula/numbers.js';
import { apply as applied, indexed, list, setting, shapeSetting, silent, transposed } from '../formula/tree.js';
import { isOp, type Builder, type Node, type NodeOf, type Op } from '../graph.js';
import { rewriteScalar } from '../rewrite.js';
import { apply, indexValue, number, type Scalar } from '../scalar.js';
import { dim, printShape, stridesOf, type Dim, type TensorType } from '../types.js';
import { sum } from './reductions.js';

export const broadcast: Op<{ shape: readonly Dim[]; axes: readonly number[] }> = {
  kind: 'element',
  name: 'broadcast',
  summary: 'Repeats x along new axes; `axes` are their positions in the result.',
  rule: 'd repeat(u) = repeat(du)',
  type: ([x], { shape, axes }) => {
    const kept = shape.filter((_, i) => !axes.includes(i));
    if (kept.length !== x.shape.length || kept.some((d, i) => d.size.key !== x.shape[i].size.key))
      throw new Error(`broadcast of ${printShape(x.shape)} to ${printShape(shape)} along ${axes.join(', ')}`);
    return { element: x.element, shape };
  },
  element: (at, [x], { attrs: { axes } }) => x(at.filter((_, i) => !axes.includes(i))),
  // The derivative of repeating is the sum over the repeats.
  vjp: (d, { attrs: { axes } }, g) => [axes.length === 0 ? d : g.make(sum, [d], { axes })],
  notation: { kind: 'same' },
  samples: [
    { inputs: ['f32[3]'], attrs: { shape: dims(2, 3), axes: [0] } },
    { inputs: ['f32[2, 4]'], attrs: { shape: dims(2, 3, 4), axes: [1] } },
    { inputs: ['f32'], attrs: { shape: dims(2, 2), axes: [0, 1] } },
  ],
};

/** `named`: the names of axes, where they alone are what is new: nodes are not told apart by them otherwise. */
export const reshape: Op<{ shape: readonly Dim[]; named?: string }> = {
  kind: 'element',
  name: 'reshape',
  summary: 'The same elements, in order, in another shape.',
  rule: 'd reshape(u) = reshape(du)',
  type: ([x], { shape }) => ({ element: x.element, shape }),
  element: (at, [x], { inputs: [source], type }) =>
    readWithin(at, type, (inside) => x(unflatten(flatten(inside, type), source.type))),
  vjp: (d, { inputs: [x] }, g) => [g.make(reshape, [d], { shape: x.type.shape })],
  // Axes of size 1 that come or go are not seen.
  notation: {
    kind: 'form',
    write: ([x], { attrs: { shape }, inputs: [{ type }] }) =>
      sameButForOnes(shape, type.shape) ? silent(x) : applied('reshape', [x], { settings: [shapeSetting(shape)] }),
  },
  samples: [
    { inputs: ['f32[2, 6]'], attrs: { shape: dims(3, 4) } },
    { inputs: ['f32[2, 3]'], attrs: { shape: dims(6) } },
    { inputs: ['f32[3]'], attrs: { shape: dims(3, 1) } },
  ],
};

/** Is it only that axes of size 1 come or go, which a reader does not see? */
export function isSilentReshape(node: Node): node is NodeOf<typeof reshape> {
  return isOp(node, reshape) && sameButForOnes(node.attrs.shape, node.inputs[0].type.shape);
}

/** The node that a reader sees of one whose axes of size 1 come or go. */
export function withoutOnes(node: Node): Node {
  let at = node;
  while (isSilentReshape(at)) at = at.inputs[0];
  return at;
}

function sameButForOnes(a: readonly Dim[], b: readonly Dim[]): boolean {
  return wideKey(a) === wideKey(b);
}

/** Equal for shapes that differ in axes of size 1 alone. */
function wideKey(shape: readonly Dim[]): string {
  return shape.flatMap(({ size }) => (constantOf(size) === 1 ? [] : [size.key])).join();
}

/**
 * What is read at coordinates that lie within the shape wherever it is read, though that cannot be seen of all of them: i - 1 is read of what
 * is padded where a condition says so, i < 2 * (H div 2) of what is cropped. Axes of the shape stand for those until quotients are gone.
 */
function readWithin(at: readonly Index[], { shape }: TensorType, read: (at: readonly Index[]) => Scalar): Scalar {
  const replaced = new Map<Atom, Index>();
  const inside = at.map((i, n) => {
    const { size } = shape[n];
    if (rangeOf(i).min >= 0 && provablyLess(i, size)) return i;
    const own = axis('i', size);
    replaced.set(own, i);
    return toIndex(own);
  });
  const value = read(inside);
  return replaced.size === 0 ? value : rewriteScalar(value, { atom: (part) => replaced.get(part) });
}

/** The flat index of an element in row-major order. */
function flatten(at: readonly Index[], type: TensorType): Index {
  const strides = stridesOf(type);
  return add(...at.map((i, n) => mul(i, strides[n])));
}

/** The coordinates of a flat index in row-major order; an axis of extent 1 is at 0. */
function unflatten(place: Index, type: TensorType): Index[] {
  const strides = stridesOf(type);
  return type.shape.map((d, i) => {
    if (constantOf(d.size) === 1) return zero;
    const above = i === 0 ? place : mod(place, mul(d.size, strides[i]));
    return div(above, strides[i]);
  });
}

export const permute: Op<{ order: readonly number[] }> = {
  kind: 'element',
  name: 'permute',
  summary: 'Axes in another order: axis i of the result is axis order[i] of x.',
  rule: 'd(uᵀ) = (du)ᵀ',
  type: ([x], { order }) => ({ element: x.element, shape: order.map((i) => x.shape[i]) }),
  element: (at, [x], { attrs: { order } }) => x(order.map((_, i) => at[order.indexOf(i)])),
  vjp: (d, { attrs: { order } }, g) => [g.make(permute, [d], { order: order.map((_, i) => order.indexOf(i)) })],
  notation: {
    kind: 'form',
    write: ([x], { attrs: { order } }) => {
      const last = order.length - 1;
      const swapsLast = last >= 1 && order.every((a, i) => a === (i === last ? last - 1 : i === last - 1 ? last : i));
      return swapsLast ? transposed(x) : applied('permute', [x], { settings: [setting(`[${order.join(', ')}]`)] });
    },
  },
  samples: [
    { inputs: ['f32[2, 3]'], attrs: { order: [1, 0] } },
    { inputs: ['f32[2, 3, 4]'], attrs: { order: [2, 0, 1] } },
  ],
};

type Slice = { starts: readonly Index[]; steps: readonly number[]; sizes: readonly Dim[] };

export const slice: Op<Slice> = {
  kind: 'element',
  name: 'slice',
  summary: 'Every step-th element from start, along each axis; a negative step walks back.',
  rule: 'd u[a:b] = du[a:b]',
  type: ([x], { sizes }) => ({ element: x.element, shape: sizes }),
  element: (at, [x], { attrs: { starts, steps } }) => x(at.map((i, n) => add(starts[n], scale(i, steps[n])))),
  vjp: (d, { inputs: [x], attrs }, g) => [unslice(d, x, attrs, g)],
  notation: {
    kind: 'form',
    write: ([x], { attrs, inputs: [source] }) => indexed(x, indicesOf(attrs, source.type.shape)),
  },
  samples: [
    { inputs: ['f32[4, 3]'], attrs: { starts: [whole(1), zero], steps: [2, 1], sizes: dims(2, 3) } },
    { inputs: ['f32[4]'], attrs: { starts: [whole(3)], steps: [-1], sizes: dims(4) } },
    { inputs: ['f32[5]'], attrs: { starts: [whole(1)], steps: [1], sizes: dims(3) } },
    { inputs: ['f32[5]'], attrs: { starts: [zero], steps: [1], sizes: dims(3) } },
  ],
};

/** Which elements of a shape: `1:3, :`. */
function indicesOf({ starts, steps, sizes }: Slice, shape: readonly Dim[]): string[] {
  return starts.map((s, i) => {
    const [start, count] = [constantOf(s), constantOf(sizes[i].size)];
    if (start === 0 && steps[i] === 1 && sizes[i].size.key === shape[i].size.key) return ':';
    if (steps[i] === -1 && s.key === sub(shape[i].size, 1).key && sizes[i].size.key === shape[i].size.key)
      return '::-1';
    if (start === undefined || count === undefined) {
      const past = add(s, scale(sizes[i].size, steps[i]));
      const end = (constantOf(past) ?? 0) < 0 ? '' : printIndex(past);
      return `${start === 0 ? '' : printIndex(s)}:${end}${steps[i] === 1 ? '' : `:${steps[i]}`}`;
    }
    // What ends before the first element has no end that could be written: -1 is the last one.
    if (start + count * steps[i] < 0) return `${start}::${steps[i]}`;
    return `${start}:${start + count * steps[i]}${steps[i] === 1 ? '' : `:${steps[i]}`}`;
  });
}

/** The cotangent put back where the elements came from, 0 elsewhere: each axis is turned forward, spread by its step, padded. */
function unslice(d: Node, x: Node, { starts, steps, sizes }: Slice, g: Builder): Node {
  let at = d;
  if (steps.some((s) => s < 0))
    at = g.make(slice, [at], {
      starts: sizes.map((n, i) => (steps[i] < 0 ? sub(n.size, 1) : zero)),
      steps: steps.map((s) => (s < 0 ? -1 : 1)),
      sizes,
    });
  const low = starts.map((s, i) => (steps[i] < 0 ? add(s, scale(sub(sizes[i].size, 1), steps[i])) : s));
  return g.make(spreadOut, [at], { starts: low, steps: steps.map(Math.abs), shape: x.type.shape });
}

/** The transpose of slice: element k of the input stands at start + k·step, the rest is 0. */
export const spreadOut: Op<{ starts: readonly Index[]; steps: readonly number[]; shape: readonly Dim[] }> = {
  kind: 'element',
  name: 'spreadOut',
  summary: 'The transpose of slice: x at every step-th place from start, 0 elsewhere.',
  rule: 'd spread_out(u) = spread_out(du)',
  type: ([x], { shape }) => ({ element: x.element, shape }),
  element: (at, [x], { inputs: [source], attrs: { starts, steps, shape } }) => {
    const conditions: Scalar[] = [];
    const inner = at.map((i, n) => {
      const count = source.type.shape[n].size;
      if (steps[n] === 1 && count.key === shape[n].size.key) return i;
      const offset = sub(i, starts[n]);
      if (constantOf(starts[n]) !== 0) conditions.push(apply('le', indexValue(starts[n]), indexValue(i)));
      const k = steps[n] === 1 ? offset : div(offset, toIndex(steps[n]));
      if (steps[n] !== 1) conditions.push(apply('eq', indexValue(sub(offset, scale(k, steps[n]))), number(0, 'i32')));
      conditions.push(apply('lt', indexValue(k), indexValue(count)));
      return k;
    });
    const value = x(inner);
    if (conditions.length === 0) return value;
    return apply(
      'select',
      conditions.reduce((a, b) => apply('and', a, b)),
      value,
      number(0, value.type),
    );
  },
  vjp: (d, { inputs: [x], attrs: { starts, steps } }, g) => [
    g.make(slice, [d], { starts, steps, sizes: x.type.shape }),
  ],
  notation: {
    kind: 'call',
    name: 'spread_out',
    rest: ({ attrs: { starts, steps, shape } }) => [
      setting(`[${starts.map(printIndex).join(', ')}]`),
      shapeSetting(shape),
      ...(steps.every((s) => s === 1) ? [] : [setting(`[${steps.join(', ')}]`, 'step')]),
    ],
  },
  samples: [
    { inputs: ['f32[2, 3]'], attrs: { starts: [whole(1), zero], steps: [2, 1], shape: dims(4, 3) } },
    { inputs: ['f32[3]'], attrs: { starts: [whole(1)], steps: [1], shape: dims(5) } },
    { inputs: ['f32[2]'], attrs: { starts: [zero], steps: [1], shape: dims(5) } },
  ],
};

export const pad: Op<{ low: readonly number[]; high: readonly number[]; value: number }> = {
  kind: 'element',
  name: 'pad',
  summary: 'x with `low` elements of a value before it and `high` after it, along each axis.',
  rule: 'd pad(u) = pad(du)',
  type: ([x], { low, high }) => ({
    element: x.element,
    shape: x.shape.map((d, i) => (low[i] + high[i] === 0 ? d : dim(add(d.size, low[i] + high[i])))),
  }),
  element: (at, [x], { inputs: [source], attrs: { low, high, value } }) => {
    const inside: Scalar[] = [];
    at.forEach((i, n) => {
      if (low[n] > 0) inside.push(apply('le', number(low[n], 'i32'), indexValue(i)));
      if (high[n] > 0) inside.push(apply('lt', indexValue(i), indexValue(add(source.type.shape[n].size, low[n]))));
    });
    const element = x(at.map((i, n) => sub(i, low[n])));
    if (inside.length === 0) return element;
    return apply(
      'select',
      inside.reduce((a, b) => apply('and', a, b)),
      element,
      number(value, element.type),
    );
  },
  vjp: (d, { inputs: [x], attrs: { low } }, g) => [
    g.make(slice, [d], { starts: low.map((n) => whole(n)), steps: low.map(() => 1), sizes: x.type.shape }),
  ],
  notation: {
    kind: 'call',
    name: 'pad',
    rest: ({ attrs: { low, high, value } }) => [
      setting(`[${low.map((l, i) => `[${l}, ${high[i]}]`).join(', ')}]`),
      ...(value === 0 ? [] : [setting(printNumber(value), 'value')]),
    ],
  },
  samples: [
    { inputs: ['f32[2, 3]'], attrs: { low: [1, 0], high: [0, 2], value: 0 } },
    { inputs: ['f32[3]'], attrs: { low: [1], high: [1], value: 7 } },
  ],
};

export const concat: Op<{ axis: number }> = {
  kind: 'element',
  name: 'concat',
  summary: 'Tensors one after another along an axis.',
  rule: 'd concat(u, v) = concat(du, dv)',
  type: (inputs, { axis }) => ({
    element: inputs[0].element,
    shape: inputs[0].shape.map((d, i) => (i === axis ? dim(add(...inputs.map((t) => t.shape[axis].size))) : d)),
  }),
  element: (at, inputs, { inputs: sources, attrs: { axis } }) => {
    let start: Index = add(...sources.map((s) => s.type.shape[axis].size));
    let value: Scalar | undefined;
    for (let n = inputs.length - 1; n >= 0; n--) {
      const end = start;
      start = sub(start, sources[n].type.shape[axis].size);
      const from = start;
      const piece = inputs[n](at.map((i, k) => (k === axis ? sub(i, from) : i)));
      value = value ? apply('select', apply('lt', indexValue(at[axis]), indexValue(end)), piece, value) : piece;
    }
    if (!value) throw new Error('concat of nothing');
    return value;
  },
  vjp: (d, { inputs, attrs: { axis } }, g) => {
    let start: Index = zero;
    return inputs.map((x) => {
      const from = start;
      start = add(start, x.type.shape[axis].size);
      return g.make(slice, [d], {
        starts: x.type.shape.map((_, i) => (i === axis ? from : zero)),
        steps: x.type.shape.map(() => 1),
        sizes: x.type.shape,
      });
    });
  },
  notation: {
    kind: 'form',
    write: (inputs, { attrs: { axis } }) =>
      applied('concat', [list(inputs)], { settings: [setting(String(axis), 'axis')] }),
  },
  samples: [
    { inputs: ['f32[2, 3]', 'f32[2, 2]'], attrs: { axis: 1 } },
    { inputs: ['f32[1, 3]', 'f32[2, 3]', 'f32[1, 3]'], attrs: { axis: 0 } },
  ],
};

function dims(...sizes: number[]): Dim[] {
  return sizes.map((n) => dim(whole(n)));
}
