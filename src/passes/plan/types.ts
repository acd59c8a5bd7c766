// What plan decides about a nest, and lower obeys.
import type { Axis, Index } from '../../ir/index.js';
import type { AnyNest, ExplicitNest, Nest, Rows } from '../../ir/program.js';

/**
 * How a loop over an axis with a tile ends: `even`: the tile divides the extent; `overlap`: the last tile starts at extent - tile (stores are made twice,
 * so they must not depend on what they overwrite); `exact`: a rest, one by one.
 */
export type Tail = 'even' | 'overlap' | 'exact';

export interface LoopPlan {
  readonly axis: Axis;
  /** How many places of the axis one round of the loop computes; the whole extent: no loop. */
  readonly tile: number;
  readonly tail: Tail;
}

/** Neighbouring axes as one: the last varies fastest. */
export interface Coalesce {
  readonly axes: readonly Axis[];
  readonly into: Axis;
}

export interface NestPlan {
  readonly kind: 'nest';
  readonly role: 'elementwise' | 'reduction' | 'contraction' | 'scalar';
  readonly coalesce: readonly Coalesce[];
  /** Every axis of the nest after coalescing, outermost first. */
  readonly loops: readonly LoopPlan[];
  /** Fold axes, outermost first, and those that are written out whole. */
  readonly folds: readonly Axis[];
  readonly unrolled: readonly Axis[];
  readonly text: string;
}

export interface RowsPlan {
  readonly kind: 'rows';
  readonly parts: readonly NestPlan[];
  readonly text: string;
}

export interface ExplicitPlan {
  readonly kind: 'explicit';
  readonly text: string;
}

export type Plan = NestPlan | RowsPlan | ExplicitPlan;

/** A run-time size, as plan may assume it for costs. */
export type Estimate = (size: string) => number;

export type { AnyNest, ExplicitNest, Index, Nest, Rows };
