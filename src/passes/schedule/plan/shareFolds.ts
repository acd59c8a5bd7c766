// Long folds to few elements, on targets with workgroups: shares of them side by side, and what those come to by a second nest.
import { rowMajor } from '../../../ir/nest/reshape.js';
import {
  add,
  axis as newAxis,
  constantOf,
  div,
  mod,
  mul,
  product,
  toIndex,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import type { AnyNest, Nest, TargetTraits } from '../../../ir/program.js';
import { apply, fold, foldIdentity, indexValue, load, number, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { specialise } from '../../../ir/nest/specialise.js';
import { factorsOf, productOf } from '../../../ir/nest/contraction.js';
import { axesOfValue, foldsOf, strideAt } from '../../../ir/nest/strides.js';
import { estimated, iterationsOf } from '../../../ir/nest/sizes.js';
import type { ScatterThreads, WorkPlan } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';
import { planWorkgroups, sideBySide } from './workgroups.js';

type Fold = Scalar & { readonly kind: 'fold' };

/** Shorter folds are not worth a second kernel. */
const longFold = 1_024;
/** With a thread for as many elements a processor is busy. */
const enoughPlaces = 16_384;
/** A share is as long at least: by one thread or one tile, and by all threads of a group. */
const leastShare = 256;
const leastGroupShare = 4_096;
const mostShares = 64;
/** Shares begin at multiples of it, so that what is aligned stays so. */
const grain = 16;

/**
 * The nest, or two: the first folds shares of what the folds go over, side by side, and the second folds the shares, in their order, and
 * does the rest. How many shares there are is known here; how long they are follows from the sizes of a call.
 */
export function shareFolds(nest: AnyNest, target: TargetTraits, estimate: Estimate): AnyNest[] {
  if (nest.kind !== 'nest') return [nest];
  const folds = [...new Map(foldsOf(nest).map((f) => [f.key, f])).values()];
  if (folds.length === 0 || !sideBySide(nest)) return [nest];
  const longest = folds.map((f) => longestOf(f, estimate));
  if (longest.some((a) => a.extent.key !== longest[0].extent.key)) return [nest];
  const wanted = sharesFor(nest, folds, planWorkgroups(nest, target, estimate), estimate);
  const count = Math.min(wanted, Math.floor(estimated(longest[0].extent, estimate) / grain));
  if (count < 2) return [nest];
  return twoNests(nest, folds, longest, dividing(count, longest[0].extent), estimate);
}

/** How many shares keep a processor busy and are still worth a thread's or a group's while. */
function sharesFor(nest: Nest, folds: readonly Fold[], plan: WorkPlan, estimate: Estimate): number {
  const size = (axes: readonly Axis[]): number => iterationsOf(axes, estimate);
  const folded = Math.min(...folds.map((f) => size(f.over)));
  const places = size(nest.axes);
  if (folded < longFold) return 1;
  if (plan.kind === 'scatter') return 1;
  const least = plan.kind === 'groups' ? leastGroupShare : leastShare;
  const most = Math.min(mostShares, Math.floor(folded / least));
  return Math.min(most, Math.ceil(enoughPlaces / (places * weightOf(plan))));
}

/** As many threads as one element keeps busy, those that share it; less than one where a thread takes a block of elements. */
function weightOf(plan: Exclude<WorkPlan, ScatterThreads>): number {
  switch (plan.kind) {
    case 'threads':
      return 1;
    case 'groups':
      return plan.threads;
    case 'ordered':
      return 1;
    case 'tiles':
      return 1 / 4;
    default:
      return plan satisfies never;
  }
}

/** About as many, so that all are of one length where that can be. */
function dividing(wanted: number, extent: Index): number {
  for (let count = wanted; 2 * count > wanted && count > 1; count--)
    if (constantOf(mod(extent, toIndex(count * grain))) === 0) return count;
  return wanted;
}

function longestOf(f: Fold, estimate: Estimate): Axis {
  const length = (a: Axis): number => estimated(a.extent, estimate);
  return f.over.reduce((a, b) => (length(b) > length(a) ? b : a));
}

function twoNests(
  nest: Nest,
  folds: readonly Fold[],
  longest: readonly Axis[],
  count: number,
  estimate: Estimate,
): Nest[] {
  const { extent } = longest[0];
  const even = constantOf(mod(extent, toIndex(count * grain))) === 0;
  const length = even
    ? div(extent, toIndex(count))
    : mul(grain, div(add(extent, count * grain - 1), toIndex(count * grain)));
  const share = newAxis('share', count);
  // What is neighbours in the result is neighbours in each share.
  const stride = (a: Axis): number => strideAt(nest.stores[0].at, a, estimate) ?? 0;
  const axes = [...nest.axes].sort((a, b) => stride(b) - stride(a));
  const places = product(axes.map((a) => a.extent));
  const place = rowMajor(axes);
  const parts = folds.map((f, i) => {
    const suffix = folds.length > 1 ? String(i) : '';
    if (f.type === 'bool') throw new Error('truths are not shared');
    const buffer: Buffer = {
      name: `${nest.name}_shares${suffix}`,
      space: 'arena',
      dtype: f.type,
      length: mul(places, count),
    };
    const value = shareOf(f, longest[i], mul(toIndex(share), length), length, even);
    const again = newAxis('share', count);
    const sum = fold(f.op, [again], load(buffer, add(mul(toIndex(again), places), place)));
    return { key: f.key, sum, store: { to: buffer, at: add(mul(toIndex(share), places), place), value } };
  });
  const sums = new Map(parts.map(({ key, sum }) => [key, sum]));
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => replaceFolds(value, (f) => sums.get(f.key), memo);
  const { formulas } = nest.provenance;
  return [
    {
      ...nest,
      name: `${nest.name}_shares`,
      axes: [share, ...axes],
      stores: parts.map((p) => p.store),
      provenance: { ...nest.provenance, formulas: [`${count} shares of each sum in what follows`, ...formulas] },
    },
    { ...nest, stores: nest.stores.map((s) => ({ ...s, value: visit(s.value) })) },
  ];
}

/** The fold over the indices from `start` that are there. */
function shareOf(f: Fold, axis: Axis, start: Index, length: Index, even: boolean): Scalar {
  const inner = newAxis(axis.name, length);
  const at = add(start, toIndex(inner));
  const there = apply('lt', indexValue(at), indexValue(axis.extent));
  const none = number(foldIdentity(f.op, f.type), f.type);
  const factors = factorsOf(f);
  const along = factors.filter((part) => axesOfValue(part).has(axis));
  // One factor of a product that is 0 does.
  const guarded = even ? [] : f.op === 'add' && along.length > 0 ? along : factors;
  const parts = factors.map((part) => {
    const value = specialise(part, (a) => (a === axis ? at : undefined));
    return guarded.includes(part) ? apply('select', there, value, none) : value;
  });
  const body = productOf(parts);
  return fold(
    f.op,
    f.over.map((a) => (a === axis ? inner : a)),
    body,
  );
}
