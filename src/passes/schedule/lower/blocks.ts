// Long sums, where what adds them up has 24 bits: a sum of its own for each block of terms. What a block's sum loses on its way into
// the whole, the next block starts from.
import {
  add,
  atom,
  axis as newAxis,
  constantOf,
  div,
  mul,
  product,
  toIndex,
  zero,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import { apply, indexValue, isLanes, number, splat, type Scalar } from '../../../ir/scalar.js';
import type { Writer } from './writer.js';

/** A loop that is to be written: the axis is `from`, `from` + `step` … below `to`, `rounds` times. */
export interface Range {
  readonly axis: Axis;
  readonly from?: Index;
  readonly to: Index;
  readonly step: number;
  readonly rounds: Index;
  /** What else the loop is. */
  readonly parallel?: true;
  readonly atLeastOnce?: true;
}

/** The loop of several that is cut, and how many of its rounds are a block. */
export interface Cut {
  readonly at: number;
  readonly rounds: number;
  /** Where it is known at run time whether the sum is long: if so, this is less than that. Else all rounds are one block, for blocks have a price. */
  readonly less?: readonly [most: Index, terms: Index];
}

/**
 * Where sums of more than `most` terms are cut, each of which takes so many in each of the innermost rounds; undefined where there are
 * too few terms.
 */
export function cutOf(
  writer: Writer,
  extents: readonly Index[],
  termsEach: number,
  most = writer.blocks?.most ?? Infinity,
): Cut | undefined {
  const { blocks, asked } = writer;
  const terms = mul(product(extents), termsEach);
  const known = constantOf(terms);
  if (!blocks || (known ?? Infinity) <= most) return undefined;
  const isProduct = most === blocks.mostOfProducts;
  if (known === undefined && asked && isProduct) {
    if (asked === 'short') return undefined;
    writer.longProducts.set(terms.key, { terms, most });
  }
  let inside = termsEach;
  for (let at = extents.length - 1; at >= 0; at--) {
    const extent = constantOf(extents[at]);
    if (extent === undefined || inside * extent > blocks.length) {
      const rounds = Math.max(1, Math.floor(blocks.length / inside));
      // All of one length, where that can be.
      const each = extent === undefined ? rounds : Math.ceil(extent / Math.ceil(extent / rounds));
      const decided = known !== undefined || !asked || isProduct;
      return { at, rounds: each, ...(!decided && { less: [toIndex(most), terms] as const }) };
    }
    inside *= extent;
  }
  return undefined;
}

/** Writes the loop; where it is cut, in blocks, `after` each of which something is written. `inside` is given the axis. */
export function writeRange(
  writer: Writer,
  range: Range,
  cut: Cut | undefined,
  inside: (axis: Axis) => void,
  after: () => void,
): void {
  const { axis, from, to, step, rounds, ...rest } = range;
  const loop = (bounds: { readonly from?: Index; readonly to: Index }): void => {
    const [counter] = writer.open(axis);
    inside(counter);
    const body = writer.close();
    writer.push({ kind: 'loop', axis: counter, ...bounds, step, as: 'serial', ...rest, body });
  };
  if (!cut) return loop({ ...(from && { from }), to });
  const { blocks, most, length: each, even } = blocksOf(writer, rounds, cut);
  const [block] = writer.open(newAxis('block', most));
  const length = mul(each, step);
  const start = add(from ?? zero, mul(toIndex(block), length));
  const end = add(start, length);
  loop({ from: start, to: even ? end : least(end, to) });
  takenIn(writer, cut, after);
  const body = writer.close();
  writer.push({ kind: 'loop', axis: block, to: blocks, step: 1, as: 'serial', body });
}

/** What takes in a block's sum is left out where that is the only one: the whole is still 0, to which the sum is added in the end. */
function takenIn(writer: Writer, { less }: Cut, after: () => void): void {
  if (!less) return after();
  writer.open();
  after();
  const then = writer.close();
  writer.push({ kind: 'if', less, then, else: [] });
}

/** How many blocks there are, of how many rounds; `even`: all of them. */
function blocksOf(writer: Writer, rounds: Index, cut: Cut) {
  const length = toIndex(cut.rounds);
  const most = div(add(rounds, cut.rounds - 1), length);
  if (!cut.less) return { blocks: most, most, length, even: (constantOf(rounds) ?? NaN) % cut.rounds === 0 };
  const long = apply('lt', indexValue(cut.less[0]), indexValue(cut.less[1]));
  const value = chosen(long, length, rounds);
  const extent = add(rounds, cut.rounds + 1);
  const chosenLength = writer.index(writer.levelOfIndex(value), value.key, 'length', value, extent);
  return { blocks: chosen(long, most, toIndex(1)), most, length: toIndex(chosenLength), even: false };
}

/** The lesser of two. */
export function least(a: Index, b: Index): Index {
  return atom({ kind: 'element', of: apply('min', indexValue(a), indexValue(b)) });
}

/** One of two, by a condition. */
function chosen(condition: Scalar, a: Index, b: Index): Index {
  return atom({ kind: 'element', of: apply('select', condition, indexValue(a), indexValue(b)) });
}

/** Takes the block's sum into the whole; the next block then starts from what the whole has lost of it. */
export function takeIn(writer: Writer, whole: Scalar, block: Scalar): void {
  if (whole.kind !== 'local' || block.kind !== 'local') throw new Error('an accumulator is a local');
  const sum = writer.let(writer.depth, { base: 'sum', numbered: true }, apply('add', whole, block));
  writer.push({ kind: 'set', name: block.name, value: lostOf(writer, block, whole, sum) });
  writer.push({ kind: 'set', name: whole.name, value: sum });
}

/** What a sum has lost of the number that was added last, after Kahan (1965); 0 where there is infinity. */
export function lostOf(writer: Writer, added: Scalar, before: Scalar, sum: Scalar): Scalar {
  const difference = apply('sub', added, apply('sub', sum, before));
  const lost = writer.let(writer.depth, { base: 'lost', numbered: true }, difference);
  return apply('select', apply('eq', lost, lost), lost, isLanes(lost) ? splat(number(0)) : number(0));
}
