// What plan decides about a nest, and lower obeys.
import type { Axis, Index } from '../index.js';
import type { AnyNest } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';

/**
 * How a loop over an axis with a tile ends: `overlap`: the last tile starts at extent - tile (stores are made twice, so they must not
 * depend on what they overwrite); `exact`: a rest of its own. Where the tile divides the extent there is no tail.
 */
export type Tail = 'overlap' | 'exact';

export interface LoopPlan {
  /** A blocked axis has an outer loop over blocks and an inner one over tiles. */
  readonly axis: Axis;
  /** How many indices of the axis one round of the loop computes; the whole extent: no loop. */
  readonly tile: number;
  readonly tail: Tail;
  /** The indices of a tile are taken four at a time, where the values allow it. */
  readonly lanes?: true;
  /** Lanes are also put together from elements that are near each other. */
  readonly packs?: true;
}

/** One axis as two: axis = by · outer + inner, so that a quotient by `by` is an axis. */
export interface Split {
  readonly axis: Axis;
  readonly by: Index;
  readonly outer: Axis;
  readonly inner: Axis;
}

/** Neighbouring axes as one: the last varies fastest. */
export interface Coalesce {
  readonly axes: readonly Axis[];
  readonly into: Axis;
}

/** The indices base … base + width - 1 of an axis. `all`: the buffer holds every tile, one after another, each as [fold][width]. */
export interface StageTile {
  readonly axis: Axis;
  /** Stands for the tile's first index in the stage's addresses. */
  readonly base: Axis;
  readonly width: number;
  readonly all: boolean;
  /** The buffer holds the tiles of so many indices one after another; `base` stands for the first of these indices. */
  readonly block?: { readonly base: Axis; readonly width: number };
  readonly tail: Tail;
}

/** Factors of a fold's body, evaluated into a buffer ahead of the loops that read them, and loaded from there. */
export interface Stage {
  readonly buffer: Buffer;
  /** The axes of the fold, outermost first. */
  readonly over: readonly Axis[];
  readonly factors: readonly Scalar[];
  /** Axes of the nest that the buffer covers whole, outermost first; or the indices of one tile of an axis. */
  readonly columns: readonly Axis[];
  readonly tile?: StageTile;
  /** Buffer[fold][columns], rows this far apart. */
  readonly pitch: number;
  /**
   * How many loops are open where it is written. Invariant: of the axes that the factors mention, these loops bind all but the columns,
   * one index at a time.
   */
  readonly position: number;
  readonly copy: CopyPlan;
}

/** How a stage's buffer is filled: by a nest over axes of its own. */
export interface CopyPlan {
  /** rows: fold axes outside, columns in lanes inside; columnsFirst: the other way round, element by element; transpose: in blocks of 4×4. */
  readonly kind: 'transpose' | 'rows' | 'columnsFirst';
  /** The copy's axes for those of the fold, and for the columns or the one tile. */
  readonly over: readonly Axis[];
  readonly columns: readonly Axis[];
  /** Outermost first. */
  readonly loops: readonly LoopPlan[];
}

/** How a nest's axes change before anything else. */
export interface Shape {
  readonly split: readonly Split[];
  readonly axes: readonly Coalesce[];
  readonly folds: readonly Coalesce[];
  /** Axes taken apart after that, so that what is staged of the inner ones stays in the cache. */
  readonly blocks?: readonly Split[];
}

/**
 * Index-set splitting: an axis between whose comparisons nothing changes, run by run of its indices. What a comparison guards is then
 * certain in each stretch, which may have lanes where the whole has none.
 */
export interface Stretches {
  readonly axis: Axis;
  /** Ascending: a stretch ends where the next one begins. */
  readonly parts: readonly Stretch[];
}

export interface Stretch {
  /** The first index of the axis, and an axis over so many from there. */
  readonly from: number;
  readonly within: Axis;
  /** Of the nest over `within` and the axes that vary faster. */
  readonly plan: NestPlan;
}

export interface NestPlan {
  readonly kind: 'nest';
  readonly role: 'elementwise' | 'reduction' | 'contraction' | 'scalar';
  /** First of all, in this order: axes of the nest and of folds taken apart, then put together. */
  readonly shape: Shape;
  readonly stages: readonly Stage[];
  /** After staging: columns that a stage has made one run, and fold axes of the staged form. */
  readonly mergeColumns: readonly Coalesce[];
  readonly mergeFolds: readonly Coalesce[];
  /** Every axis of the nest after coalescing, outermost first; without those that go over stretches. */
  readonly loops: readonly LoopPlan[];
  /** Within the loops: the nest in stretches. */
  readonly stretches?: Stretches;
  /** Fold axes, outermost first; those that are written out whole; those taken four at a time where they are innermost. */
  readonly folds: readonly Axis[];
  readonly unrolled: readonly Axis[];
  readonly foldLanes: readonly Axis[];
  readonly text: string;
}

export interface RowsPlan {
  readonly kind: 'rows';
  readonly parts: readonly NestPlan[];
  readonly text: string;
}

/** Terms are added to the rows that integers choose, after those have been set to zero. */
export interface ScatterPlan {
  readonly kind: 'scatter';
  /** First of all. */
  readonly shape: Shape;
  /** The axes of the nest but for the rows, outermost first. */
  readonly loops: readonly LoopPlan[];
  /** What each index of a run of columns has lost of many terms: lost[row][column of the run]. */
  readonly lost: Buffer;
  /** Where rows are positions: the last one of each index. Only what indices name is written, and read. */
  readonly last?: Buffer;
  readonly text: string;
}

/** Blocks of one length of a fold that is cut. */
export interface CutBlock {
  /** How many indices of the cut axis are one block; the axis over them, absent where it is one. */
  readonly length: number;
  readonly inner?: Axis;
  /** The columns of a block, staged whole. */
  readonly stage: Stage;
  /** How its sums are made and added to those before. */
  readonly plan: NestPlan;
}

/** What a contraction whose fold is cut is made of. */
export interface CutParts {
  /** First of all. */
  readonly shape: Shape;
  readonly fold: Scalar & { readonly kind: 'fold' };
  /** Loops around everything: axes of the nest that are neither rows nor columns here. */
  readonly around: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly rowFactors: readonly Scalar[];
  /** The staged columns, in the order in which they lie in the buffers, and one axis over them, padded to whole tiles. */
  readonly columns: readonly Axis[];
  readonly column: Axis;
  /** Axes of the fold outside of blocks, the last of which is cut; and what stands for a block's first index of that. */
  readonly outer: readonly Axis[];
  readonly axis: Axis;
  readonly base: Axis;
  /** Where loops around keep few threads busy: shares of the first of `outer`, each with sums of its own, which are added up at the end. */
  readonly share?: Axis;
  /** [rows][column], where there are shares [share][around][rows][column]: sums of the blocks so far, and what those have lost. */
  readonly sums: Buffer;
  readonly lost: Buffer;
}

/**
 * A contraction of which neither the columns lie as the store wants them, nor is the fold short enough to stage them at once: sums of
 * blocks of the fold, each staged, are added up in a buffer, and the rest of the value is made from that.
 */
export interface CutPlan extends CutParts {
  readonly kind: 'cut';
  /** Blocks of the planned length, and then of what that leaves. */
  readonly blocks: readonly CutBlock[];
  readonly empty: NestPlan;
  readonly rest: NestPlan;
  readonly text: string;
}

/** The indices of one axis are made one from another. */
export interface OrderedPlan {
  readonly kind: 'ordered';
  /** Axes around the ordered one, outermost first. */
  readonly outer: readonly Axis[];
  /** Where axes vary faster than it: how each round goes over them. */
  readonly rounds?: { readonly first: NestPlan; readonly next: NestPlan };
  readonly text: string;
}

export type Plan = NestPlan | RowsPlan | ScatterPlan | CutPlan | OrderedPlan;

/** How the threads of one workgroup compute a part: each folds a share, of which there is a total; or each takes elements in turn. */
export interface SharedPart {
  readonly kind: 'shares' | 'places';
  /** Its loops say which indices are neighbours: the last axis varies fastest. */
  readonly plan: NestPlan;
}

/** How the work of a nest is given to threads, on targets with workgroups. */
export type WorkPlan =
  /** A thread for each element of a nest, or for each row; `threads` of them in a workgroup. */
  | {
      readonly kind: 'threads';
      readonly threads: number;
      readonly parts: readonly NestPlan[];
      /** The innermost axis of a nest, where a thread takes four neighbours along it at once. */
      readonly quads?: Axis;
      readonly text: string;
    }
  /** A workgroup for each row, or for each element of a reduction. */
  | {
      readonly kind: 'groups';
      readonly threads: number;
      readonly parts: readonly SharedPart[];
      /** Where what one row holds for itself lies: in the workgroup's memory, or for all rows in the arena. */
      readonly local: 'workgroup' | 'scratch';
      readonly text: string;
    }
  /** A thread for each index of these axes, which goes along the ordered one; or a workgroup, whose threads have a stretch of it each. */
  | {
      readonly kind: 'ordered';
      readonly threads: number;
      readonly axes: readonly Axis[];
      readonly by: 'thread' | 'workgroup';
      readonly text: string;
    }
  | ScatterThreads
  | TilePlan;

/**
 * Runs of rows at each index of the columns: threads that have a share of the terms each add up those of the run's rows, in the workgroup's
 * memory, and then what their shares come to.
 */
export interface ScatterThreads {
  readonly kind: 'scatter';
  /** First of all. */
  readonly shape: Shape;
  readonly threads: number;
  /** The axes of the nest but for the rows, the last of which varies fastest. */
  readonly columns: readonly Axis[];
  /** How many rows a run has, and how many threads share it: a divisor of `threads`. */
  readonly rows: number;
  readonly shares: number;
  readonly text: string;
}

/** A nest with what plan decided about it: all that lower reads. */
export type PlannedNest =
  | { readonly kind: 'serial'; readonly nest: AnyNest; readonly plan: Plan }
  /** On targets with workgroups. */
  | { readonly kind: 'workgroups'; readonly nest: AnyNest; readonly plan: WorkPlan };

/** One side of a contraction: axes of the result that it alone mentions, outermost first. */
export interface TileSide {
  readonly axes: readonly Axis[];
  readonly factors: readonly Scalar[];
  /** Which four numbers are staged as one, and neighbouring ones by neighbouring threads: neighbours along the fold, or along the side. */
  readonly along: 'fold' | 'side';
  /** They are also loaded as one. */
  readonly quads: boolean;
}

/** A contraction of which each workgroup makes a tile, staging both sides in its memory block by block of the fold. */
export interface TilePlan {
  readonly kind: 'tiles';
  /** First of all. */
  readonly shape: Shape;
  readonly sides: {
    readonly fold: Scalar & { readonly kind: 'fold' };
    readonly rows: TileSide;
    readonly columns: TileSide;
    /** Axes that both sides mention, or neither. */
    readonly batch: readonly Axis[];
  };
  /** Fold axes, outermost first. */
  readonly order: readonly Axis[];
  readonly threads: { readonly down: number; readonly across: number };
  /** Elements of the tile that a thread makes: multiples of four. */
  readonly block: { readonly rows: number; readonly columns: number };
  /** How much of the fold is staged at once: a multiple of four. */
  readonly depth: number;
  /** Four neighbouring columns are stored as one. */
  readonly quads: boolean;
  readonly text: string;
}
