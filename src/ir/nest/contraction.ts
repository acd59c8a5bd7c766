// Folds of products: their factors, and which axes each of those moves with.
import { axesOf, type Axis } from '../index.js';
import type { Nest } from '../program.js';
import { apply, type Scalar } from '../scalar.js';
import { loadsOf } from '../loads.js';
import { foldsOf as outerFolds } from './traverse.js';

/** The factors of a fold's body. */
export function factorsOf(f: Scalar & { kind: 'fold' }): Scalar[] {
  const split = (value: Scalar): Scalar[] =>
    value.kind === 'apply' && value.op === 'mul' ? value.args.flatMap(split) : [value];
  return f.op === 'add' ? split(f.body) : [f.body];
}

/** The product of the factors, from the left. */
export function productOf(factors: readonly Scalar[]): Scalar {
  return factors.reduce((x, y) => apply('mul', x, y));
}

/**
 * A contraction is a fold of a product in which two factors each lack an output axis of their own: it wants tiles, not rows.
 * A row sum, or a product with a vector, is not one.
 */
export function isContraction(nest: Nest): boolean {
  return nest.stores.some((store) =>
    outerFolds(store.value).some((f) => {
      if (f.op !== 'add') return false;
      const factors = factorsOf(f).map(axesOfLoads);
      const lacking = factors.map((used) => nest.axes.filter((a) => !used.has(a)));
      return lacking.some((l, i) =>
        l.some((a) => lacking.some((m, j) => j !== i && m.some((b) => b !== a && !l.includes(b) && !m.includes(a)))),
      );
    }),
  );
}

/** Tiles share what is loaded: a factor of coordinates alone, such as a one_hot, moves with nothing. */
function axesOfLoads(value: Scalar): Set<Axis> {
  const used = new Set<Axis>();
  for (const { at } of loadsOf(value)) axesOf(at, used);
  return used;
}
