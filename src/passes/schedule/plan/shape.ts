// Which axes are taken apart and put together before anything else is decided: loops over what every access sees alike.
import { axesOf, axis as newAxis, constantOf, div, mod, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { coalesced, reshape } from '../../../ir/nest/reshape.js';
import { addressesOf, dense, foldsOf } from '../../../ir/nest/strides.js';
import type { Coalesce, Shape, Split } from '../../../ir/nest/plans.js';

/** Shorter runs are not worth a loop of their own. */
const shortestRun = 4;

export function chooseShape(nest: Nest): Shape {
  const split = chooseSplits(nest, shortestRun);
  const apart = reshape(nest, { split, axes: [], folds: [] });
  const axes = runs(apart.axes, addressesOf(apart));
  const joined = reshape(apart, { split: [], axes, folds: [] });
  const addresses = addressesOf(joined);
  const seen = new Set<string>();
  const folds = foldsOf(joined).flatMap((f) => {
    const key = f.over.map((a) => a.id).join();
    if (seen.has(key)) return [];
    seen.add(key);
    return runs(f.over, addresses);
  });
  return { split, axes, folds };
}

/** Neighbours that are one dense run in every address. */
export function runs(axes: readonly Axis[], addresses: readonly Index[]): Coalesce[] {
  const groups: Axis[][] = [];
  for (const axis of axes) {
    const before = groups[groups.length - 1];
    const last = before?.[before.length - 1];
    if (last && dense(addresses, last, axis)) before.push(axis);
    else groups.push([axis]);
  }
  return groups.filter((g) => g.length > 1).map(coalesced);
}

/** Axes of which few neighbours are alike under a quotient: written out, each of those knows which windows hold it. */
export function phasesOf(nest: Nest): Split[] {
  return chooseSplits(nest, 2).filter(({ by }) => (constantOf(by) ?? Infinity) < shortestRun);
}

/** `shortest`: the least divisor that is worth a loop. */
function chooseSplits(nest: Nest, shortest: number): Split[] {
  const splits: Split[] = [];
  let apart = nest;
  for (let round = 0; round < 8; round++) {
    const split = findSplit(apart, shortest);
    if (!split) break;
    splits.push(split);
    apart = reshape(apart, { split: [split], axes: [], folds: [] });
  }
  return splits;
}

/** An axis that stands alone under a quotient, by the least divisor. The row around a part is not the part's to take apart. */
function findSplit(nest: Nest, shortest: number): Split | undefined {
  const own = new Set([...nest.axes, ...foldsOf(nest).flatMap((f) => f.over)]);
  let best: { axis: Axis; by: Index } | undefined;
  for (const address of addressesOf(nest))
    for (const term of address.terms)
      for (const part of term.atoms) {
        if (part.kind !== 'quotient' || axesOf(part.by).size > 0) continue;
        const [only, ...more] = part.of.terms;
        const [axis] = only.atoms;
        const alone = more.length === 0 && only.factor === 1 && only.atoms.length === 1 && axis.kind === 'axis';
        if (!alone || !own.has(axis) || constantOf(mod(axis.extent, part.by)) !== 0) continue;
        const by = constantOf(part.by);
        if (by !== undefined && by < shortest) continue;
        if (!best || (by ?? Infinity) < (constantOf(best.by) ?? Infinity)) best = { axis, by: part.by };
      }
  if (!best) return undefined;
  const { axis, by } = best;
  const outer = newAxis(`${axis.name}0`, div(axis.extent, by));
  return { axis, by, outer, inner: newAxis(`${axis.name}1`, by) };
}
