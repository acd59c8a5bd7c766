// Folds to loops: those that can share one do, each with accumulators of its own.
import {
  add,
  constantOf,
  div,
  endOf,
  mul,
  toIndex,
  zero,
  type Atom,
  type Axis,
  type Index,
} from '../../../ir/index.js';
import { apply, fold, isLanes, lane, splat, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { specialise } from '../../../ir/nest/specialise.js';
import { FoldLoops } from './foldLoops.js';
import { writeLets } from './lets.js';
import { nameIn, type LetName } from './names.js';
import { identityOf, laneBodies, laneWidth, nextFolds, termOf, type PendingFold } from './pendingFolds.js';
import type { Writer } from './writer.js';

/** How the folds of a nest are written; axes that are not mentioned are plain loops in the order they come. */
export interface FoldStyle {
  /** Written out whole. */
  readonly unrolled: ReadonlySet<Axis>;
  /** Outermost first. */
  readonly order: readonly Axis[];
  /** Taken four at a time where it is the innermost one and the values allow it. */
  readonly lanes: ReadonlySet<Axis>;
  /** Sums of so many terms are made at once even where longer ones are cut into blocks. */
  readonly most?: number;
}

export interface Wanted {
  readonly value: Scalar;
  /** Which element of the tile this is, for names: `0_1`; empty where there is one only. */
  readonly label: string;
  /** Where it goes: a let of it is called so. */
  readonly to?: Buffer;
}

/** Writes what the values need and returns them as expressions over lets. `forced` are keys that must be lets. */
export function writeValues(
  writer: Writer,
  wanted: readonly Wanted[],
  style: FoldStyle,
  forced: ReadonlySet<string> = new Set(),
  each?: (value: Scalar) => void,
): Scalar[] {
  const unrolled = unrollFolds(
    wanted.map((w) => w.value),
    style,
  );
  let values = unrolled;
  for (let group = nextFolds(writer, values, wanted); group.length > 0; group = nextFolds(writer, values, wanted)) {
    const results = writeFolds(writer, group, style);
    const memo = new Map<string, Scalar>();
    values = values.map((value) => replaceFolds(value, (f) => results.get(f.key), memo));
  }
  const names = new Map<string, LetName>();
  values.forEach((value, i) => {
    const { to } = wanted[i];
    if (to && value.kind === 'apply' && !names.has(value.key)) names.set(value.key, nameIn(to));
  });
  return writeLets(writer, values, forced, each, names);
}

/** Folds over axes that are all unrolled become expressions. */
function unrollFolds(values: readonly Scalar[], style: FoldStyle): Scalar[] {
  if (style.unrolled.size === 0) return [...values];
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar =>
    replaceFolds(
      value,
      (f) => {
        const body = visit(f.body);
        if (!f.over.every((a) => style.unrolled.has(a))) return fold(f.op, f.over, body);
        return places(f.over)
          .map((at) => specialise(body, at))
          .reduce((all, part) => apply(f.op, all, part));
      },
      memo,
    );
  return values.map(visit);
}

type Substitution = (part: Atom) => Index | undefined;

/** The substitutions for every index of the axes, whose extents are numbers; the last axis varies fastest. */
function places(axes: readonly Axis[]): Substitution[] {
  let list: Map<Axis, Index>[] = [new Map()];
  for (const axis of axes) {
    const extent = constantOf(axis.extent);
    if (extent === undefined) throw new Error(`the run-time axis ${axis.name} cannot be unrolled`);
    list = list.flatMap((at) => Array.from({ length: extent }, (_, i) => new Map([...at, [axis, toIndex(i)]])));
  }
  return list.map((at) => (part) => (part.kind === 'axis' ? at.get(part) : undefined));
}

/** Folds that share loops, while those are written. */
interface Folding {
  readonly writer: Writer;
  readonly group: readonly PendingFold[];
  readonly style: FoldStyle;
  readonly loops: FoldLoops;
  /** What stands for the unrolled axes, for each of their indices. */
  readonly offsets: readonly Substitution[];
}

/** One loop for all of them; returns the accumulators by the folds' keys. */
function writeFolds(writer: Writer, group: readonly PendingFold[], style: FoldStyle): Map<string, Scalar> {
  const over = orderFolds(group[0].fold.over, style);
  return writer.at(writer.levelOf(group[0].fold), () => {
    const axes = over.filter((a) => !style.unrolled.has(a));
    const offsets = places(over.filter((a) => style.unrolled.has(a)));
    const inner = axes[axes.length - 1];
    const inLanes = style.lanes.has(inner) ? laneBodies(group, inner) : undefined;
    const width = inLanes ? laneWidth(group, inner) : 1;
    const loops = new FoldLoops(writer, group, { axes, width, terms: offsets.length, most: style.most });
    const folding = { writer, group, style, loops, offsets };
    return inLanes ? foldInLanes(folding, inLanes, width) : foldOneByOne(folding);
  });
}

function foldOneByOne(folding: Folding): Map<string, Scalar> {
  const { group, loops } = folding;
  const sums = loops.accumulators('', (p) => (isLanes(p.fold) ? splat(identityOf(p)) : identityOf(p)));
  const whole = { to: endOf(loops.innermost), step: 1 };
  loops.around(() => loops.run(whole, () => takeTerms(folding, sums), sums));
  return new Map(group.map((p, i) => [p.fold.key, loops.complete(sums[i])]));
}

/**
 * Four at a time along the innermost loop, by several accumulators in turn, which hides the latency of the additions; then the rest.
 * `bodies`: what each fold takes in, in lanes along that loop's axis, and all of them over the first one's axes.
 */
function foldInLanes(folding: Folding, bodies: readonly Scalar[], width: number): Map<string, Scalar> {
  const { loops } = folding;
  const inner = loops.innermost;
  const extent = constantOf(inner.extent);
  const left = extent === undefined ? undefined : extent % width;
  const whole =
    extent === undefined ? mul(div(inner.extent, toIndex(width)), width) : toIndex(extent - (extent % width));
  if (inner.until && left !== 0) throw new Error(`${inner.name} ends within a vector`);
  const starts = Array.from({ length: width / 4 }, (_, i) => 4 * i);
  const wide = starts.map((start) => loops.accumulators(`_${'abcd'[start / 4]}`, (p) => splat(identityOf(p))));
  const rest = left === undefined || left % 4 > 0 ? loops.accumulators('_rest', identityOf) : undefined;
  loops.around(() => {
    const rounds = (): void => starts.forEach((start, i) => takeLanes(folding, bodies, start, wide[i]));
    if (constantOf(whole) !== 0) loops.run({ to: inner.until ?? whole, step: width }, rounds, wide.flat());
    loops.bound.set(inner, whole);
    for (let i = 0; left !== undefined && i + 4 <= left; i += 4) takeLanes(folding, bodies, i, wide[i / 4]);
    if (rest) {
      takeRest(folding, whole, left, rest);
      loops.afterRun(rest);
    }
  });
  return joinLanes(folding, wide, rest);
}

/** The elements that fill no vector: fewer than four of the `left` ones, or as many as are known at run time. */
function takeRest(folding: Folding, whole: Index, left: number | undefined, rest: readonly Scalar[]): void {
  const { loops } = folding;
  const inner = loops.innermost;
  if (left === undefined) return loops.run({ from: whole, to: inner.extent, step: 1 }, () => takeTerms(folding, rest));
  for (let i = left - (left % 4); i < left; i++) {
    loops.bound.set(inner, add(whole, i));
    takeTerms(folding, rest);
  }
}

/** Each fold's accumulators, their lanes and what filled none, as one number. */
function joinLanes(
  { group, loops }: Folding,
  wide: readonly Scalar[][],
  rest?: readonly Scalar[],
): Map<string, Scalar> {
  return new Map(
    group.map((p, i) => {
      const { op } = p.fold;
      const all = wide.map((w) => loops.complete(w[i])).reduce((x, y) => apply(op, x, y));
      const joined = loops.result(p, '_lanes', all);
      const pair = (n: number): Scalar => apply(op, lane(joined, n), lane(joined, n + 1));
      const total = apply(op, pair(0), pair(2));
      return [p.fold.key, loops.result(p, '', rest ? apply(op, total, loops.complete(rest[i])) : total)];
    }),
  );
}

/** Takes what the folds have at the loops' indices into the accumulators. */
function takeTerms(folding: Folding, accumulators: readonly Scalar[]): void {
  const { group, loops, offsets } = folding;
  const first = group[0].fold.over;
  const bodies = group.map((pending) =>
    offsets.map((at) =>
      specialise(termOf(pending), (part) => {
        const position = part.kind === 'axis' ? pending.fold.over.indexOf(part) : -1;
        return position < 0 ? undefined : (loops.bound.get(first[position]) ?? at(first[position]));
      }),
    ),
  );
  accumulate(folding, bodies, accumulators);
}

/** The same in lanes, `start` elements after the index of the innermost loop. */
function takeLanes(folding: Folding, bodies: readonly Scalar[], start: number, accumulators: readonly Scalar[]): void {
  const { loops, offsets } = folding;
  const index = add(loops.bound.get(loops.innermost) ?? zero, start);
  const bound = (part: Atom): Index | undefined =>
    part === loops.innermost ? index : part.kind === 'axis' ? loops.bound.get(part) : undefined;
  const atOffsets = (body: Scalar): Scalar[] =>
    offsets.map((at) => specialise(body, (part) => bound(part) ?? at(part)));
  accumulate(folding, bodies.map(atOffsets), accumulators);
}

/** Writes the terms of each fold, and sets its accumulator. */
function accumulate(
  { writer, group, style }: Folding,
  bodies: readonly (readonly Scalar[])[],
  accumulators: readonly Scalar[],
): void {
  const wanted = bodies.flat().map((value) => ({ value, label: '' }));
  const done: Scalar[] = [];
  let set = 0;
  const setReady = (): void => {
    for (; set < bodies.length && done.length >= bodies[set].length; set++) {
      const [accumulator, { op }] = [accumulators[set], group[set].fold];
      if (accumulator.kind !== 'local') throw new Error('an accumulator is a local');
      const value = done.splice(0, bodies[set].length).reduce((all, part) => apply(op, all, part), accumulator);
      writer.push({ kind: 'set', name: accumulator.name, value });
    }
  };
  // With lanes each accumulator is set as soon as it can be, which keeps few registers busy.
  const early = accumulators.length > 1 && isLanes(accumulators[0]);
  const values = writeValues(writer, wanted, style, undefined, (value) => {
    done.push(value);
    if (early) setReady();
  });
  if (!early) done.splice(0, done.length, ...values);
  setReady();
}

function orderFolds(over: readonly Axis[], style: FoldStyle): Axis[] {
  const known = style.order.filter((a) => over.includes(a));
  return [...known, ...over.filter((a) => !known.includes(a))];
}
