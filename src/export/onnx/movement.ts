// Elements put elsewhere, and windows: no arithmetic but for sums of what overlaps.
import type { NodeOf } from '../../ir/graph.js';
import { add, constantOf, scale, sub, toIndex, zero, type Index } from '../../ir/index.js';
import type { concat, pad, permute, reshape, slice, spreadOut } from '../../ir/ops/movement.js';
import type { overlapAdd, window } from '../../ir/ops/windows.js';
import { positionsIn } from '../../ir/ops/windows.js';
import type { Dim } from '../../ir/types.js';
import { labelOf } from './elementwise.js';
import type { Value, Writer } from './writer.js';

/** A value in another shape, unless it has that already. */
export function reshaped(node: NodeOf<typeof reshape>, writer: Writer): Value {
  return writer.reshaped(writer.of(node.inputs[0]), node.attrs.shape, labelOf(node, 'Reshape'));
}

export function permuted(node: NodeOf<typeof permute>, writer: Writer): Value {
  return transposed(writer.of(node.inputs[0]), node.attrs.order, writer, labelOf(node, 'Transpose'));
}

/** Axes in another order. */
export function transposed(value: Value, order: readonly number[], writer: Writer, name?: string): Value {
  if (order.every((axis, i) => axis === i)) return value;
  return writer.add('Transpose', [value], { attributes: { perm: { ints: order } }, name });
}

export function joined(node: NodeOf<typeof concat>, writer: Writer): Value {
  return writer.add(
    'Concat',
    node.inputs.map((input) => writer.of(input)),
    { attributes: { axis: { int: node.attrs.axis } }, name: labelOf(node, 'Concat') },
  );
}

export function sliced(node: NodeOf<typeof slice>, writer: Writer): Value {
  const [x] = node.inputs;
  const { starts, steps, sizes } = node.attrs;
  const moved = sizes.flatMap((d, axis) =>
    steps[axis] === 1 && constantOf(starts[axis]) === 0 && d.size.key === x.type.shape[axis].size.key ? [] : [axis],
  );
  const back = moved.filter((axis) => steps[axis] < 0);
  const ahead = moved.filter((axis) => steps[axis] > 0);
  let value = writer.of(x);
  // An end before the first element has no number of its own: what goes back is gathered.
  for (const axis of back) {
    const from = starts[axis];
    value = writer.add('Gather', [value, series(from, sizes[axis].size, steps[axis], writer)], {
      attributes: { axis: { int: axis } },
    });
  }
  if (ahead.length === 0) return value;
  const ends = ahead.map((axis) => add(starts[axis], scale(sub(sizes[axis].size, 1), steps[axis]), 1));
  const lists = [ahead.map((axis) => starts[axis]), ends].map((of) => writer.sizes(of));
  return writer.add(
    'Slice',
    [
      value,
      ...lists,
      writer.list(ahead),
      ...(ahead.some((a) => steps[a] > 1) ? [writer.list(ahead.map((a) => steps[a]))] : []),
    ],
    { name: labelOf(node, 'Slice') },
  );
}

/** The whole numbers start, start + step, …: so many. */
export function series(start: Index, count: Index, step: number, writer: Writer): Value {
  const [first, n] = [constantOf(start), constantOf(count)];
  if (first !== undefined && n !== undefined) return writer.list(Array.from({ length: n }, (_, i) => first + i * step));
  const end = add(start, scale(count, step));
  return writer.add('Range', [writer.size(start), writer.size(end), writer.number([step], 'int64')], {
    type: 'int64',
  });
}

/** A value with elements around it: as many as sizes say. */
function padded(value: Value, low: readonly Index[], high: readonly Index[], around: Value, writer: Writer): Value {
  if ([...low, ...high].every((n) => constantOf(n) === 0)) return value;
  return writer.add('Pad', [value, writer.sizes([...low, ...high]), around]);
}

export function paddedBy(node: NodeOf<typeof pad>, writer: Writer): Value {
  const { low, high, value: number } = node.attrs;
  const value = writer.of(node.inputs[0]);
  const around = writer.number([number], value.type);
  return padded(
    value,
    low.map((n) => toIndex(n)),
    high.map((n) => toIndex(n)),
    around,
    writer,
  );
}

/** Each element of an axis with `step` - 1 zeros behind it. */
function spread(value: Value, shape: readonly Index[], axis: number, step: number, writer: Writer): Value {
  if (step === 1) return value;
  const wide = writer.add('Unsqueeze', [value, writer.list([axis + 1])]);
  const none = [...shape.map(() => zero), zero];
  const behind = none.map((n, i) => (i === axis + 1 ? toIndex(step - 1) : n));
  const zeros = padded(wide, none, behind, writer.number([0], value.type), writer);
  return writer.reshaped(
    zeros,
    shape.map((n, i) => ({ size: i === axis ? scale(n, step) : n })),
  );
}

/** The first so many elements of an axis. */
function first(value: Value, axis: number, count: Index, writer: Writer): Value {
  return writer.add('Slice', [value, writer.list([0]), writer.sizes([count]), writer.list([axis])]);
}

export function spreadBy(node: NodeOf<typeof spreadOut>, writer: Writer): Value {
  const [x] = node.inputs;
  const { starts, steps, shape } = node.attrs;
  let value = writer.of(x);
  const sizes = x.type.shape.map((d) => d.size);
  steps.forEach((step, axis) => {
    value = spread(value, sizes, axis, step, writer);
    if (step === 1) return;
    // The zeros behind the last element are no part of it.
    const reach = add(scale(sub(sizes[axis], 1), step), 1);
    value = first(value, axis, reach, writer);
    sizes[axis] = reach;
  });
  const high = shape.map((d, axis) => sub(sub(d.size, starts[axis]), sizes[axis]));
  return padded(value, starts, high, writer.number([0], value.type), writer);
}

/** Windows: along each axis the elements that they hold are gathered, and their offsets go to the end. */
export function windows(node: NodeOf<typeof window>, writer: Writer): Value {
  const [x] = node.inputs;
  const { axes, sizes, strides, dilations } = node.attrs;
  let value = writer.of(x);
  let rank = x.type.shape.length;
  axes.forEach((axis, n) => {
    const { size: length } = x.type.shape[axis];
    const places = placesOf(length, sizes[n], strides[n], dilations[n], writer);
    value = writer.add('Gather', [value, places], { attributes: { axis: { int: axis } } });
    const order = Array.from({ length: rank + 1 }, (_, i) => i).filter((i) => i !== axis + 1);
    value = transposed(value, [...order, axis + 1], writer);
    rank++;
  });
  return value;
}

/** Where the elements of windows along an axis stand: position · stride + offset · dilation, int64 of [positions, offsets]. */
function placesOf(length: Index, size: number, stride: number, dilation: number, writer: Writer): Value {
  const positions = positionsIn(length, size, stride, dilation);
  const known = constantOf(positions);
  const offsets = Array.from({ length: size }, (_, k) => k * dilation);
  if (known !== undefined) {
    const all = Array.from({ length: known }, (_, p) => offsets.map((k) => p * stride + k)).flat();
    return writer.number(all, 'int64', [known, size]);
  }
  const column = writer.add('Unsqueeze', [series(zero, positions, 1, writer), writer.list([1])]);
  const starts = writer.add('Mul', [column, writer.number([stride], 'int64')]);
  return writer.add('Add', [starts, writer.list(offsets)]);
}

/** The sum of windows where they overlap: one axis after another, whose offsets are the last axis. */
export function overlapped(node: NodeOf<typeof overlapAdd>, writer: Writer): Value {
  const [x] = node.inputs;
  const { axes, sizes, strides, dilations, shape } = node.attrs;
  let value = writer.of(x);
  const dims = x.type.shape.map((d) => d.size);
  for (let n = axes.length - 1; n >= 0; n--) {
    const of = { axis: axes[n], size: sizes[n], stride: strides[n], dilation: dilations[n] };
    value = overlappedAlong(value, dims, of, shape[axes[n]], writer);
    dims.pop();
    dims[axes[n]] = shape[axes[n]].size;
  }
  return value;
}

interface Along {
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/** `dims`: of the value, whose last axis are the offsets of windows along `axis`. */
function overlappedAlong(value: Value, dims: readonly Index[], along: Along, length: Dim, writer: Writer): Value {
  const { axis, size, stride, dilation } = along;
  const last = dims.length - 1;
  const positions = dims[axis];
  const without = dims.slice(0, last);
  const zero0 = writer.number([0], value.type);
  const nothing = without.map(() => zero);
  if (dilation === 1 && stride >= size) {
    // Windows lie apart: they stand one after another.
    const wide = padded(value, [...nothing, zero], [...nothing, toIndex(stride - size)], zero0, writer);
    const order = without.flatMap((_, i) => (i === axis ? [i, last] : [i]));
    const joinedUp = writer.reshaped(
      transposed(wide, order, writer),
      without.map((n, i) => ({ size: i === axis ? scale(n, stride) : n })),
    );
    return fitted(joinedUp, axis, scale(positions, stride), length.size, nothing, writer);
  }
  const reach = add(scale(sub(positions, 1), stride), 1);
  const terms = Array.from({ length: size }, (_, k): Value => {
    const one = writer.add('Gather', [value, writer.number([k], 'int64')], { attributes: { axis: { int: last } } });
    const spreadOne = spread(one, without, axis, stride, writer);
    const term = stride === 1 ? spreadOne : first(spreadOne, axis, reach, writer);
    const before = toIndex(k * dilation);
    const low = nothing.map((n, i) => (i === axis ? before : n));
    const high = nothing.map((n, i) => (i === axis ? sub(sub(length.size, before), reach) : n));
    return padded(term, low, high, zero0, writer);
  });
  return writer.add('Sum', terms);
}

/** An axis cut or filled up with zeros to a length. */
function fitted(
  value: Value,
  axis: number,
  has: Index,
  length: Index,
  nothing: readonly Index[],
  writer: Writer,
): Value {
  if (has.key === length.key) return value;
  // Behind the last window there may be less than its stride, or elements that no window holds.
  const more = sub(length, has);
  const known = constantOf(more);
  if (known !== undefined && known < 0) return first(value, axis, length, writer);
  const high = nothing.map((n, i) => (i === axis ? (known === undefined ? length : more) : n));
  const wide = padded(value, nothing, high, writer.number([0], value.type), writer);
  return known === undefined ? first(wide, axis, length, writer) : wide;
}
