// Contractions whose fold is long and whose columns lie apart, such as a convolution's gradient by weights: in blocks of the fold.
import { axis as newAxis, constantOf, mul, printIndex, product, toIndex, type Axis } from '../../../ir/index.js';
import type { Nest, TargetTraits } from '../../../ir/program.js';
import { blockSums, emptySums, factorsIn, fromSums, sumRows } from '../../../ir/nest/cut.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { coalesceFolds, reshape } from '../../../ir/nest/reshape.js';
import { sidesOf, type Sides } from '../../../ir/nest/sides.js';
import { estimated, iterationsOf, type Estimate } from '../../../ir/nest/sizes.js';
import { addressesOf, foldsOf, strideAt } from '../../../ir/nest/strides.js';
import { loadsOf } from '../../../ir/loads.js';
import type {
  CopyPlan,
  CutBlock,
  CutParts,
  CutPlan,
  LoopPlan,
  NestPlan,
  Shape,
  Split,
  Stage,
} from '../../../ir/nest/plans.js';
import { isLanes } from '../../../ir/scalar.js';
import { chooseTile, foldOrder } from './contraction.js';
import { again, pitchOf, scratch } from './staging.js';
import { planCopy } from './copy.js';
import { chooseShape, runs } from './shape.js';

/** Shorter folds are staged at once. */
const longFold = 1_024;
/** Fewer rows do not pay for staging. */
const fewestRows = 4;
/** A block of so many terms pays for what its sums cost; of more, one sum would lose too much. */
const [leastTerms, mostTerms] = [96, 1_024];
/** What shorter blocks are made of. */
const goodTerms = 256;
/** Loops of so many rounds around everything keep threads busy. */
const enoughAround = 2;

/** Of fewer loops around, each is made in shares of the fold, so that there are about so many pieces of work. */
const enoughPieces = 8;
/** Shares of fewer terms cost more than their sums. */
const leastOfShare = 512;
/** So many sums, and what they have lost, stay near. */
const mostSums = 1 << 16;

/** Plans a nest: what a cut one consists of are nests, so it is given, not imported. */
type PlanNest = (nest: Nest, target: TargetTraits, estimate: Estimate) => NestPlan;

/** Undefined where the nest is no such contraction. */
export function planCut(nest: Nest, target: TargetTraits, estimate: Estimate, planNest: PlanNest): CutPlan | undefined {
  if (!target.lanes || target.near === undefined) return undefined;
  const shape = chooseShape(nest);
  const reshaped = reshape(nest, shape);
  const sides = sidesOf(reshaped, estimate);
  if (!sides || !isCut(reshaped, sides, estimate)) return undefined;
  const order = foldOrder(sides.fold, sides.uSide, estimate);
  const cut = cutOf(order, estimate);
  const chosen = cut && chooseColumns(reshaped, sides, cut.terms, target.near, estimate);
  if (!cut || !chosen) return undefined;
  if (!chosen.split) return planBlocks(reshaped, shape, sides, cut, chosen.columns, target, estimate, planNest);
  const apart = reshape(reshaped, { split: [chosen.split], axes: [], folds: [] });
  const inBlocks = sidesOf(apart, estimate);
  const blocks = { ...shape, blocks: [chosen.split] };
  return inBlocks && planBlocks(apart, blocks, inBlocks, cut, chosen.columns, target, estimate, planNest);
}

/** Is the fold long, and no one run of the rows, whose columns can all be staged as they are? */
function isCut(nest: Nest, sides: Sides, estimate: Estimate): boolean {
  const folds = new Set(foldsOf(nest).map((f) => f.key));
  const known = [...sides.rows, ...sides.columns].every((a) => constantOf(a.extent) !== undefined && !a.until);
  const order = foldOrder(sides.fold, sides.uSide, estimate).filter((a) => constantOf(a.extent) !== 1);
  const [run] = runs(
    order,
    loadsOf(sides.uSide).map((l) => l.at),
  );
  const asOne = order.length < 2 || run?.axes.length === order.length;
  return (
    folds.size === 1 &&
    known &&
    !asOne &&
    iterationsOf(order, estimate) > longFold &&
    iterationsOf(sides.rows, estimate) >= fewestRows
  );
}

/** Where the fold is cut: how many of its axes are outside of a block, and how many indices of the last of them are one. */
interface Cut {
  readonly outer: readonly Axis[];
  readonly inner: readonly Axis[];
  readonly length: number;
  /** In a block. */
  readonly terms: number;
}

function cutOf(order: readonly Axis[], estimate: Estimate): Cut | undefined {
  const depth = order.findIndex((_, i) => iterationsOf(order.slice(i), estimate) <= mostTerms);
  const at = depth < 0 ? order.length : Math.max(1, depth);
  const [outer, inner] = [order.slice(0, at), order.slice(at)];
  if (inner.some((a) => constantOf(a.extent) === undefined)) return undefined;
  const each = iterationsOf(inner, estimate);
  const places = estimated(outer[at - 1].extent, estimate);
  const length = each >= leastTerms ? 1 : Math.min(places, Math.ceil(goodTerms / each));
  return { outer, inner, length, terms: each * length };
}

interface Columns {
  readonly columns: readonly Axis[];
  readonly split?: Split;
}

/** The columns that are staged together: as many as stay near, all of an axis or a part of it; outermost first. */
function chooseColumns(nest: Nest, sides: Sides, terms: number, near: number, estimate: Estimate): Columns | undefined {
  const stride = (a: Axis): number => strideAt(nest.stores[0].at, a, estimate) ?? 0;
  const inward = [...sides.columns].sort((a, b) => stride(a) - stride(b));
  const columns: Axis[] = [];
  let count = 1;
  for (const axis of inward) {
    const extent = constantOf(axis.extent) ?? 1;
    const last = columns.length === inward.length - 1;
    const parts = divisors(extent).filter((n) => terms * count * n <= near && (!last || extent / n >= enoughAround));
    const score = (n: number): number => (count * n) / (Math.ceil((count * n) / 8) * 8);
    const best = parts.reduce((a, b) => (score(b) >= score(a) - slack ? b : a), 1);
    if (terms * count * extent <= near && (!last || score(extent) > score(best) + slack)) {
      columns.unshift(axis);
      count *= extent;
      continue;
    }
    if (best < 2) break;
    const split = {
      axis,
      by: toIndex(best),
      outer: newAxis(`${axis.name}0`, extent / best),
      inner: newAxis(`${axis.name}1`, best),
    };
    return { columns: [split.inner, ...columns], split };
  }
  return columns.length > 0 ? { columns } : undefined;
}

/** Tiles that are so much emptier are made up for by more work side by side. */
const slack = 0.06;

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
}

function planBlocks(
  nest: Nest,
  shape: Shape,
  sides: Sides,
  { outer, inner, length }: Cut,
  natural: readonly Axis[],
  target: TargetTraits,
  estimate: Estimate,
  planNest: PlanNest,
): CutPlan {
  const axis = outer[outer.length - 1];
  const around = nest.axes.filter((a) => !sides.rows.includes(a) && !natural.includes(a));
  const { columns, kind } = layOut(natural, sides, inner);
  const rows = [...sides.rows].sort((a, b) => estimated(a.extent, estimate) - estimated(b.extent, estimate));
  const u = rows[rows.length - 1];
  const tile = tileOf(u, columns, target, estimate);
  const column = columnOf(columns, tile[1], estimate);
  const share = shareOf(outer, [...outer, ...inner], [...around, ...rows, column], around, estimate);
  const room = product([...sumRows({ around, rows, ...share }), column].map((a) => a.extent));
  const pitch = pitchOf(estimated(column.extent, estimate));
  const staged = scratch('columns', mul(product(inner.map((a) => a.extent)), length * pitch));
  const parts: CutParts = {
    shape,
    fold: sides.fold,
    around,
    rows,
    rowFactors: sides.uFactors,
    columns,
    column,
    outer,
    axis,
    base: newAxis(axis.name, axis.extent),
    ...share,
    sums: scratch('sums', room),
    lost: scratch('lost', room),
  };
  const block = (places: number): CutBlock => {
    const within = places > 1 ? newAxis(axis.name, places) : undefined;
    const over = [...(within ? [within] : []), ...inner];
    const factors = factorsIn(parts, sides.vFactors, within);
    const copy = planCopy(kind, again(over), again(columns));
    const stage: Stage = { buffer: staged, over, factors, columns, pitch, position: 0, copy };
    const made = { length: places, stage, ...(within && { inner: within }) };
    return { ...made, plan: planSums(blockSums(nest, parts, made), over, tile) };
  };
  const extent = constantOf(axis.extent);
  const left = length === 1 ? 0 : extent === undefined ? 1 : extent % length;
  return {
    kind: 'cut',
    ...parts,
    blocks: [block(length), ...(left > 0 ? [block(left)] : [])],
    empty: planNest(emptySums(nest, parts), target, estimate),
    rest: planNest(fromSums(nest, parts), target, estimate),
    text: described(parts, inner, length, tile),
  };
}

/**
 * Shares of the first axis outside of blocks. There are as many for any number of threads, so that numbers do not depend on it; sums of
 * one thread do not need them, but take next to no more time with them.
 */
function shareOf(
  [first]: readonly Axis[],
  fold: readonly Axis[],
  sums: readonly Axis[],
  around: readonly Axis[],
  estimate: Estimate,
): { readonly share?: Axis } {
  const wanted = 2 ** Math.ceil(Math.log2(enoughPieces / iterationsOf(around, estimate)));
  const most = Math.min(
    wanted,
    estimated(first.extent, estimate),
    Math.floor(iterationsOf(fold, estimate) / leastOfShare),
    Math.floor(mostSums / iterationsOf(sums, estimate)),
  );
  return most > 1 ? { share: newAxis('share', most) } : {};
}

function tileOf(u: Axis, columns: readonly Axis[], target: TargetTraits, estimate: Estimate) {
  const count = Math.ceil(iterationsOf(columns, estimate) / 4) * 4;
  return chooseTile(estimated(u.extent, estimate), count, newAxis('column', count), target);
}

/** The columns as one axis, as long as tiles of this width fill. */
function columnOf(columns: readonly Axis[], width: number, estimate: Estimate): Axis {
  const name = columns.map((a) => a.name).join('');
  return newAxis(name, Math.ceil(iterationsOf(columns, estimate) / width) * width);
}

function described(
  { column, rows, outer, around, axis, share }: CutParts,
  inner: readonly Axis[],
  length: number,
  [tileRows, tileColumns]: readonly [number, number],
): string {
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const each = around.length > 0 ? ` each ${show(around)}` : '';
  const shares = share ? `, in ${printIndex(share.extent)} shares` : '';
  return `contraction: v=${show([column])} u=${show(rows.slice(-1))} fold=${show([...outer, ...inner])}${each} tile ${tileRows}x${tileColumns}, in blocks of ${axis.name}:${length}${shares}, v side staged whole`;
}

/**
 * How the staged columns lie: as in the store, or, where their runs are short, with one that can be turned four by four as the last.
 */
function layOut(
  natural: readonly Axis[],
  sides: Sides,
  inner: readonly Axis[],
): { readonly columns: readonly Axis[]; readonly kind: CopyPlan['kind'] } {
  const last = natural[natural.length - 1];
  const along = inner.length > 0 ? vectorise(sides.vSide, inner[inner.length - 1]) : undefined;
  const turns = along !== undefined && isLanes(along);
  const run = vectorise(sides.vSide, last) !== undefined && (constantOf(last.extent) ?? 0) >= 4;
  if (run) return { columns: natural, kind: 'rows' };
  const wide = turns ? natural.findLast((a) => (constantOf(a.extent) ?? 1) % 4 === 0) : undefined;
  if (!wide) return { columns: natural, kind: 'rows' };
  return { columns: [...natural.filter((a) => a !== wide), wide], kind: 'transpose' };
}

/** Tiles of rows and columns; the columns fill them. */
function planSums(nest: Nest, over: readonly Axis[], [rows, columns]: readonly [number, number]): NestPlan {
  const mergeFolds = runs(over, addressesOf(nest));
  const folds = foldsOf(coalesceFolds(nest, mergeFolds)).flatMap((f) => f.over);
  const [column, ...others] = [...nest.axes].reverse();
  const u = others[0];
  const one = (axis: Axis): LoopPlan => ({ axis, tile: axis === u ? rows : 1, tail: 'exact' });
  return {
    kind: 'nest',
    role: 'contraction',
    shape: { split: [], axes: [], folds: [] },
    stages: [],
    mergeColumns: [],
    mergeFolds,
    loops: [{ axis: column, tile: columns, tail: 'exact', lanes: true }, ...others.reverse().map(one)],
    folds: [...new Set([...folds, ...over])],
    unrolled: [],
    foldLanes: [],
    text: '',
  };
}
