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

/** Is it a contraction: a sum of products, of whose factors one lacks an axis of the result that another has, and is read again along it? */
export function isContraction(nest: Nest): boolean {
  return readAgain(nest).some((lacking) => lacking.some((axes) => axes.size > 0));
}

/**
 * Is it a contraction of which two factors each lack an axis that the other has, as those of two matrices do? It wants tiles, not rows;
 * a product with a vector reads only that again.
 */
export function isMatrixProduct(nest: Nest): boolean {
  return readAgain(nest).some((lacking) =>
    lacking.some((l, i) => lacking.some((m, j) => j !== i && !isSubset(l, m) && !isSubset(m, l))),
  );
}

/** For each sum of products, and each factor, the axes of the result that it lacks and another factor has. */
function readAgain({ axes, stores }: Nest): ReadonlySet<Axis>[][] {
  const sums = stores.flatMap((store) => outerFolds(store.value)).filter((f) => f.op === 'add');
  return sums.map((f) => {
    const used = factorsOf(f).map(axesOfLoads);
    return used.map((own) => new Set(axes.filter((a) => !own.has(a) && used.some((other) => other.has(a)))));
  });
}

function isSubset(a: ReadonlySet<Axis>, b: ReadonlySet<Axis>): boolean {
  return [...a].every((x) => b.has(x));
}

/** Tiles share what is loaded: a factor of coordinates alone, such as a one_hot, moves with nothing. */
function axesOfLoads(value: Scalar): Set<Axis> {
  const used = new Set<Axis>();
  for (const { at } of loadsOf(value)) axesOf(at, used);
  return used;
}
