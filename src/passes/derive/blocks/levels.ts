// Into which rounds a region is cut: the loops, one inside another, and what of each axis a round has.
import { areHidden, columnsSeen, type Range } from './seen.js';
import { columns, firstShared, rows, type Exit, type Region, type Survey } from './region.js';
import { constant, constantOf, type Index } from '../../../ir/index.js';

/** Rounds of one length. */
export interface Group {
  /** How many rounds, and how many indices a round has. */
  readonly count: Index;
  readonly block: number;
  /** The first row, and the columns that are seen; absent where rounds have all rows and columns. */
  readonly part?: { readonly from: number; readonly seen: Range; readonly until?: Ends };
}

/** How many columns are seen in the first round, and how many more in each that follows. */
export interface Ends {
  readonly first: number;
  readonly each: number;
}

/** A loop along a class of axes, or several of them one after another. */
export interface Level {
  readonly along: number;
  readonly groups: readonly Group[];
}

export interface Sizes {
  /** Matrices of fewer rows or columns stay as they are. */
  readonly fewest: number;
  /** Rows of a round. */
  readonly rows: number;
  /** Is there a loop over batches and heads, so that a round works in near memory? */
  readonly apart: boolean;
}

/** Columns are left out by so many: vectors and tiles divide it. Rows of a loop whose rounds end at different columns are as many. */
const step = 32;

/** The columns that rows see. */
type Seen = (from: number, to: number) => Range;

/** Loops of different columns, at most: each is text of its own. */
const mostGroups = 4;

/** Rounds that each dispatch their kernels, at most: one for each group, so that kernels of several are gathered. */
const mostDispatched = 4;

/** Leaving columns out pays if so much of the matrix remains at most. */
const worth = 0.9;

/** The loops that compute what was surveyed. */
export function levelsOf({ seed, matrices }: Region, { exits, mixed }: Survey, sizes: Sizes): Level[] {
  const places = matrices.get(seed) ?? [];
  const sizeOf = (one: number): Index => seed.type.shape[places[one]?.axis ?? 0].size;
  const outer = places.flatMap((_, one): Level[] => {
    if (one < firstShared || mixed.has(one) || !sizes.apart) return [];
    return [{ along: one, groups: [{ count: sizeOf(one), block: 1 }] }];
  });
  const [height, width] = [rows, columns].map((one) => constantOf(sizeOf(one)) ?? 0);
  return [...outer, { along: rows, groups: groupsOf(height, width, exits, sizes) }];
}

function groupsOf(height: number, width: number, exits: readonly Exit[], sizes: Sizes): Group[] {
  const seen = (from: number, to: number): Range => columnsSeen(exits, [from, to], width, step);
  const hides = (from: number, to: number, after: number): boolean => areHidden(exits, [from, to], [after, width]);
  const ending = sizes.apart ? endingGroup(Math.floor(height / step), width, seen, hides) : undefined;
  if (ending) return withRest([ending], step * Math.floor(height / step), height, seen);
  const count = Math.ceil(height / (sizes.apart ? sizes.rows : Math.max(sizes.rows, height / mostDispatched)));
  const block = Math.min(height, 4 * Math.ceil(height / count / 4));
  const whole = Math.floor(height / block);
  const groups = seenGroups(whole, block, seen);
  const areaOf = (list: readonly Group[]): number =>
    list.reduce((sum, g) => sum + (constantOf(g.count) ?? 0) * ((g.part?.seen[1] ?? 0) - (g.part?.seen[0] ?? 0)), 0);
  const one = groupOf(0, whole, block, seen);
  return withRest(areaOf(groups) <= worth * areaOf([one]) ? groups : [one], whole * block, height, seen);
}

/** The rows that fill no block are a group of their own. */
function withRest(groups: readonly Group[], from: number, height: number, seen: Seen): Group[] {
  return from === height ? [...groups] : [...groups, groupOf(from, 1, height - from, seen)];
}

/** One loop whose rounds see columns from the first on, and as many more as the round before. */
function endingGroup(
  count: number,
  width: number,
  seen: Seen,
  hides: (from: number, to: number, after: number) => boolean,
): Group | undefined {
  if (count < 2) return undefined;
  const [[start, first], [next, second]] = [seen(0, step), seen(step, 2 * step)];
  const each = second - first;
  if (start !== 0 || next !== 0 || each <= 0 || first % step !== 0 || each % step !== 0) return undefined;
  for (let round = 2; round < count; round++) {
    const end = first + round * each;
    if (end > width || (end < width && !hides(round * step, (round + 1) * step, end))) return undefined;
  }
  const all: Range = [0, first + (count - 1) * each];
  return { count: constant(count), block: step, part: { from: 0, seen: all, until: { first, each } } };
}

function seenGroups(count: number, block: number, seen: Seen): Group[] {
  const parts = Math.min(count, mostGroups);
  return Array.from({ length: parts }, (_, i) => {
    const [from, to] = [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)];
    return groupOf(from * block, to - from, block, seen);
  });
}

function groupOf(from: number, count: number, block: number, seen: Seen): Group {
  return {
    count: constant(count),
    block,
    part: { from, seen: seen(from, from + count * block) },
  };
}
