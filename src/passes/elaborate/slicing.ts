// Indexing: positions, slices, new axes and gathering, by NumPy's rules.
import { wrongKind } from '../../diagnostics/elaboration.js';
import { counted } from '../../diagnostics/quote.js';
import { classMismatch, indexOutOfRange, wrongElement } from '../../diagnostics/types.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { add, constant as whole, constantOf, div, printIndex, sub, zero, type Index } from '../../ir/index.js';
import { gather } from '../../ir/ops/indexing.js';
import { reshape, slice } from '../../ir/ops/movement.js';
import { dim, printDim, printType, type Dim } from '../../ir/types.js';
import type { IndexItem } from '../../parser/tree.js';
import { evaluate } from './expressions.js';
import { fail, type Frame } from './frame.js';
import { requireAtMost } from './sizeConditions.js';
import { brief, labelled, toNode, type Operand } from './tensors.js';
import { describe, tensorValue, unknown, type Value } from './values.js';

/** x[items]. */
export function elementAt(frame: Frame, of: Operand, items: readonly IndexItem[]): Value {
  const { value, span } = of;
  if (value.kind === 'unknown') return unknown;
  const values = items.map((item) => (item.kind === 'at' ? evaluate(item.value, frame) : undefined));
  if (values.some((v) => v?.kind === 'unknown')) return unknown;
  const [first] = values;
  if ((value.kind === 'list' || value.kind === 'tuple') && items.length === 1 && first?.kind === 'number')
    return listItem(frame, value, first.value, items[0].span);
  const node = toNode(frame, value, span);
  if (items.length === 1 && first?.kind === 'tensor')
    return tensorValue(rows(frame, node, first.node, of, items[0].span));
  return tensorValue(sliced(frame, node, items, values));
}

function listItem(frame: Frame, list: Extract<Value, { kind: 'list' | 'tuple' }>, at: number, span: Span): Value {
  return (
    list.items[at < 0 ? at + list.items.length : at] ??
    fail(frame, indexOutOfRange({ index: at, size: String(list.items.length), what: list.kind, span }))
  );
}

/** table[ids]: ids count the rows of the table. */
function rows(frame: Frame, table: Node, ids: Node, of: Operand, span: Span): Node {
  const { element } = ids.type;
  if (element.kind !== 'index')
    return fail(
      frame,
      wrongElement({ expected: 'an index tensor, a number or a slice', got: printType(ids.type), span }),
    );
  const [length] = table.type.shape;
  if (!length)
    return fail(frame, wrongKind({ expected: 'a tensor with rows', got: describe(tensorValue(table)), span: of.span }));
  if (length.size.key !== element.size.key) {
    const labels = [{ span, text: printType(ids.type) }, labelled(of, table)];
    return fail(
      frame,
      classMismatch({
        labels,
        note: `the first axis of ${brief(of)} has ${printDim(length)} rows, and the indices count ${printIndex(element.size)}`,
      }),
    );
  }
  return frame.context.g.make(gather, [table, ids], {});
}

interface Cut {
  readonly start: Index;
  readonly step: number;
  readonly size: Dim;
  /** A single position: the axis goes. */
  readonly gone: boolean;
}

function sliced(frame: Frame, node: Node, items: readonly IndexItem[], values: readonly (Value | undefined)[]): Node {
  const { g } = frame.context;
  const { shape } = node.type;
  const taken = items.filter((item, i) => item.kind !== 'ellipsis' && values[i]?.kind !== 'none').length;
  if (taken > shape.length)
    return fail(
      frame,
      wrongKind({
        expected: `at most ${counted(shape.length, 'index', 'indices')} of ${printType(node.type)}`,
        got: `${taken}`,
        span: items[shape.length].span,
      }),
    );
  const cuts: Cut[] = [];
  const result: Dim[] = [];
  const whole1 = dim(whole(1));
  const keep = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const d = shape[cuts.length];
      cuts.push({ start: zero, step: 1, size: d, gone: false });
      result.push(d);
    }
  };
  items.forEach((item, i) => {
    const value = values[i];
    if (item.kind === 'ellipsis') keep(shape.length - taken);
    else if (value?.kind === 'none') result.push(whole1);
    else {
      const cut =
        item.kind === 'slice'
          ? cutOf(frame, item, shape[cuts.length])
          : positionOf(frame, value, shape[cuts.length], item.span);
      cuts.push(cut);
      if (!cut.gone) result.push(cut.size);
    }
  });
  keep(shape.length - cuts.length);
  const cut = g.make(slice, [node], {
    starts: cuts.map((c) => c.start),
    steps: cuts.map((c) => c.step),
    sizes: cuts.map((c) => c.size),
  });
  return result.length === cuts.length && cuts.every((c) => !c.gone) ? cut : g.make(reshape, [cut], { shape: result });
}

function positionOf(frame: Frame, value: Value | undefined, d: Dim, span: Span): Cut {
  const single = { step: 1, size: dim(whole(1)), gone: true };
  const atRuntime = (start: Index): Cut => {
    const text = `the index ${printIndex(start)} lies within its axis`;
    if (!requireAtMost(frame, zero, start, text) || !requireAtMost(frame, add(start, 1), d.size, text))
      return fail(frame, indexOutOfRange({ index: printIndex(start), size: printDim(d), what: 'axis', span }));
    return { start, ...single };
  };
  if (value?.kind === 'size') return atRuntime(value.index);
  if (value?.kind !== 'number' || !Number.isInteger(value.value))
    return fail(
      frame,
      wrongKind({
        expected: 'a whole number, a slice or an index tensor',
        got: value ? describe(value) : 'nothing',
        span,
      }),
    );
  const length = constantOf(d.size);
  if (length !== undefined && (value.value >= length || value.value < -length))
    return fail(frame, indexOutOfRange({ index: value.value, size: printDim(d), what: 'axis', span }));
  return atRuntime(value.value < 0 ? add(d.size, value.value) : whole(value.value));
}

/** from:to:step, with NumPy's defaults and clipping. */
function cutOf(frame: Frame, item: Extract<IndexItem, { kind: 'slice' }>, d: Dim): Cut {
  const numberAt = (expression: typeof item.from): Index | number | undefined => {
    if (!expression) return undefined;
    const value = evaluate(expression, frame);
    if (value.kind === 'none') return undefined;
    if (value.kind === 'size') return value.index;
    if (value.kind === 'number' && Number.isInteger(value.value)) return value.value;
    return fail(frame, wrongKind({ expected: 'a whole number', got: describe(value), span: expression.span }));
  };
  const step = numberAt(item.step) ?? 1;
  if (typeof step !== 'number' || step === 0)
    return fail(frame, wrongKind({ expected: 'a step other than 0', got: String(step), span: item.span }));
  const [from, to] = [numberAt(item.from), numberAt(item.to)];
  if (from === undefined && to === undefined && step === 1) return { start: zero, step, size: d, gone: false };
  const length = constantOf(d.size);
  if (length === undefined || typeof from === 'object' || typeof to === 'object')
    return runtimeCut(frame, item, d, from, to, step);
  const clip = (value: number | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise;
    return Math.max(step < 0 ? -1 : 0, Math.min(step < 0 ? length - 1 : length, value < 0 ? value + length : value));
  };
  const start = clip(from, step < 0 ? length - 1 : 0);
  const end = clip(to, step < 0 ? -1 : length);
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (count === 0) return empty(frame, item.span);
  return { start: whole(start), step, size: dim(whole(count), count === length ? d.name : undefined), gone: false };
}

function empty(frame: Frame, span: Span): never {
  return fail(frame, wrongKind({ expected: 'a slice with elements', got: 'an empty one', span }));
}

/** Slices of a run-time axis, or between run-time indices: that they lie within it is checked at each call. */
function runtimeCut(
  frame: Frame,
  item: Extract<IndexItem, { kind: 'slice' }>,
  d: Dim,
  from: Index | number | undefined,
  to: Index | number | undefined,
  step: number,
): Cut {
  const place = (value: Index | number | undefined, otherwise: Index): Index =>
    value === undefined ? otherwise : typeof value !== 'number' ? value : value < 0 ? add(d.size, value) : whole(value);
  const forwards = step > 0;
  const start = place(from, forwards ? zero : sub(d.size, 1));
  const end = place(to, forwards ? d.size : whole(-1));
  // The first and, next to the last, what is not taken any more, whichever way they go.
  const [first, past] = forwards ? [start, end] : [add(end, 1), add(start, 1)];
  const until = forwards || to !== undefined ? printIndex(end) : '';
  const text = `the slice ${printIndex(start)}:${until}${step === 1 ? '' : `:${step}`} lies within its axis`;
  const fits =
    requireAtMost(frame, zero, first, text) &&
    requireAtMost(frame, add(first, 1), past, text) &&
    requireAtMost(frame, past, d.size, text);
  if (!fits) return empty(frame, item.span);
  const size = Math.abs(step);
  const count = div(add(sub(past, first), size - 1), whole(size));
  return { start, step, size: dim(count, count.key === d.size.key ? d.name : undefined), gone: false };
}
