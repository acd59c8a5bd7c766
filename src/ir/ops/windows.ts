// Windows that slide along axes, and the sum over them: what convolution and pooling are made of.
import {
  add,
  axis,
  constant as whole,
  printIndex,
  div,
  mod,
  scale,
  sub,
  toIndex,
  type Axis,
  type Index,
} from '../index.js';
import { axesSetting, setting, type Setting } from '../formula/tree.js';
import type { Op } from '../graph.js';
import { apply, fold, indexValue, number, type Scalar } from '../scalar.js';
import { dim, type Dim } from '../types.js';

/** How windows lie along axes: the window at position p holds the elements p·stride + k·dilation, for its offsets k from 0 to size - 1. */
export type Windows = {
  /** The axes along which they slide, in ascending order. */
  readonly axes: readonly number[];
  /** For each of the axes: how many elements a window has, how far apart windows start, how far apart their elements are. */
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
};

/** How far a window reaches: from its first element to its last. */
export function reachOf(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/** How many windows lie within n elements. */
export function positionsIn(n: Index, size: number, stride: number, dilation: number): Index {
  return div(add(n, stride - reachOf(size, dilation)), toIndex(stride));
}

/** `[b, c, h, w]` to `[b, c, y, x, i, j]` for windows along the last two axes: positions where the axes were, then the offsets. */
export const window: Op<Windows> = {
  kind: 'element',
  name: 'window',
  summary:
    'The windows along the axes: their positions where the axes were, then their offsets. Elements that no window holds have the gradient 0.',
  rule: 'd window(u) = window(du)',
  type: ([x], { axes, sizes, strides, dilations }) => ({
    element: x.element,
    shape: [
      ...x.shape.map((d, i): Dim => {
        const n = axes.indexOf(i);
        if (n < 0) return d;
        const positions = positionsIn(d.size, sizes[n], strides[n], dilations[n]);
        return positions.key === d.size.key ? d : dim(positions);
      }),
      ...sizes.map((k) => dim(whole(k))),
    ],
  }),
  element: (at, [x], { inputs: [{ type }], attrs: { axes, strides, dilations } }) => {
    const rank = type.shape.length;
    return x(
      at.slice(0, rank).map((p, i) => {
        const n = axes.indexOf(i);
        return n < 0 ? p : add(scale(p, strides[n]), scale(at[rank + n], dilations[n]));
      }),
    );
  },
  vjp: (d, { inputs: [x], attrs }, g) => [g.make(overlapAdd, [d], { ...attrs, shape: x.type.shape })],
  notation: {
    kind: 'call',
    name: 'window',
    rest: ({ attrs, inputs: [x] }) => [setting(listOf(attrs.sizes)), ...writeWindows(attrs, x.type.shape)],
  },
  samples: [
    { inputs: ['f32[7]'], attrs: { axes: [0], sizes: [3], strides: [1], dilations: [1] } },
    { inputs: ['f32[2, 8]'], attrs: { axes: [1], sizes: [3], strides: [2], dilations: [1] } },
    { inputs: ['f32[9, 2]'], attrs: { axes: [0], sizes: [3], strides: [2], dilations: [3] } },
    { inputs: ['f32[2, 5, 6]'], attrs: { axes: [1, 2], sizes: [3, 2], strides: [1, 2], dilations: [1, 1] } },
    { inputs: ['f32[2, 4, 7]'], attrs: { axes: [1, 2], sizes: [2, 2], strides: [2, 3], dilations: [1, 1] } },
    { inputs: ['f32[3, 4]'], attrs: { axes: [0, 1], sizes: [3, 1], strides: [1, 3], dilations: [1, 1] } },
  ],
};

/** The transpose of window: each element of the result is the sum over the windows that hold it, 0 where none does. */
export const overlapAdd: Op<Windows & { shape: readonly Dim[] }> = {
  kind: 'element',
  name: 'overlapAdd',
  summary: 'The transpose of window: the sum over the windows that hold an element, 0 where none does.',
  rule: 'd overlap_add(u) = overlap_add(du)',
  type: ([x], { shape }) => ({ element: x.element, shape }),
  element: (at, [x], { inputs: [{ type }], attrs }) => {
    const { axes, shape } = attrs;
    const covers = axes.map((a, n) => cover(at[a], type.shape[a].size, attrs, n));
    const value = x([
      ...shape.map((_, i) => (axes.includes(i) ? covers[axes.indexOf(i)].position : at[i])),
      ...covers.map((c) => c.offset),
    ]);
    const conditions = covers.flatMap((c) => c.conditions);
    const held =
      conditions.length === 0
        ? value
        : apply(
            'select',
            conditions.reduce((a, b) => apply('and', a, b)),
            value,
            number(0, value.type),
          );
    const over = covers.flatMap((c) => c.over);
    return over.length === 0 ? held : fold('add', over, held);
  },
  vjp: (d, { attrs: { axes, sizes, strides, dilations } }, g) => [
    g.make(window, [d], { axes, sizes, strides, dilations }),
  ],
  notation: {
    kind: 'call',
    name: 'overlap_add',
    rest: ({ attrs, type, inputs: [x] }) => [...writeWindows(attrs, type.shape), ...writeLengths(attrs, x.type.shape)],
  },
  samples: [
    { inputs: ['f32[5, 3]'], attrs: { axes: [0], sizes: [3], strides: [1], dilations: [1], shape: dims(7) } },
    { inputs: ['f32[3, 2, 3]'], attrs: { axes: [0], sizes: [3], strides: [2], dilations: [1], shape: dims(8, 2) } },
    { inputs: ['f32[2, 3, 2]'], attrs: { axes: [1], sizes: [2], strides: [2], dilations: [1], shape: dims(2, 6) } },
    { inputs: ['f32[3, 2]'], attrs: { axes: [0], sizes: [2], strides: [3], dilations: [1], shape: dims(10) } },
    { inputs: ['f32[2, 3]'], attrs: { axes: [0], sizes: [3], strides: [2], dilations: [3], shape: dims(9) } },
    {
      inputs: ['f32[2, 3, 3, 3, 2]'],
      attrs: { axes: [1, 2], sizes: [3, 2], strides: [1, 2], dilations: [1, 1], shape: dims(2, 5, 6) },
    },
  ],
};

/** Of one axis: the windows that hold an element, as folded axes, with what must hold for there to be one. */
interface Cover {
  readonly over: readonly Axis[];
  readonly position: Index;
  readonly offset: Index;
  readonly conditions: readonly Scalar[];
}

/** The windows that hold element i: all p and k with p·stride + k·dilation = i. */
function cover(i: Index, positions: Index, { sizes, strides, dilations }: Windows, n: number): Cover {
  const [size, stride, dilation] = [sizes[n], strides[n], dilations[n]];
  const within = (p: Index): Scalar => apply('lt', indexValue(p), indexValue(positions));
  const notBelow = (a: Index, b: Index): Scalar => apply('le', indexValue(b), indexValue(a));
  if (dilation === 1 && stride > 1) {
    // k is i mod stride, and each stride more of it is one position less.
    const [first, phase] = [div(i, toIndex(stride)), mod(i, toIndex(stride))];
    const turns = Math.ceil(size / stride);
    const turn = turns > 1 ? [axis('k', turns)] : [];
    const back = add(...turn.map(toIndex));
    const [position, offset] = [sub(first, back), add(phase, scale(back, stride))];
    const conditions = [
      ...(size % stride === 0 ? [] : [apply('lt', indexValue(offset), number(size, 'i32'))]),
      ...(turns > 1 ? [notBelow(first, back)] : []),
      within(position),
    ];
    return { over: turn, position, offset, conditions };
  }
  const k = axis('k', size);
  const passed = scale(toIndex(k), dilation);
  const left = sub(i, passed);
  const position = div(left, toIndex(stride));
  const conditions = [
    notBelow(i, passed),
    ...(stride > 1 ? [apply('eq', indexValue(sub(left, scale(position, stride))), number(0, 'i32'))] : []),
    within(position),
  ];
  return { over: [k], position, offset: toIndex(k), conditions };
}

/** `stride = 2, dilation = [2, 1], axis = [2, 3]`; what is 1 everywhere is left out. */
function writeWindows({ axes, strides, dilations }: Windows, shape: readonly Dim[]): Setting[] {
  return [
    ...(strides.every((s) => s === 1) ? [] : [setting(listOf(strides), 'stride')]),
    ...(dilations.every((s) => s === 1) ? [] : [setting(listOf(dilations), 'dilation')]),
    axesSetting(axes, shape),
  ];
}

/** `length = [28, 28]`, where the windows reach less far than the axes. */
function writeLengths(
  { axes, sizes, strides, dilations, shape }: Windows & { shape: readonly Dim[] },
  x: readonly Dim[],
): Setting[] {
  const asReached = axes.every((a, n) => {
    const reached = add(scale(sub(x[a].size, 1), strides[n]), reachOf(sizes[n], dilations[n]));
    return reached.key === shape[a].size.key;
  });
  return asReached ? [] : [setting(`[${axes.map((a) => printIndex(shape[a].size)).join(', ')}]`, 'length')];
}

/** One number where all are equal: `2`, `[2, 3]`. */
function listOf(values: readonly number[]): string {
  return values.every((v) => v === values[0]) ? String(values[0]) : `[${values.join(', ')}]`;
}

function dims(...sizes: number[]): Dim[] {
  return sizes.map((n) => dim(whole(n)));
}
