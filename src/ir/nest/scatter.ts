// Scatter-add: out[ids[i]] += term(i), as in the gradient of a table, in place of a sum over all terms for every row.
import { constantOf, type Axis, type Index } from '../index.js';
import type { Nest } from '../program.js';
import { apply, indexValue, number, type Buffer, type Scalar } from '../scalar.js';
import { loadsOf } from './traverse.js';
import { hasFold } from '../walk.js';
import { factorsOf } from './contraction.js';
import { axesOfValue } from './strides.js';

/** Of one row all terms are. */
export const fewestRows = 2;

/** to[at] = Σ over `over` of f32(ids == row) · value, where ids are known to be rows. */
export interface Scatter {
  readonly to: Buffer;
  readonly at: Index;
  readonly over: readonly Axis[];
  readonly row: Axis;
  readonly ids: Scalar;
  readonly value: Scalar;
}

export function scatterOf({ axes, stores: [store, ...more] }: Nest): Scatter | undefined {
  const { to, at, value: sum } = store;
  if (more.length > 0 || sum.kind !== 'fold' || sum.type !== 'f32') return undefined;
  const factors = factorsOf(sum);
  for (const factor of factors) {
    const choice = choiceOf(factor, axes);
    if (!choice) continue;
    const { row, ids } = choice;
    const [first = number(1), ...others] = factors.filter((f) => f !== factor);
    const value = others.reduce((all, f) => apply('mul', all, f), first);
    const rows = constantOf(row.extent) ?? 0;
    const known = ids.below !== undefined && ids.below <= rows && rows >= fewestRows;
    const [chosen, added] = [ids, value].map((v) => axesOfValue(v));
    const free = !added.has(row) && !axes.some((a) => chosen.has(a)) && !hasFold(sum.body);
    if (known && free && !loadsOf(sum).some((l) => l.from === to)) return { to, at, over: sum.over, row, ids, value };
  }
  return undefined;
}

/** f32(ids == row), of one of the axes. */
function choiceOf(factor: Scalar, axes: readonly Axis[]): { readonly row: Axis; readonly ids: Scalar } | undefined {
  if (factor.kind !== 'apply' || factor.op !== 'f32') return undefined;
  const [test] = factor.args;
  if (test.kind !== 'apply' || test.op !== 'eq') return undefined;
  const row = axes.find((a) => test.args.some((arg) => arg.key === indexValue(a).key));
  const ids = test.args.find((arg) => arg.kind === 'load');
  return row && ids && { row, ids };
}
