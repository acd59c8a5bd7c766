// Runs in order: what is carried from element to element stands in a let where the axis varies fastest, else in the row before.
import { add, axis as newAxis, div, mul, toIndex, zero, type Atom, type Axis, type Index } from '../../../ir/index.js';
import { placeOfRound, roundsOf } from '../../../ir/nest/ordered.js';
import type { OrderedPlan } from '../../../ir/nest/plans.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { carried } from '../../../ir/ops/recurrence.js';
import type { Nest, Ordered } from '../../../ir/program.js';
import { rewriteScalar } from '../../../ir/rewrite.js';
import { apply, load, number, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { least } from './blocks.js';
import { writeValues } from './folds.js';
import { writeTiles, type Indices } from './loops.js';
import { writeNest } from './nest.js';
import type { Writer } from './writer.js';

/** Writes the loops over the outer axes, and in them the runs. */
export function writeOrdered(writer: Writer, nest: Nest, { outer, rounds }: OrderedPlan): void {
  const write = (index: number, indices: ReadonlyMap<Axis, Indices>): void => {
    const axis = outer[index];
    if (axis)
      return writeTiles(writer, { axis, tail: 'exact', tiles: [1] }, (here) =>
        write(index + 1, new Map([...indices, [axis, here]])),
      );
    if (rounds) writeRounds(writer, nest, rounds, indices);
    else writeRun(writer, nest, indices);
  };
  write(0, new Map());
}

/** Round after round: all elements of the inner axes in each. */
function writeRounds(
  writer: Writer,
  nest: Nest,
  plans: NonNullable<OrderedPlan['rounds']>,
  indices: ReadonlyMap<Axis, Indices>,
): void {
  const ordered = orderOf(nest);
  const { first, next } = roundsOf(nest, ordered);
  const at = (round: Index): ReadonlyMap<Axis, Indices> =>
    new Map([...indices, [ordered.axis, { base: placeOfRound(ordered, round), count: 1 }]]);
  writer.open();
  writeNest(writer, first, plans.first, at(toIndex(0)));
  writer.flatten();
  const [round] = writer.open(ordered.axis);
  writeNest(writer, next, plans.next, at(toIndex(round)));
  const body = writer.close();
  const { extent } = ordered.axis;
  writer.push({ kind: 'loop', axis: round, from: toIndex(1), to: extent, step: 1, as: 'serial', body });
}

/** One run, at the indices that are bound, along the ordered axis. */
export function writeRun(writer: Writer, nest: Nest, indices: ReadonlyMap<Axis, Indices>): void {
  const ordered = orderOf(nest);
  writer.open();
  const made = writer.let(writer.depth, { base: 'carried', numbered: false }, number(ordered.start), true);
  along(writer, ordered.axis, { from: zero, to: ordered.axis.extent }, (round) => {
    const replace = replacing(ordered, round, indices);
    writeStep(writer, nest, made, replace);
    writeElement(writer, nest, made, replace);
  });
  writer.flatten();
}

/**
 * One run that adds up, by the threads of a workgroup: each totals a stretch of it; what it carries into the stretch is the totals of the
 * stretches before; then it goes along the stretch again. Returns where the totals stand.
 */
export function writeSharedRun(
  writer: Writer,
  nest: Nest,
  indices: ReadonlyMap<Axis, Indices>,
  thread: Axis,
  threads: number,
): Buffer {
  const ordered = orderOf(nest);
  const { extent } = ordered.axis;
  const totals: Buffer = { name: 'totals', space: 'workgroup', dtype: 'f32', length: toIndex(threads) };
  const length = div(add(extent, threads - 1), toIndex(threads));
  const from = mul(toIndex(thread), length);
  const stretch = { from, to: least(add(from, length), extent) };
  const start = (base: string): Scalar => writer.let(writer.depth, { base, numbered: false }, number(0), true);

  const total = start('total');
  along(writer, ordered.axis, stretch, (round) => writeStep(writer, nest, total, replacing(ordered, round, indices)));
  writer.push({ kind: 'store', to: totals, at: toIndex(thread), value: total }, { kind: 'barrier' });

  const made = start('carried');
  along(writer, newAxis('other', toIndex(thread)), { from: zero, to: toIndex(thread) }, (other) =>
    replaceBy(writer, made, (before) => apply('add', before, load(totals, other))),
  );
  along(writer, ordered.axis, stretch, (round) => {
    const replace = replacing(ordered, round, indices);
    writeStep(writer, nest, made, replace);
    writeElement(writer, nest, made, replace);
  });
  return totals;
}

type Replace = (part: Atom) => Index | undefined;

/** The coordinates of an element: those that are bound, and the place of a round. */
function replacing(ordered: Ordered, round: Index, indices: ReadonlyMap<Axis, Indices>): Replace {
  const place = placeOfRound(ordered, round);
  return (part) => {
    if (part.kind !== 'axis') return undefined;
    return part === ordered.axis ? place : indices.get(part)?.base;
  };
}

/** A loop over rounds. */
function along(
  writer: Writer,
  axis: Axis,
  { from, to }: { readonly from: Index; readonly to: Index },
  inside: (round: Index) => void,
): void {
  const [round] = writer.open(axis);
  inside(toIndex(round));
  const body = writer.close();
  writer.push({ kind: 'loop', axis: round, ...(from !== zero && { from }), to, step: 1, as: 'serial', body });
}

/** What is carried becomes the next element. */
function writeStep(writer: Writer, { stores: [{ to, value }] }: Nest, made: Scalar, replace: Replace): void {
  replaceBy(writer, made, (before) => {
    const own = rewriteScalar(value, { scalar: (v) => (v.key === carried.key ? before : undefined) });
    const wanted = [{ value: specialise(own, replace), label: '', to }];
    return writeValues(writer, wanted, { unrolled: new Set(), order: [], lanes: new Set() })[0];
  });
}

/** What was carried before stands in a let of the round's own: what is made of it stays in the round. */
function replaceBy(writer: Writer, made: Scalar, next: (before: Scalar) => Scalar): void {
  const value = next(writer.let(writer.depth, { base: 'before', numbered: false }, made));
  if (made.kind === 'local') writer.push({ kind: 'set', name: made.name, value });
}

function writeElement(writer: Writer, { stores: [{ to, at }] }: Nest, made: Scalar, replace: Replace): void {
  writer.push({ kind: 'store', to, at: specialiseIndex(at, replace), value: made });
}

function orderOf({ ordered, name }: Nest): Ordered {
  if (!ordered) throw new Error(`${name} goes along no axis in order`);
  return ordered;
}
