// Folds that the threads of a workgroup do together: each a share of the values, then all of them the total.
import { add, constantOf, div, toIndex, type Axis } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { apply, foldIdentity, number, type Scalar } from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { foldsOf } from '../../../ir/nest/strides.js';
import type { NestPlan } from '../../../ir/nest/plans.js';
import { cutOf, takeIn, writeRange } from './blocks.js';
import { accumulatorName } from './foldLoops.js';
import { addsUp } from './pendingFolds.js';
import { writeLets } from './lets.js';
import type { Indices } from './loops.js';
import { writeNest } from './nest.js';
import { bindAxes, together } from './indices.js';
import { specialise } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

type Fold = Scalar & { readonly kind: 'fold' };

/** One element of a nest, its axes bound by `outer`; thread 0 stores it. */
export function writeShares(
  writer: Writer,
  nest: Nest,
  plan: NestPlan,
  outer: ReadonlyMap<Axis, Indices>,
  thread: Axis,
): void {
  const shaped = reshape(nest, plan.shape);
  const replace = (part: { kind: string }) => outer.get(part as Axis)?.base;
  const bound = {
    ...shaped,
    axes: [],
    stores: shaped.stores.map((s) => ({ ...s, value: specialise(s.value, replace) })),
  };
  const folds = [...new Map(foldsOf(bound).map((f) => [f.key, f])).values()];
  // What is left of the values reads the totals.
  const sums = new Map<string, Scalar>();
  for (const group of sameExtents(folds)) {
    const shares = writeShare(writer, group, plan, thread);
    group.forEach((f, i) => sums.set(f.key, shares[i]));
  }
  for (const { key, op, type } of folds) {
    const share = sums.get(key);
    if (share?.kind === 'local') writer.push({ kind: 'barrier', total: { name: share.name, op, type } });
  }
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => replaceFolds(value, (f) => sums.get(f.key), memo);
  const rest = {
    ...shaped,
    axes: [],
    stores: bound.stores.map((s, i) => ({ to: s.to, at: shaped.stores[i].at, value: visit(s.value) })),
  };
  writer.open();
  writeNest(writer, rest, { ...plan, shape: { split: [], axes: [], folds: [] }, loops: [] }, outer);
  const body = writer.close();
  writer.push({ kind: 'if', less: [toIndex(thread), toIndex(1)], then: body, else: [] });
}

function sameExtents(folds: readonly Fold[]): Fold[][] {
  const groups = new Map<string, Fold[]>();
  for (const fold of folds) {
    const key = fold.over.map((a) => a.extent.key).join();
    groups.set(key, [...(groups.get(key) ?? []), fold]);
  }
  return [...groups.values()];
}

/** One loop in which every thread folds each so many-th value. */
function writeShare(writer: Writer, folds: readonly Fold[], plan: NestPlan, thread: Axis): Scalar[] {
  const level = writer.depth;
  const accumulators = folds.map((f) =>
    writer.let(level, accumulatorName(f.op, ''), number(foldIdentity(f.op, f.type), f.type), true),
  );
  const [{ over }] = folds;
  const order = [...plan.folds.filter((a) => over.includes(a)), ...over.filter((a) => !plan.folds.includes(a))];
  const whole = together(order);
  const threads = constantOf(thread.extent) ?? 1;
  const rounds = div(add(whole.extent, threads - 1), toIndex(threads));
  const cut = folds.some(addsUp) ? cutOf(writer, [rounds], 1) : undefined;
  const kept = folds.map((f, i) => {
    if (!cut || !addsUp(f)) return undefined;
    return { whole: writer.let(level, accumulatorName(f.op, '_whole'), number(0), true), block: accumulators[i] };
  });
  const inside = (counter: Axis): void => {
    const indices = bindAxes(writer, order, counter);
    const bodies = folds.map((f) =>
      specialise(f.body, (part) => {
        const position = part.kind === 'axis' ? f.over.indexOf(part) : -1;
        return position < 0 ? undefined : indices.get(over[position])?.base;
      }),
    );
    const values = writeLets(writer, bodies, new Set());
    folds.forEach(({ op }, i) => {
      const accumulator = accumulators[i];
      if (accumulator.kind !== 'local') throw new Error('an accumulator is a local');
      writer.push({ kind: 'set', name: accumulator.name, value: apply(op, accumulator, values[i]) });
    });
  };
  const range = { axis: whole, from: toIndex(thread), to: whole.extent, step: threads, rounds };
  writeRange(writer, range, cut, inside, () => {
    for (const sums of kept) if (sums) takeIn(writer, sums.whole, sums.block);
  });
  accumulators.forEach((sum, i) => {
    const before = kept[i]?.whole;
    if (before && sum.kind === 'local') writer.push({ kind: 'set', name: sum.name, value: apply('add', before, sum) });
  });
  return accumulators;
}
