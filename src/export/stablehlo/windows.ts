// Windows along axes: written out where nothing better is known, and put together at once where they are only added up or compared.
import { isOp, type Node, type NodeOf } from '../../ir/graph.js';
import { pad } from '../../ir/ops/movement.js';
import { reachOf, window, type overlapAdd } from '../../ir/ops/windows.js';
import type { Combiner } from './block.js';
import { dimsOf, spelling, type AttrsOf, type Spelled, type Spelling } from './spelled.js';
import type { SizeOf } from './types.js';

/** A node whose elements windows hold, and what is put around it first. */
export interface Source {
  readonly of: Node;
  /** For each axis of it. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** What windows are of: without a pad by `value` along their own axes, which operations on windows do themselves. */
export function sourceOf({ inputs: [x], attrs: { axes } }: NodeOf<typeof window>, value: number): Source {
  const none = x.type.shape.map(() => 0);
  if (!isOp(x, pad) || x.attrs.value !== value) return { of: x, low: none, high: none };
  const { low, high } = x.attrs;
  const elsewhere = low.some((n, i) => !axes.includes(i) && (n !== 0 || high[i] !== 0));
  return elsewhere ? { of: x, low: none, high: none } : { of: x.inputs[0], low, high };
}

/** Axis by axis the places of each offset, one after another. */
export const spellWindow: Spelling<AttrsOf<typeof window>> = spelling((to, [x], node, sizeOf) => {
  const { axes, sizes, strides, dilations } = node.attrs;
  const positions = dimsOf(node, sizeOf);
  return axes.reduce((made, axis, n) => {
    const { dims } = made.type;
    const taken = dims.map((size, i) => (i === axis ? positions[axis] : size));
    const steps = dims.map((_, i) => (i === axis ? strides[n] : 1));
    const parts = Array.from({ length: sizes[n] }, (_, k) => {
      const starts = dims.map((_, i) => (i === axis ? k * dilations[n] : 0));
      return to.reshape(to.slice(made, starts, steps, taken), [...taken, 1]);
    });
    return to.concatenate(parts, taken.length);
  }, x);
});

/** Axis by axis, from the last: the elements of each offset where they came from, added up. */
export const spellOverlapAdd: Spelling<AttrsOf<typeof overlapAdd>> = spelling((to, [x], node, sizeOf) => {
  const { axes, sizes, strides, dilations } = node.attrs;
  const whole = dimsOf(node, sizeOf);
  return axes.reduceRight((made, axis, n) => {
    const dims = made.type.dims.slice(0, -1);
    const before = made.type.dims.slice(0, -1).map(() => 0);
    const parts = Array.from({ length: sizes[n] }, (_, k) => {
      const offset = to.reshape(to.slice(made, [...before, k], [...before.map(() => 1), 1], [...dims, 1]), dims);
      const only = (value: number): number[] => dims.map((_, i) => (i === axis ? value : 0));
      const low = k * dilations[n];
      const high = whole[axis] - low - (dims[axis] - 1) * strides[n] - 1;
      return to.pad(offset, 0, only(low), only(high), only(strides[n] - 1));
    });
    return parts.reduce((sum, part) => to.elementwise('add', sum, part));
  }, x);
});

/** What the elements of each window are together, where a reduction is of their offsets alone: pooling. */
export function pooled(
  { inputs: [x], attrs: { axes } }: Node<{ axes: readonly number[] }>,
  combiner: Combiner,
  sizeOf: SizeOf,
): Spelled | undefined {
  if (!isOp(x, window) || x.type.element.kind === 'bool') return undefined;
  const rank = x.inputs[0].type.shape.length;
  const { attrs } = x;
  const offsets = attrs.axes.map((_, n) => rank + n);
  if (axes.length !== offsets.length || !offsets.every((axis) => axes.includes(axis))) return undefined;
  const outside = { add: 0, maximum: -Infinity, minimum: Infinity, multiply: 1, or: 0, and: 1 }[combiner];
  const { of, low, high } = sourceOf(x, outside);
  const spread = (values: readonly number[]): number[] =>
    low.map((_, i) => (attrs.axes.includes(i) ? values[attrs.axes.indexOf(i)] : 1));
  const result = dimsOf(x, sizeOf).slice(0, rank);
  return {
    reads: [of],
    write: (to, [source]) =>
      to.reduceWindow(combiner, source, {
        sizes: spread(attrs.sizes),
        strides: spread(attrs.strides),
        dilations: spread(attrs.dilations),
        low,
        // What no window holds is cut off.
        high: high.map((n, i) => {
          const at = attrs.axes.indexOf(i);
          if (at < 0) return n;
          const end = (result[i] - 1) * attrs.strides[at] + reachOf(attrs.sizes[at], attrs.dilations[at]);
          return Math.min(n, end - low[i] - source.type.dims[i]);
        }),
        result,
      }),
  };
}
