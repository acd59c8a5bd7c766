// The sides of a contraction: which factors of a fold's body each axis moves.
import type { Axis } from '../index.js';
import type { Nest } from '../program.js';
import type { Scalar } from '../scalar.js';
import { factorsOf, productOf } from './contraction.js';
import { axesOfValue, foldsOf, strideOfStore } from './strides.js';
import { costOf } from './cost.js';
import type { Estimate } from './sizes.js';

export interface Sides {
  readonly fold: Scalar & { kind: 'fold' };
  /** The axis of lanes: that of stride 1 in the store, unless another one was asked for. */
  readonly v: Axis;
  /** The factors that mention v, and the others; each side as one product. */
  readonly vFactors: readonly Scalar[];
  readonly uFactors: readonly Scalar[];
  readonly vSide: Scalar;
  readonly uSide: Scalar;
  /** Axes of the nest that only the v side mentions, only the u side, and both. */
  readonly columns: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly batch: readonly Axis[];
}

/**
 * The sides of the nest's dearest fold, where it is a product that rows and columns share; else undefined. `lanes`: the axis of lanes,
 * where the store of it is not to decide.
 */
export function sidesOf(nest: Nest, estimate: Estimate, lanes?: Axis): Sides | undefined {
  const v = lanes ?? nest.axes.find((a) => nest.stores.every((s) => strideOfStore(s, a) === 1));
  const folds = foldsOf(nest).filter((f) => f.op === 'add' && !f.body.folds && factorsOf(f).length > 1);
  const [fold] = folds.sort((a, b) => costOf([b], estimate) - costOf([a], estimate));
  if (!fold || !v) return undefined;
  const factors = factorsOf(fold);
  const vFactors = factors.filter((f) => axesOfValue(f).has(v));
  const uFactors = factors.filter((f) => !vFactors.includes(f));
  if (vFactors.length === 0 || uFactors.length === 0) return undefined;
  const [vSide, uSide] = [productOf(vFactors), productOf(uFactors)];
  const [inV, inU] = [axesOfValue(vSide), axesOfValue(uSide)];
  return {
    fold,
    v,
    vFactors,
    uFactors,
    vSide,
    uSide,
    columns: nest.axes.filter((a) => inV.has(a) && !inU.has(a)),
    rows: nest.axes.filter((a) => inU.has(a) && !inV.has(a)),
    batch: nest.axes.filter((a) => inU.has(a) === inV.has(a)),
  };
}
