// Elements that integer tensors choose.
import type { NodeOf } from '../../ir/graph.js';
import { product, zero } from '../../ir/index.js';
import type { iota } from '../../ir/ops/constants.js';
import type { gather, oneHot, putRows, scatterAdd, sumAlike, takeAlong } from '../../ir/ops/indexing.js';
import type { Dim } from '../../ir/types.js';
import { labelOf } from './elementwise.js';
import { series } from './movement.js';
import type { Value, Writer } from './writer.js';

export function counting(node: NodeOf<typeof iota>, writer: Writer): Value {
  return series(zero, node.attrs.size, 1, writer);
}

export function oneHots(node: NodeOf<typeof oneHot>, writer: Writer): Value {
  const [ids] = node.inputs;
  const { size } = node.attrs.classes;
  if (ids.type.shape.length === 0) {
    // The operator takes no single index.
    const classes = series(zero, size, 1, writer);
    return writer.cast(writer.add('Equal', [classes, writer.of(ids)], { type: 'bool' }), 'float');
  }
  const choices = writer.number([0, 1], 'float', [2]);
  return writer.add('OneHot', [writer.of(ids), writer.size(size), choices], {
    attributes: { axis: { int: -1 } },
    type: 'float',
    name: labelOf(node, 'OneHot'),
  });
}

export function takenAlong(node: NodeOf<typeof takeAlong>, writer: Writer): Value {
  const [x, ids] = node.inputs;
  const last = writer.list([-1]);
  const columns = writer.add('Unsqueeze', [writer.of(ids), last]);
  const found = writer.add('GatherElements', [writer.of(x), columns], { attributes: { axis: { int: -1 } } });
  return writer.add('Squeeze', [found, last], { name: labelOf(node, 'Squeeze') });
}

export function gathered(node: NodeOf<typeof gather>, writer: Writer): Value {
  const [table, ids] = node.inputs;
  return writer.add('Gather', [writer.of(table), writer.of(ids)], {
    attributes: { axis: { int: 0 } },
    name: labelOf(node, 'Gather'),
  });
}

export function scattered(node: NodeOf<typeof scatterAdd>, writer: Writer): Value {
  const [terms, ids] = node.inputs;
  const rank = ids.type.shape.length;
  const [positions, rest] = [terms.type.shape.slice(0, rank), terms.type.shape.slice(rank)];
  const flat: Dim = { size: product(positions.map((d) => d.size)) };
  const rows = rank === 1 ? writer.of(terms) : writer.reshaped(writer.of(terms), [flat, ...rest]);
  const chosen = rank === 1 ? writer.of(ids) : writer.reshaped(writer.of(ids), [flat]);
  return addedToRows(rows, chosen, [flat, ...rest], node.attrs.rows, writer);
}

/** The sum of rows by the index of each: ScatterElements adds them up one after another, while ScatterND may do it side by side. */
function addedToRows(rows: Value, ids: Value, shape: readonly Dim[], count: Dim, writer: Writer): Value {
  const [, ...rest] = shape;
  const zeros = writer.add('Expand', [writer.number([0], rows.type), writer.shape([count, ...rest])], {
    type: rows.type,
  });
  const column = rest.length === 0 ? ids : writer.add('Unsqueeze', [ids, writer.list(rest.map((_, i) => i + 1))]);
  const places = rest.length === 0 ? ids : writer.add('Expand', [column, writer.shape(shape)]);
  return writer.add('ScatterElements', [zeros, places, rows], {
    attributes: { axis: { int: 0 }, reduction: { text: 'add' } },
    name: 'scatter_add',
  });
}

export function summedAlike(node: NodeOf<typeof sumAlike>, writer: Writer): Value {
  const [terms, ids] = node.inputs;
  const { element } = ids.type;
  if (element.kind !== 'index') throw new Error('rows are chosen by indices');
  const chosen = writer.of(ids);
  const sums = addedToRows(writer.of(terms), chosen, terms.type.shape, { size: element.size }, writer);
  return writer.add('Gather', [sums, chosen], { attributes: { axis: { int: 0 } } });
}

/** Positions that name one row have the same to put there. */
export function rowsPut(node: NodeOf<typeof putRows>, writer: Writer): Value {
  const [table, ids, rows] = node.inputs;
  const column = writer.add('Unsqueeze', [writer.of(ids), writer.list([1])]);
  return writer.add('ScatterND', [writer.of(table), column, writer.of(rows)], { name: labelOf(node, 'ScatterND') });
}
