// Runs in order: what is carried from element to element stands in a let where the axis varies fastest, else in the row before.
import { toIndex, type Atom, type Axis, type Index } from '../../../ir/index.js';
import { placeOfRound, roundsOf } from '../../../ir/nest/ordered.js';
import type { OrderedPlan } from '../../../ir/nest/plans.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { carried } from '../../../ir/ops/recurrence.js';
import type { Nest, Ordered } from '../../../ir/program.js';
import { rewriteScalar } from '../../../ir/rewrite.js';
import { number } from '../../../ir/scalar.js';
import { writeValues } from './folds.js';
import { writeTiles, type Places } from './loops.js';
import { writeNest } from './nest.js';
import type { Writer } from './writer.js';

/** Writes the loops over the outer axes, and in them the runs. */
export function writeOrdered(writer: Writer, nest: Nest, { outer, rounds }: OrderedPlan): void {
  const write = (index: number, places: ReadonlyMap<Axis, Places>): void => {
    const axis = outer[index];
    if (axis)
      return writeTiles(writer, { axis, tail: 'exact', tiles: [1] }, (here) =>
        write(index + 1, new Map([...places, [axis, here]])),
      );
    if (rounds) writeRounds(writer, nest, rounds, places);
    else writeRun(writer, nest, places);
  };
  write(0, new Map());
}

/** Round after round: all elements of the inner axes in each. */
function writeRounds(
  writer: Writer,
  nest: Nest,
  plans: NonNullable<OrderedPlan['rounds']>,
  places: ReadonlyMap<Axis, Places>,
): void {
  const ordered = orderOf(nest);
  const { first, next } = roundsOf(nest, ordered);
  const at = (round: Index): ReadonlyMap<Axis, Places> =>
    new Map([...places, [ordered.axis, { base: placeOfRound(ordered, round), count: 1 }]]);
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
export function writeRun(writer: Writer, nest: Nest, places: ReadonlyMap<Axis, Places>): void {
  const ordered = orderOf(nest);
  const [{ to, at, value }] = nest.stores;
  writer.open();
  const made = writer.let(writer.depth, { base: 'carried', numbered: false }, number(ordered.start), true);
  const [round] = writer.open(ordered.axis);
  const place = placeOfRound(ordered, toIndex(round));
  const replace = (part: Atom): Index | undefined => {
    if (part.kind !== 'axis') return undefined;
    return part === ordered.axis ? place : places.get(part)?.base;
  };
  // A let of the round's own: what is made of it stays in the round.
  const before = writer.let(writer.depth, { base: 'before', numbered: false }, made);
  const own = rewriteScalar(value, { scalar: (v) => (v.key === carried.key ? before : undefined) });
  const wanted = [{ value: specialise(own, replace), label: '', to }];
  const [next] = writeValues(writer, wanted, { unrolled: new Set(), order: [], lanes: new Set() });
  if (made.kind === 'local') writer.push({ kind: 'set', name: made.name, value: next });
  writer.push({ kind: 'store', to, at: specialiseIndex(at, replace), value: made });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: round, to: ordered.axis.extent, step: 1, as: 'serial', body });
  writer.flatten();
}

function orderOf({ ordered, name }: Nest): Ordered {
  if (!ordered) throw new Error(`${name} goes along no axis in order`);
  return ordered;
}
