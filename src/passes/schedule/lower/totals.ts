// Totals of a loop over rows: accumulators before it, sums in it, and the stores after it.
import { constantOf, toIndex, type Atom, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { apply, foldIdentity, load, number, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { loadsOf } from '../../../ir/loads.js';
import { foldsOf } from '../../../ir/nest/traverse.js';
import { asStored } from '../../../ir/nest/single.js';
import { cutOf, takeIn, type Cut } from './blocks.js';
import { writeValues, type FoldStyle } from './folds.js';
import { addsUp } from './pendingFolds.js';
import { identifier, lastPart } from './names.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

interface Place {
  readonly to: Buffer;
  readonly at: Index;
  readonly value: Scalar;
}

export interface OpenTotals {
  /** The elements of each total, written out. */
  readonly totals: readonly (readonly Place[])[];
  /** By the key of the fold that it adds up. */
  readonly accumulators: ReadonlyMap<string, Accumulator>;
  /** Where the loop over the rows is cut. */
  readonly cut?: Cut;
}

interface Accumulator {
  readonly fold: Scalar & { kind: 'fold' };
  readonly sum: Scalar;
  /** What is kept from block to block. */
  readonly whole?: Scalar;
}

/** Nothing is left to loop over: axes are written out, and folds are the loop itself. */
const writtenOut: FoldStyle = { unrolled: new Set(), order: [], lanes: new Set() };

/** Writes the accumulators where the loop will stand. */
export function openTotals(writer: Writer, nests: readonly Nest[], row: Axis): OpenTotals {
  const accumulators = new Map<string, Accumulator>();
  const cut = nests.length > 0 ? cutOf(writer, [row.extent], 1) : undefined;
  const totals = nests.map((nest) => {
    const single = nest.axes.length === 0;
    return everyIndex(nest.axes).flatMap((at) =>
      nest.stores.map((store): Place => {
        const replace = (part: Atom): Index | undefined => (part.kind === 'axis' ? at.get(part) : undefined);
        const value = specialise(store.value, replace);
        for (const fold of foldsOf(value)) {
          if (accumulators.has(fold.key)) continue;
          const name = { base: accumulatorOf(store.to), numbered: !single };
          const identity = number(foldIdentity(fold.op, fold.type), fold.type);
          const sum = writer.let(writer.depth, name, identity, true);
          const kept = { ...name, base: `${name.base}_whole` };
          const whole = cut && addsUp(fold) ? writer.let(writer.depth, kept, identity, true) : undefined;
          accumulators.set(fold.key, { fold, sum, ...(whole && { whole }) });
        }
        return { to: store.to, at: specialiseIndex(store.at, replace), value };
      }),
    );
  });
  return { totals, accumulators, ...(cut && { cut }) };
}

/** What an update sums up is a gradient: d_W. */
function accumulatorOf(to: Buffer): string {
  return to.space === 'parameter' || to.space === 'slot' ? `d_${identifier(to.name)}` : lastPart(to);
}

/** Adds what one row gives; `axis` is the row's of the nest, `row` the one of the loop. */
export function addToTotals(writer: Writer, { accumulators }: OpenTotals, axis: Axis, row: Axis): void {
  const all = [...accumulators.values()];
  if (all.length === 0) return;
  const replace = (part: Atom): Index | undefined => (part === axis ? toIndex(row) : undefined);
  writer.open();
  const bodies = all.map(({ fold }) => ({ value: specialise(fold.body, replace), label: '' }));
  writeValues(writer, bodies, writtenOut).forEach((value, i) => {
    const { fold, sum } = all[i];
    if (sum.kind !== 'local') throw new Error('an accumulator is a local');
    writer.push({ kind: 'set', name: sum.name, value: apply(fold.op, sum, value) });
  });
  writer.flatten();
}

/** After a block of rows. */
export function takeTotals(writer: Writer, { accumulators }: OpenTotals): void {
  for (const { sum, whole } of accumulators.values()) if (whole) takeIn(writer, whole, sum);
}

/** Stores the totals. */
export function closeTotals(writer: Writer, { totals, accumulators }: OpenTotals): void {
  const sumOf = (key: string): Scalar | undefined => {
    const found = accumulators.get(key);
    return found?.whole ? apply('add', found.whole, found.sum) : found?.sum;
  };
  for (const places of totals) {
    const memo = new Map<string, Scalar>();
    const sums = (value: Scalar): Scalar => replaceFolds(value, (f) => sumOf(f.key), memo);
    const wanted = places.map(({ value }) => ({ value: sums(value), label: '' }));
    const values = writeValues(writer, wanted, writtenOut, readBeforeOverwritten(places, wanted));
    places.forEach(({ to, at }, i) => writer.push({ kind: 'store', to, at, value: asStored(values[i]) }));
  }
}

/** Every index of axes of fixed extents; the last axis varies fastest. */
function everyIndex(axes: readonly Axis[]): ReadonlyMap<Axis, Index>[] {
  let list: ReadonlyMap<Axis, Index>[] = [new Map()];
  for (const axis of axes) {
    const extent = constantOf(axis.extent);
    if (extent === undefined) throw new Error(`the run-time axis ${axis.name} cannot be written out`);
    list = list.flatMap((at) => Array.from({ length: extent }, (_, i) => new Map([...at, [axis, toIndex(i)]])));
  }
  return list;
}

/** The loads that must be made before any store: another element of the total overwrites what they read. */
function readBeforeOverwritten(places: readonly Place[], wanted: readonly { readonly value: Scalar }[]): Set<string> {
  const stored = places.map(({ to, at }) => load(to, at).key);
  const forced = new Set<string>();
  wanted.forEach(({ value }, i) => {
    for (const { from, at } of loadsOf(value)) {
      const { key } = load(from, at);
      if (stored.some((s, j) => s === key && j !== i)) forced.add(key);
    }
  });
  return forced;
}
