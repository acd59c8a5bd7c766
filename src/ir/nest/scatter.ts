// Scatter-add: out[ids[p]] += term(p) for each p, rather than a sum over all p for every row.
import { constantOf, type Axis, type Index } from '../index.js';
import type { Nest } from '../program.js';
import { indexValue, number, type Buffer, type Scalar } from '../scalar.js';
import { loadsOf } from '../loads.js';
import { axesOfValue } from './strides.js';

/** to[at] = Σ over `over` of (if ids == row then value else 0), where ids are known to be rows. */
export interface Scatter {
  readonly to: Buffer;
  readonly at: Index;
  readonly over: readonly Axis[];
  readonly row: Axis;
  readonly ids: Scalar;
  readonly value: Scalar;
}

/** What a nest scatters: its value is an element of scatterAdd, or a count of what one_hot chooses. */
export function scatterOf({ axes, stores: [store, ...more] }: Nest): Scatter | undefined {
  const { to, at, value: sum } = store;
  if (more.length > 0 || sum.kind !== 'fold' || sum.op !== 'add' || sum.type !== 'f32') return undefined;
  const term = termOf(sum.body);
  const choice = term && choiceOf(term.chosen, axes);
  if (!choice) return undefined;
  const { row, ids } = choice;
  const known = ids.below !== undefined && ids.below <= (constantOf(row.extent) ?? 0);
  const [chosen, added] = [ids, term.value].map((v) => axesOfValue(v));
  const free = !added.has(row) && !axes.some((a) => chosen.has(a)) && !sum.body.folds;
  if (!known || !free || loadsOf(sum).some((l) => l.from === to)) return undefined;
  return { to, at, over: sum.over, row, ids, value: term.value };
}

/** The condition and the value of `if chosen then value else 0`; f32(chosen) is 1 where it holds. */
function termOf(body: Scalar): { readonly chosen: Scalar; readonly value: Scalar } | undefined {
  if (body.kind !== 'apply') return undefined;
  if (body.op === 'f32') return { chosen: body.args[0], value: number(1) };
  if (body.op !== 'select' || body.args[2].key !== number(0).key) return undefined;
  return { chosen: body.args[0], value: body.args[1] };
}

/** ids == row, of one of the axes. */
function choiceOf(test: Scalar, axes: readonly Axis[]): { readonly row: Axis; readonly ids: Scalar } | undefined {
  if (test.kind !== 'apply' || test.op !== 'eq') return undefined;
  const row = axes.find((a) => test.args.some((arg) => arg.key === indexValue(a).key));
  const ids = test.args.find((arg) => arg.kind === 'load');
  return row && ids && { row, ids };
}
