// Folds that the threads of a workgroup do together: each a share of the values, then a tree in the workgroup's memory.
import { add, constantOf, toIndex, type Axis } from '../../ir/index.js';
import type { Nest } from '../../ir/program.js';
import { apply, foldIdentity, load, number, type Buffer, type Scalar } from '../../ir/scalar.js';
import { reshape } from '../plan/reshape.js';
import { foldsOf } from '../plan/strides.js';
import type { NestPlan } from '../plan/types.js';
import { accumulatorName } from './folds.js';
import { writeLets } from './lets.js';
import type { Places } from './loops.js';
import { writeNest } from './nest.js';
import { bindAxes, together } from './places.js';
import { specialise } from './specialise.js';
import { rebuild } from './walk.js';
import type { Writer } from './writer.js';

type Fold = Scalar & { readonly kind: 'fold' };

interface Shared {
  readonly fold: Fold;
  readonly buffer: Buffer;
}

/** One place of a nest, its axes bound by `outer`; thread 0 stores it. Returns the buffers of the trees. */
export function writeShares(
  writer: Writer,
  nest: Nest,
  plan: NestPlan,
  outer: ReadonlyMap<Axis, Places>,
  thread: Axis,
): Buffer[] {
  const shaped = reshape(nest, plan.shape);
  const replace = (part: { kind: string }) => outer.get(part as Axis)?.base;
  const bound = {
    ...shaped,
    axes: [],
    stores: shaped.stores.map((s) => ({ ...s, value: specialise(s.value, replace) })),
  };
  const folds = [...new Map(foldsOf(bound).map((f) => [f.key, f])).values()];
  const shared: Shared[] = [];
  for (const group of sameExtents(folds)) shared.push(...writeShare(writer, group, plan, thread));
  writeTree(writer, shared, thread);
  // What is left of the values reads the sums.
  const sums = new Map(shared.map(({ fold, buffer }) => [fold.key, load(buffer, toIndex(0))]));
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => rebuild(value, memo, visit, (v) => sums.get(v.key));
  const rest = {
    ...shaped,
    axes: [],
    stores: bound.stores.map((s, i) => ({ to: s.to, at: shaped.stores[i].at, value: visit(s.value) })),
  };
  writer.open();
  for (const { buffer } of shared) writer.pins.set(buffer, writer.depth);
  writeNest(writer, rest, { ...plan, shape: { split: [], axes: [], folds: [] }, loops: [] }, outer);
  const body = writer.close();
  writer.push({ kind: 'if', less: [toIndex(thread), toIndex(1)], then: body, else: [] });
  return shared.map(({ buffer }) => buffer);
}

function sameExtents(folds: readonly Fold[]): Fold[][] {
  const groups = new Map<string, Fold[]>();
  for (const fold of folds) {
    const key = fold.over.map((a) => a.extent.key).join();
    groups.set(key, [...(groups.get(key) ?? []), fold]);
  }
  return [...groups.values()];
}

/** One loop in which every thread folds each so many-th value, and stores what it has. */
function writeShare(writer: Writer, folds: readonly Fold[], plan: NestPlan, thread: Axis): Shared[] {
  const level = writer.depth;
  const accumulators = folds.map((f) =>
    writer.let(level, accumulatorName(f.op, ''), number(foldIdentity(f.op, f.type), f.type), true),
  );
  const [{ over }] = folds;
  const order = [...plan.folds.filter((a) => over.includes(a)), ...over.filter((a) => !plan.folds.includes(a))];
  const [counter] = writer.open(together(order));
  const places = bindAxes(writer, order, counter);
  const bodies = folds.map((f) =>
    specialise(f.body, (part) => {
      const position = part.kind === 'axis' ? f.over.indexOf(part) : -1;
      return position < 0 ? undefined : places.get(over[position])?.base;
    }),
  );
  const values = writeLets(writer, bodies, new Set());
  folds.forEach(({ op }, i) => {
    const accumulator = accumulators[i];
    if (accumulator.kind !== 'local') throw new Error('an accumulator is a local');
    writer.push({ kind: 'set', name: accumulator.name, value: apply(op, accumulator, values[i]) });
  });
  const body = writer.close();
  const threads = constantOf(thread.extent) ?? 1;
  const step = { from: toIndex(thread), to: counter.extent, step: threads };
  writer.push({ kind: 'loop', axis: counter, ...step, as: 'serial', body });
  return folds.map((fold, i) => {
    const accumulator = accumulators[i];
    const name = accumulator.kind === 'local' ? `${accumulator.name}_shares` : 'shares';
    const dtype = fold.type === 'bool' ? 'i32' : fold.type;
    const buffer: Buffer = { name, space: 'workgroup', dtype, length: thread.extent };
    writer.push({ kind: 'store', to: buffer, at: toIndex(thread), value: accumulator });
    return { fold, buffer };
  });
}

/** Pairs of shares, half as many each round, until the first holds all. */
function writeTree(writer: Writer, shared: readonly Shared[], thread: Axis): void {
  const threads = constantOf(thread.extent) ?? 1;
  for (let half = threads / 2; half >= 1; half /= 2) {
    const at = toIndex(thread);
    const then = shared.map(({ fold: { op }, buffer }) => {
      const value = apply(op, load(buffer, at), load(buffer, add(at, half)));
      return { kind: 'store' as const, to: buffer, at, value };
    });
    writer.push({ kind: 'barrier' }, { kind: 'if', less: [at, toIndex(half)], then, else: [] });
  }
}
