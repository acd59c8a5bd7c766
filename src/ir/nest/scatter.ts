// Scatter-add: out[ids[p]] += term(p) for each p, rather than a sum over all p for every row.
import { constantOf, toIndex, type Axis, type Index } from '../index.js';
import type { Nest } from '../program.js';
import { indexValue, number, type Buffer, type Scalar } from '../scalar.js';
import { loadsOf } from '../loads.js';
import { specialise } from './specialise.js';
import { axesOfValue } from './strides.js';

/** to[at] = Σ over `over` of (if ids == row then value else 0), where ids are known to be rows. */
export interface Scatter {
  readonly to: Buffer;
  readonly at: Index;
  readonly over: readonly Axis[];
  readonly row: Axis;
  readonly ids: Scalar;
  readonly value: Scalar;
  /**
   * Where rows are positions: to[at] = Σ (if ids == its own then value else 0), `ids` at its own position. All positions of one index have
   * the sum.
   */
  readonly own?: Scalar;
}

/** What a nest scatters: its value is an element of scatterAdd or of sumAlike, or a count of what one_hot chooses. */
export function scatterOf({ axes, stores: [store, ...more] }: Nest): Scatter | undefined {
  const { to, at, value: sum } = store;
  if (more.length > 0 || sum.kind !== 'fold' || sum.op !== 'add' || sum.type !== 'f32') return undefined;
  const term = termOf(sum.body);
  const choice = term && (choiceOf(term.chosen, axes) ?? alikeOf(term.chosen, axes, sum.over));
  if (!choice) return undefined;
  const { row, ids, own } = choice;
  const known = ids.below !== undefined && (own !== undefined || ids.below <= (constantOf(row.extent) ?? 0));
  const [chosen, added] = [ids, term.value].map((v) => axesOfValue(v));
  const free = !added.has(row) && !axes.some((a) => chosen.has(a)) && !sum.body.folds;
  if (!known || !free || loadsOf(sum).some((l) => l.from === to)) return undefined;
  return { to, at, over: sum.over, row, ids, value: term.value, ...(own && { own }) };
}

/** The condition and the value of `if chosen then value else 0`; f32(chosen) is 1 where it holds. */
function termOf(body: Scalar): { readonly chosen: Scalar; readonly value: Scalar } | undefined {
  if (body.kind !== 'apply') return undefined;
  if (body.op === 'f32') return { chosen: body.args[0], value: number(1) };
  if (body.op !== 'select' || body.args[2].key !== number(0).key) return undefined;
  return { chosen: body.args[0], value: body.args[1] };
}

type Choice = Pick<Scatter, 'row' | 'ids' | 'own'>;

/** ids == row, of one of the axes. */
function choiceOf(test: Scalar, axes: readonly Axis[]): Choice | undefined {
  if (test.kind !== 'apply' || test.op !== 'eq') return undefined;
  const row = axes.find((a) => test.args.some((arg) => arg.key === indexValue(a).key));
  const ids = test.args.find((arg) => arg.kind === 'load');
  return row && ids && { row, ids };
}

/** ids[over] == ids[row], of one of the axes: the same numbers at two positions. */
function alikeOf(test: Scalar, axes: readonly Axis[], [over, ...more]: readonly Axis[]): Choice | undefined {
  if (test.kind !== 'apply' || test.op !== 'eq' || more.length > 0) return undefined;
  const ids = test.args.find((arg) => arg.kind === 'load' && axesOfValue(arg).has(over));
  const own = test.args.find((arg) => arg !== ids);
  if (!ids || own?.kind !== 'load') return undefined;
  const row = axes.find((axis) => axesOfValue(own).has(axis));
  if (!row || row.extent.key !== over.extent.key) return undefined;
  const there = specialise(ids, (part) => (part === over ? toIndex(row) : undefined));
  return there.key === own.key ? { row, ids, own } : undefined;
}
