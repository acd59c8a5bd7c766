// Into which rounds a region is cut: the loops, one inside another, and what of each axis a round has.
import { columnsSeen, type Range } from './seen.js';
import { columns, firstShared, rows, type Exit, type Region, type Survey } from './region.js';
import { constant, constantOf, type Index } from '../../../ir/index.js';

/** Rounds of one length. */
export interface Group {
  /** By class of the level: how many rounds, and how many indices a round has. */
  readonly counts: readonly Index[];
  readonly blocks: readonly number[];
  /** The first row, and the columns that are seen; absent where rounds have all rows and columns. */
  readonly part?: { readonly from: number; readonly seen: Range };
}

/** A loop along some classes, or several of them one after another. */
export interface Level {
  readonly classes: readonly number[];
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

/** Columns are left out by so many. */
const step = 32;

/** Loops of different columns, at most: each is text of its own. */
const mostGroups = 4;

/** Leaving columns out pays if so much of the matrix remains at most. */
const worth = 0.9;

/** The loops that compute what was surveyed. */
export function levelsOf({ seed, matrices }: Region, { exits, mixed }: Survey, sizes: Sizes): Level[] {
  const places = matrices.get(seed) ?? [];
  const sizeOf = (one: number): Index => seed.type.shape[places[one]?.axis ?? 0].size;
  const shared = places.flatMap((_, one) => (one >= firstShared && !mixed.has(one) && sizes.apart ? [one] : []));
  const outer = together(shared, exits).map((classes): Level => ({
    classes,
    groups: [{ counts: classes.map(sizeOf), blocks: classes.map(() => 1) }],
  }));
  const [height, width] = [rows, columns].map((one) => constantOf(sizeOf(one)) ?? 0);
  return [...outer, { classes: [rows], groups: groupsOf(height, width, exits, sizes) }];
}

/** Classes in one loop, unless something is a sum over some of them. */
function together(shared: readonly number[], exits: readonly Exit[]): number[][] {
  const isOne = exits.every(({ folded }) => shared.every((one) => folded.has(one) === folded.has(shared[0])));
  if (shared.length === 0) return [];
  return isOne && process.env.ONE ? [[...shared]] : shared.map((one) => [one]);
}

function groupsOf(height: number, width: number, exits: readonly Exit[], sizes: Sizes): Group[] {
  const count = Math.ceil(height / sizes.rows);
  const block = Math.min(height, 4 * Math.ceil(height / count / 4));
  const whole = Math.floor(height / block);
  const seen = (from: number, to: number): Range => columnsSeen(exits, [from, to], width, step);
  const rest = height - whole * block;
  const groups = seenGroups(whole, block, seen);
  const areaOf = (list: readonly Group[]): number =>
    list.reduce(
      (sum, g) => sum + (constantOf(g.counts[0]) ?? 0) * ((g.part?.seen[1] ?? 0) - (g.part?.seen[0] ?? 0)),
      0,
    );
  const one = groupOf(0, whole, block, seen);
  const chosen = areaOf(groups) <= worth * areaOf([one]) ? groups : [one];
  return rest === 0 ? chosen : [...chosen, groupOf(whole * block, 1, rest, seen)];
}

function seenGroups(count: number, block: number, seen: (from: number, to: number) => Range): Group[] {
  const parts = Math.min(count, mostGroups);
  return Array.from({ length: parts }, (_, i) => {
    const [from, to] = [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)];
    return groupOf(from * block, to - from, block, seen);
  });
}

function groupOf(from: number, count: number, block: number, seen: (from: number, to: number) => Range): Group {
  return {
    counts: [constant(count)],
    blocks: [block],
    part: { from, seen: seen(from, from + count * block) },
  };
}
