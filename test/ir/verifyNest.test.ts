// The verifier of nests: it finds nothing in right ones, and each way in which one is damaged.
import { describe, expect, it } from 'vitest';
import { add, atom, axis, constant, mul, size, toIndex, type Axis } from '../../src/ir/index.js';
import type { AnyNest, Nest, Rows, Store } from '../../src/ir/program.js';
import { faultsOfNest, faultsOfOverwriting } from '../../src/ir/nest/verifyNest.js';
import { apply, fold, indexValue, load, local, number, type Scalar } from '../../src/ir/scalar.js';
import * as nests from '../support/nests.js';

const sizes = [() => 1, () => 7, (name: string) => 3 * name.length];
const faultsOf = (nest: AnyNest, outer: readonly Axis[] = []): string[] => faultsOfNest(nest, new Set(outer), sizes);

const { batch, buffer, nest } = nests;

const right = {
  contraction: nests.contraction('A·Bᵀ', batch, 5, 7),
  backwards: nests.backwards(batch, 5, 7),
  dense: nests.dense(batch, 6, 4),
  batched: nests.batched(batch, 2, 3, 4),
  headMerge: nests.headMerge(batch, 2, 3, 4, 5),
  convolution: nests.convolution(batch, 2, 3, 6, 3),
  guardedConvolution: nests.guardedConvolution(batch, 6, 3),
  rowSums: nests.rowSums(batch, 5),
  columnSums: nests.columnSums(batch, 5),
  meanSquare: nests.meanSquare(batch, 5),
  rowRange: nests.rowRange(batch, 5),
  chain: nests.chain(batch, 5),
  update: nests.update(4, 5),
  updateByContraction: nests.updateByContraction(batch, 4, 5),
  gather: nests.gather(batch, 9, 4),
  chosenRows: nests.chosenRows(batch, 9, 4, 3),
  repeatedSums: nests.repeatedSums(batch, 3),
  tableGradient: nests.tableGradient(batch, 9, 4),
  softmax: nests.softmax(batch, 5),
  crossEntropyRows: nests.crossEntropyRows(batch, 5),
  rowsWithTotals: nests.rowsWithTotals(batch),
  paddedSums: nests.paddedSums(4, 5),
};

it.each(Object.entries(right))('finds nothing in %s', (_, { nest: made }) => {
  expect(faultsOf(made)).toEqual([]);
});

const [i, j, k] = [axis('i', batch), axis('j', 5), axis('k', 5)];
const x = buffer('x', mul(batch, 5));
const out = buffer('out', mul(batch, 5));
const at = add(mul(5, toIndex(i)), toIndex(j));
const plain = (value: Scalar, more: Partial<Store> = {}): Nest =>
  nest('out', [i, j], [{ to: out, at, value, ...more }]);
/** As a damaged form would have it: constructors refuse. */
const typed = (value: Scalar, type: Scalar['type']): Scalar => ({ ...value, type });

describe('axes', () => {
  it.each<[string, Nest, string]>([
    ['an address', plain(load(x, add(at, toIndex(k)))), 'mentions k, over which nothing goes'],
    ['a coordinate', plain(apply('f32', indexValue(k))), 'mentions k, over which nothing goes'],
    ['where it stores', plain(number(1), { at: toIndex(k) }), 'mentions k, over which nothing goes'],
    ['an extent', nest('out', [axis('r', toIndex(k))], []), 'mentions k, over which nothing goes'],
    [
      'what stands beside the fold that binds it',
      plain(apply('add', load(x, toIndex(k)), fold('add', [k], load(x, toIndex(k))))),
      'mentions k, over which nothing goes',
    ],
    ['an axis twice', nest('out', [i, j, j], [{ to: out, at, value: number(1) }]), 'goes over j twice'],
    ['a fold twice', plain(fold('add', [k, k], load(x, toIndex(k)))), 'folds over k, which is bound'],
    ['a fold over an axis of the nest', plain(fold('add', [j], load(x, at))), 'folds over j, which is bound'],
    [
      'a fold in a fold over one axis',
      plain(fold('add', [k], fold('max', [k], load(x, toIndex(k))))),
      'folds over k, which is bound',
    ],
    ['a let', plain(local('t', 'f32')), 'reads the let t'],
  ])('are not bound: %s', (_, damaged, expected) => {
    expect(faultsOf(damaged).join('\n')).toContain(expected);
  });

  it('may be bound around the nest', () => {
    const inside = plain(load(x, add(mul(5, toIndex(i)), toIndex(k))));
    expect(faultsOf(inside, [k])).toEqual([]);
    expect(faultsOf(inside)).not.toEqual([]);
  });
});

describe('types', () => {
  const ids = buffer('ids', mul(batch, 5), { dtype: 'i32', below: 3 });
  it.each<[string, Nest, string]>([
    ['a store', plain(load(ids, at)), 'stores i32 into out, which holds f32'],
    ['a load', plain(typed(load(ids, at), 'f32')), 'is f32, its buffer holds i32'],
    [
      'an operand',
      plain({ ...apply('add', number(1), number(2)), ...{ args: [number(1), load(ids, at)] } }),
      'is misused',
    ],
    ['a result', plain(typed(apply('lt', number(1), number(2)), 'f32')), 'is f32, its operands make bool'],
    ['a fold', plain(typed(fold('add', [k], load(ids, at)), 'f32')), 'is f32, what it folds is i32'],
    ['lanes', plain(load(x, at, 4)), 'stores four lanes'],
    ['what is given', plain(number(1), { to: { ...out, space: 'input' } }), 'stores into out, which is given'],
  ])('do not agree: %s', (_, damaged, expected) => {
    expect(faultsOf(damaged).join('\n')).toContain(expected);
  });
});

describe('addresses', () => {
  const T = size('T');
  const table = buffer('table', 9 * 4);
  const c = axis('c', 4);
  const chosen = (below?: number): Scalar => {
    const ids = buffer('ids', batch, { dtype: 'i32', below });
    const row = atom({ kind: 'element', of: load(ids, toIndex(i)) });
    return fold('add', [c], load(table, add(mul(row, 4), toIndex(c))));
  };
  const guarded = (least: number, end: number): Scalar => {
    const place = add(toIndex(j), -1);
    const inside = apply(
      'and',
      apply('le', number(least, 'i32'), indexValue(place)),
      apply('lt', indexValue(place), number(end, 'i32')),
    );
    return apply('select', inside, load(buffer('row', 3), place), number(0));
  };
  it.each<[string, Nest, string | undefined]>([
    ['one before the first', plain(load(x, add(at, -1))), 'x[5*i + j - 1] is at -1'],
    ['one behind the last', plain(load(x, add(at, 1))), 'outside its buffer'],
    ['a wrong stride', plain(load(x, add(mul(6, toIndex(i)), toIndex(j)))), 'outside its buffer'],
    ['a store', plain(number(1), { at: add(at, 1) }), 'out[5*i + j + 1]'],
    ['another run-time size', plain(load(buffer('t', mul(T, 5)), at)), 't[5*i + j]'],
    ['a fixed length for a run-time size', plain(load(buffer('t', 30), at)), 't[5*i + j]'],
    ['an element in range', plain(chosen(9)), undefined],
    ['an element out of range', plain(chosen(10)), 'outside its buffer'],
    ['an element of which nothing is known', plain(chosen()), undefined],
    ['a guard that holds it', plain(guarded(0, 3)), undefined],
    ['a guard that is too wide below', plain(guarded(-1, 3)), 'is at -1'],
    ['a guard that is too wide above', plain(guarded(0, 4)), 'is at 3'],
  ])('%s', (_, made, expected) => {
    if (expected === undefined) expect(faultsOf(made)).toEqual([]);
    else expect(faultsOf(made).join('\n')).toContain(expected);
  });
});

describe('places', () => {
  it('are stored once', () => {
    expect(faultsOf(plain(number(1), { at: toIndex(i) })).join()).toContain(
      'stores into out the same place for every j',
    );
  });

  it('that a nest reads of its own results are those it is about to store', () => {
    const before = plain(load(out, add(mul(5, toIndex(i)), add(4, mul(toIndex(j), -1)))));
    expect(faultsOf(before)).toEqual([]);
    expect(faultsOfOverwriting(before, new Set()).join()).toContain('while it stores other places of it');
    expect(faultsOfOverwriting(plain(load(out, at)), new Set())).toEqual([]);
  });
});

describe('rows', () => {
  const rowsOf = (made: nests.Example): Rows => {
    if (made.nest.kind !== 'rows') throw new Error('rows are expected');
    return made.nest;
  };
  const losses = rowsOf(right.crossEntropyRows);
  const totalled = rowsOf(right.rowsWithTotals);
  const inPart = (rows: Rows, n: number, change: (store: Store) => Store): Rows => ({
    ...rows,
    parts: rows.parts.map((part, at_) => (at_ === n ? { ...part, stores: part.stores.map(change) } : part)),
  });
  const [largest] = losses.rowLocal;
  const gradient = losses.parts[4].stores[0].to;

  it.each<[string, Rows, string]>([
    ['parts in another order', { ...losses, parts: [...losses.parts].reverse() }, 'before the row has stored it'],
    ['a part too few', { ...losses, parts: losses.parts.slice(1) }, 'reads largest[0] before the row has stored it'],
    [
      'more than one row of what holds one',
      inPart(losses, 0, (store) => ({ ...store, at: toIndex(losses.row) })),
      'largest holds one row, and is stored at b',
    ],
    [
      'more than one row read of what holds one',
      inPart(losses, 4, (store) => ({
        ...store,
        value: apply('add', store.value, load(largest, toIndex(losses.row))),
      })),
      'largest holds one row, and is read at b',
    ],
    [
      'a result outside the row',
      inPart(losses, 4, (store) => ({ ...store, at: add(store.at, 1) })),
      "is not in the row's own part",
    ],
    [
      'a result that all rows store',
      inPart(losses, 3, (store) => ({ ...store, at: constant(0) })),
      "losses[0] is not in the row's own part",
    ],
    [
      "another row's result",
      {
        ...losses,
        parts: [
          ...losses.parts,
          nest(
            'late',
            [],
            [{ to: buffer('late', batch), at: toIndex(losses.row), value: load(gradient, constant(3)) }],
          ),
        ],
      },
      "reads d_logits[3], which may be another row's",
    ],
    [
      'the row again within it',
      inPart(losses, 1, (store) => ({ ...store, value: fold('add', [losses.row], store.value) })),
      'which is bound already',
    ],
    [
      'what one row held, after the last',
      {
        ...totalled,
        totals: totalled.totals?.map((t) => ({
          ...t,
          stores: t.stores.map((s) => ({
            ...s,
            value: apply('add', s.value, load(totalled.rowLocal[0], constant(0))),
          })),
        })),
      },
      'reads y, which holds one row, after the last',
    ],
    [
      'a total for each row',
      {
        ...totalled,
        totals: totalled.totals?.map((t) => ({
          ...t,
          stores: t.stores.map((s) => ({ ...s, at: add(s.at, toIndex(totalled.row)) })),
        })),
      },
      'over which nothing goes',
    ],
  ])('damaged: %s', (_, damaged, expected) => {
    expect(faultsOf(damaged).join('\n')).toContain(expected);
  });
});
