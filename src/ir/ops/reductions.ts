// Sums, products and extremes along axes; the axes are dropped.
import { axis, toIndex, type Index } from '../index.js';
import { apply as call, axesSetting, sumOver } from '../formula/tree.js';
import type { Builder, Node, Notation, Op, Sample } from '../graph.js';
import { apply, fold, number, type FoldOp, type Scalar } from '../scalar.js';
import type { Dim, TensorType } from '../types.js';
import { filled } from './calls.js';
import { div, mul, sub } from './arithmetic.js';
import { equalTo, less, select, toF32 } from './logic.js';
import { broadcast } from './movement.js';
import type { OpName } from './registry.js';

type Along = { axes: readonly number[] };

const samples: readonly Sample[] = [
  { inputs: ['f32[2, 3]'], attrs: { axes: [1] } },
  { inputs: ['f32[2, 3]'], attrs: { axes: [0] } },
  { inputs: ['f32[2, 3, 4]'], attrs: { axes: [0, 2] } },
];

function dropped({ element, shape }: TensorType, axes: readonly number[]): TensorType {
  return { element, shape: shape.filter((_, i) => !axes.includes(i)) };
}

/** The elements that one element of the result is made from. */
function folded(
  op: FoldOp,
  at: readonly Index[],
  read: (at: readonly Index[]) => Scalar,
  shape: readonly Dim[],
  axes: readonly number[],
  map: (x: Scalar) => Scalar = (x) => x,
): Scalar {
  const over = shape.map((d, i) => (axes.includes(i) ? axis(`k${i}`, d.size) : undefined));
  let next = 0;
  const coordinates = over.map((a) => (a ? toIndex(a) : at[next++]));
  return fold(
    op,
    over.filter((a) => a !== undefined),
    map(read(coordinates)),
  );
}

function reduction(
  name: OpName,
  summary: string,
  op: FoldOp,
  vjp: (d: Node, x: Node, y: Node, axes: readonly number[], g: Builder) => Node,
  rule: string,
  notation: Notation<Along>,
): Op<Along> {
  const truth = op === 'max' || op === 'min';
  return {
    kind: 'element',
    name,
    summary,
    rule,
    type: ([x], { axes }) => dropped(x, axes),
    element: (at, [x], { inputs: [source], attrs: { axes } }) => {
      if (truth && source.type.element.kind === 'bool') {
        const found = folded(op, at, x, source.type.shape, axes, (v) => apply('i32', v));
        return apply('not', apply('eq', found, number(0, 'i32')));
      }
      return folded(op, at, x, source.type.shape, axes);
    },
    vjp: (d, node, g) => [vjp(d, node.inputs[0], g.make(node.op, node.inputs, node.attrs), node.attrs.axes, g)],
    notation,
    samples,
  };
}

/** The value of a reduction at every element that it was made from. */
function spreadAlong(g: Builder, value: Node, like: Node, axes: readonly number[]): Node {
  return g.make(broadcast, [value], { shape: like.type.shape, axes: [...axes] });
}

export const sum: Op<Along> = reduction(
  'sum',
  'Adds up the elements along the axes.',
  'add',
  (d, x, _, axes, g) => spreadAlong(g, d, x, axes),
  'd Σ u = Σ du',
  { kind: 'form', write: ([x], { inputs: [{ type }], attrs: { axes } }) => sumOver(x, axes, type.shape) },
);

export const prod: Op<Along> = reduction(
  'prod',
  'Multiplies the elements along the axes. The derivative is the product of the others, also where an element is 0.',
  'mul',
  productOfOthers,
  'd prod(u) = Σ prod(others) ⊙ du',
  called('prod'),
);

/** The product of the elements that are not 0, over this one; 0 where another one is 0. */
function productOfOthers(d: Node, x: Node, _: Node, axes: readonly number[], g: Builder): Node {
  const zero = filled(g, 0, x.type);
  const isZero = g.make(equalTo, [x, zero], {});
  const safe = g.make(select, [isZero, filled(g, 1, x.type), x], {});
  const others = g.make(div, [spreadAlong(g, g.make(prod, [safe], { axes }), x, axes), safe], {});
  const zeros = g.make(toF32, [isZero], {});
  const elsewhere = g.make(sub, [spreadAlong(g, g.make(sum, [zeros], { axes }), x, axes), zeros], {});
  const product = g.make(select, [g.make(equalTo, [elsewhere, zero], {}), others, zero], {});
  return g.make(mul, [spreadAlong(g, d, x, axes), product], {});
}

export const reduceMax: Op<Along> = reduction(
  'reduceMax',
  'The largest element along the axes; any, for bools. Ties share the cotangent evenly.',
  'max',
  shareTies((x, most) => [x, most]),
  'd max(u) = Σ 1[u = max(u)] ⊙ du / (number of ties)',
  called('max'),
);
export const reduceMin: Op<Along> = reduction(
  'reduceMin',
  'The smallest element along the axes; all, for bools. Ties share the cotangent evenly.',
  'min',
  shareTies((x, least) => [least, x]),
  'd min(u) = Σ 1[u = min(u)] ⊙ du / (number of ties)',
  called('min'),
);

function shareTies(
  losers: (x: Node, most: Node) => readonly [Node, Node],
): (d: Node, x: Node, y: Node, axes: readonly number[], g: Builder) => Node {
  return (d, x, y, axes, g) => {
    const most = spreadAlong(g, y, x, axes);
    const winners = g.make(equalTo, [x, most], {});
    const count = g.make(sum, [g.make(toF32, [winners], {})], { axes });
    // A row with NaN has no winner: all of it gets NaN.
    const share = g.make(select, [g.make(equalTo, [y, y], {}), g.make(div, [d, count], {}), y], {});
    return g.make(
      select,
      [g.make(less, losers(x, most), {}), filled(g, 0, x.type), spreadAlong(g, share, x, axes)],
      {},
    );
  };
}

/** What extremes of bools are called. */
const truths: Readonly<Record<string, string>> = { max: 'any', min: 'all' };

/** A call with `axis = 1`, `axis = batch`; with nothing where all are reduced. */
function called(name: string): Notation<Along> {
  return {
    kind: 'form',
    write: ([x], { inputs: [{ type }], attrs: { axes } }) =>
      call(type.element.kind === 'bool' ? (truths[name] ?? name) : name, [x], {
        settings: axes.length === type.shape.length ? [] : [axesSetting(axes, type.shape)],
      }),
  };
}
