// Elements chosen by integer tensors.
import { add as plus, atom, axis, constant as whole, constantOf, toIndex, type Index } from '../index.js';
import { indexed } from '../formula/tree.js';
import { isOp, type Builder, type Node, type Op } from '../graph.js';
import { apply, fold, indexValue, number, type Scalar } from '../scalar.js';
import { dim, tensor, type Dim } from '../types.js';
import { add, div, mul, neg } from './arithmetic.js';
import { filled, numberOf } from './calls.js';
import { iota, size } from './constants.js';
import type { Plain } from './elementwise.js';
import { equalTo, select } from './logic.js';
import { broadcast, reshape } from './movement.js';

/** An integer element as a coordinate. */
export function coordinate(value: Scalar): Index {
  if (value.kind === 'number') return whole(value.value);
  return value.kind === 'index' ? value.of : atom({ kind: 'element', of: value });
}

export const oneHot: Op<{ classes: Dim }> = {
  kind: 'element',
  name: 'oneHot',
  summary: '1 at the class that each index names, 0 elsewhere, along a new last axis.',
  type: ([ids], { classes }) => tensor([...ids.shape, classes]),
  element: (at, [ids]) => apply('f32', apply('eq', ids(at.slice(0, -1)), indexValue(at[at.length - 1]))),
  notation: { kind: 'call', name: 'one_hot' },
  samples: [
    { inputs: ['index(4)[3]'], attrs: { classes: dim(whole(4)) } },
    { inputs: ['index(4)'], attrs: { classes: dim(whole(4)) } },
  ],
};

/** Operations that make finite numbers of sizes and finite numbers. */
const ofNumbers = [broadcast, reshape, neg, add, mul, div] as const;

/** Is it one finite number, such as -1 / batch? */
function isFiniteNumber(node: Node): boolean {
  if (isOp(node, size)) return true;
  const value = numberOf(node);
  return value === undefined ? isOp(node, ...ofNumbers) && node.inputs.every(isFiniteNumber) : Number.isFinite(value);
}

/** Whether ids say so, along a new last axis of size n: bool[..., n]. */
function oneHotMask(g: Builder, ids: Node, classes: Dim): Node {
  const shape = [...ids.type.shape, classes];
  const wide = g.make(broadcast, [ids], { shape, axes: [shape.length - 1] });
  const count = g.make(broadcast, [g.make(iota, [], { size: classes.size })], {
    shape,
    axes: ids.type.shape.map((_, i) => i),
  });
  return g.make(equalTo, [wide, count], {});
}

/** The indices, index(n)[...], of what is true at the one index of its last axis, of n, that each of them names: `ids == range(n)`. */
export function idsOfPlaces(test: Node): Node | undefined {
  if (!isOp(test, equalTo)) return undefined;
  const last = test.type.shape.length - 1;
  for (const [one, other] of [test.inputs, [...test.inputs].reverse()]) {
    if (!isOp(one, broadcast) || one.attrs.axes.join() !== String(last)) continue;
    const { element } = one.inputs[0].type;
    if (element.kind !== 'index' || element.size.key !== test.type.shape[last].size.key) continue;
    const range = isOp(other, broadcast) && !other.attrs.axes.includes(last) ? other.inputs[0] : other;
    if (isOp(range, iota) && range.type.shape.length === 1) return one.inputs[0];
  }
  return undefined;
}

export const takeAlong: Op<Plain> = {
  kind: 'element',
  name: 'takeAlong',
  summary: 'The element of the last axis that ids choose: x[..., ids[...]].',
  rule: 'd u[i] = du[i]',
  type: ([x]) => ({ element: x.element, shape: x.shape.slice(0, -1) }),
  element: (at, [x, ids]) => x([...at, coordinate(ids(at))]),
  vjp: (d, { inputs: [x, ids] }, g) => {
    const classes = x.type.shape[x.type.shape.length - 1];
    const wide = g.make(broadcast, [d], { shape: x.type.shape, axes: [x.type.shape.length - 1] });
    // What is not finite is not multiplied by 0.
    const part = isFiniteNumber(d)
      ? g.make(mul, [wide, g.make(oneHot, [ids], { classes })], {})
      : g.make(select, [oneHotMask(g, ids, classes), wide, filled(g, 0, x.type)], {});
    return [part, undefined];
  },
  notation: { kind: 'call', name: 'take_along' },
  samples: [
    { inputs: ['f32[3, 4]', 'index(4)[3]'], attrs: {} },
    { inputs: ['f32[2, 3, 4]', 'index(4)[2, 3]'], attrs: {} },
  ],
};

export const gather: Op<Plain> = {
  kind: 'element',
  name: 'gather',
  summary: 'Rows of a table: table[ids].',
  rule: 'd u[i] = du[i]',
  type: ([table, ids]) => ({ element: table.element, shape: [...ids.shape, ...table.shape.slice(1)] }),
  element: (at, [table, ids], { inputs: [, chosen] }) => {
    const rank = chosen.type.shape.length;
    return table([coordinate(ids(at.slice(0, rank))), ...at.slice(rank)]);
  },
  // The cotangent of a row is the sum over the positions that chose it.
  vjp: (d, { inputs: [table, ids] }, g) => [g.make(scatterAdd, [d, ids], { rows: table.type.shape[0] }), undefined],
  notation: {
    kind: 'form',
    write: ([table, ids]) => indexed(table, [ids]),
  },
  samples: [
    { inputs: ['f32[4, 3]', 'index(4)[5]'], attrs: {} },
    { inputs: ['f32[4]', 'index(4)[2, 3]'], attrs: {} },
  ],
};

/** y[r, j] = Σ x[p, j] over the positions p with ids[p] = r: gather's transpose, as gather is the transpose of it. */
export const scatterAdd: Op<{ rows: Dim }> = {
  kind: 'element',
  name: 'scatterAdd',
  summary:
    'Each element added to the row that its index names: the transpose of table[ids]. A row that none names is 0.',
  rule: 'd scatter_add(u) = scatter_add(du)',
  type: ([x, ids], { rows }) => tensor([rows, ...x.shape.slice(ids.shape.length)]),
  element: ([row, ...at], [x, ids], { inputs: [, { type }], attrs: { rows } }) => {
    const over = type.shape.map((d, i) => axis(`p${i}`, d.size));
    const place = over.map(toIndex);
    const term = x([...place, ...at]);
    // Of one row all terms are.
    const here = apply('eq', ids(place), indexValue(row));
    const chosen = constantOf(rows.size) === 1 ? term : apply('select', here, term, number(0));
    return over.length === 0 ? chosen : fold('add', over, chosen);
  },
  vjp: (d, { inputs: [, ids] }, g) => [g.make(gather, [d, ids], {}), undefined],
  notation: { kind: 'call', name: 'scatter_add' },
  samples: [
    { inputs: ['f32[5, 3]', 'index(4)[5]'], attrs: { rows: dim(whole(4)) } },
    { inputs: ['f32[2, 3]', 'index(4)[2, 3]'], attrs: { rows: dim(whole(4)) } },
    { inputs: ['f32[3]', 'index(4)'], attrs: { rows: dim(whole(4)) } },
    { inputs: ['f32[5, 2, 3]', 'index(1)[5]'], attrs: { rows: dim(whole(1)) } },
  ],
};

/** y[p, j] = Σ x[q, j] over the positions q with ids[q] = ids[p]: scatter_add(x, ids)[ids], without a row for each index that there could be. */
export const sumAlike: Op<Plain> = {
  kind: 'element',
  name: 'sumAlike',
  summary: 'For each position the sum over all positions with the same index: scatter_add(x, ids)[ids].',
  rule: 'd sum_alike(u) = sum_alike(du)',
  type: ([x]) => tensor(x.shape),
  element: ([place, ...at], [x, ids], { inputs: [, { type }] }) => {
    const over = axis('p0', type.shape[0].size);
    const other = toIndex(over);
    const alike = apply('eq', ids([other]), ids([place]));
    return fold('add', [over], apply('select', alike, x([other, ...at]), number(0)));
  },
  vjp: (d, { inputs: [, ids] }, g) => [g.make(sumAlike, [d, ids], {}), undefined],
  notation: { kind: 'call', name: 'sum_alike' },
  samples: [
    { inputs: ['f32[5, 3]', 'index(3)[5]'], attrs: {} },
    { inputs: ['f32[6]', 'index(4)[6]'], attrs: {} },
  ],
};

/** Where a table lives, it is what a step makes of it that writes few rows: those of equal indices are equal. */
export const putRows: Op<Plain> = {
  kind: 'element',
  name: 'putRows',
  summary:
    'A table with other rows at the places that indices name; where several name one, the last of them. Updates alone have it: it has no derivative.',
  type: ([table]) => table,
  element: ([row, ...at], [table, ids, rows], { inputs: [, { type }] }) => {
    const over = axis('p0', type.shape[0].size);
    const place = indexValue(plus(toIndex(over), 1));
    const here = apply('eq', ids([toIndex(over)]), indexValue(row));
    const last = fold('max', [over], apply('select', here, place, number(0, 'i32')));
    const chosen = rows([plus(coordinate(last), -1), ...at]);
    return apply('select', apply('eq', last, number(0, 'i32')), table([row, ...at]), chosen);
  },
  notation: { kind: 'call', name: 'put_rows' },
  samples: [
    { inputs: ['f32[6, 3]', 'index(6)[4]', 'f32[4, 3]'], attrs: {}, smooth: false },
    { inputs: ['f32[5]', 'index(5)[3]', 'f32[3]'], attrs: {}, smooth: false },
  ],
};
