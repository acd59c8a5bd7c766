// A contraction whose fold is made block by block: the nests that it consists of.
import { add, div, mul, toIndex, type Axis, type Index } from '../index.js';
import type { Nest } from '../program.js';
import { apply, fold, load, number, type Scalar } from '../scalar.js';
import { replaceFolds } from '../rewrite.js';
import { productOf } from './contraction.js';
import type { CutBlock, CutParts } from './plans.js';
import { rowMajor } from './reshape.js';
import { specialise } from './specialise.js';

/** What the sums have a row for. */
export function sumRows({ share, around, rows }: Pick<CutParts, 'share' | 'around' | 'rows'>): readonly Axis[] {
  return share ? [share, ...around, ...rows] : rows;
}

/** An element of the sums: rows, then the staged columns, padded. */
function sumAt(plan: CutParts, place: Index): Index {
  return add(mul(rowMajor(sumRows(plan)), plan.column.extent), place);
}

/** The indices of the first axis outside of blocks that belong to a share. */
export function rangeOfShare({ extent }: Axis, share: Axis, at: Index): { readonly from: Index; readonly to: Index } {
  const begin = (of: Index): Index => div(mul(extent, of), share.extent);
  return { from: begin(at), to: begin(add(at, 1)) };
}

/** Sums of nothing. */
export function emptySums(nest: Nest, plan: CutParts): Nest {
  const at = sumAt(plan, toIndex(plan.column));
  const stores = [plan.sums, plan.lost].map((to) => ({ to, at, value: number(0) }));
  return { ...nest, name: plan.sums.name, axes: [...plan.rows, plan.column], stores };
}

/** The factors of the fold in a block that begins at `plan.base`. */
export function factorsIn(
  plan: Pick<CutParts, 'axis' | 'base'>,
  factors: readonly Scalar[],
  inner: Axis | undefined,
): Scalar[] {
  const place = inner ? add(toIndex(plan.base), toIndex(inner)) : toIndex(plan.base);
  return factors.map((factor) => specialise(factor, (part) => (part === plan.axis ? place : undefined)));
}

/** Adds the sums of a block, of which the columns are staged, to those of the blocks before it: what a sum loses, the next takes in. */
export function blockSums(nest: Nest, plan: CutParts, { inner, stage }: Pick<CutBlock, 'inner' | 'stage'>): Nest {
  const { sums, lost, column, rowFactors } = plan;
  const { over, pitch, buffer } = stage;
  const columns = load(buffer, add(mul(rowMajor(over), pitch), toIndex(column)));
  const product = productOf([...factorsIn(plan, rowFactors, inner), columns]);
  const at = sumAt(plan, toIndex(column));
  const before = load(sums, at);
  const block = apply('add', load(lost, at), fold('add', over, product));
  const sum = apply('add', before, block);
  const difference = apply('sub', block, apply('sub', sum, before));
  // Infinity loses nothing.
  const less = apply('select', apply('eq', difference, difference), difference, number(0));
  return {
    ...nest,
    name: sums.name,
    axes: [...plan.rows, column],
    stores: [
      { to: lost, at, value: less },
      { to: sums, at, value: sum },
    ],
  };
}

/** What the nest stores, its fold being in the sums. */
export function fromSums(nest: Nest, plan: CutParts): Nest {
  const at = sumAt(plan, rowMajor(plan.columns));
  const memo = new Map<string, Scalar>();
  const sum = plan.share ? fold('add', [plan.share], load(plan.sums, at)) : load(plan.sums, at);
  const value = (of: Scalar): Scalar => replaceFolds(of, (f) => (f.key === plan.fold.key ? sum : undefined), memo);
  return {
    ...nest,
    axes: nest.axes.filter((a) => !plan.around.includes(a)),
    stores: nest.stores.map((store) => ({ ...store, value: value(store.value) })),
  };
}
