// Folds to loops: those that can share one do, each with accumulators of its own.
import { add, constantOf, div, mul, sub, toIndex, type Atom, type Axis, type Index } from '../../../ir/index.js';
import {
  apply,
  fold,
  foldIdentity,
  isLanes,
  lane,
  number,
  splat,
  type Buffer,
  type FoldOp,
  type Scalar,
} from '../../../ir/scalar.js';
import { replaceFolds } from '../../../ir/rewrite.js';
import { contains, hasFold, partsOf } from '../../../ir/walk.js';
import { cutOf, takeIn, writeRange } from './blocks.js';
import { asLanes, vectorise } from '../../../ir/nest/lanes.js';
import { writeLets } from './lets.js';
import { nameIn, type LetName } from './names.js';
import { specialise } from '../../../ir/nest/specialise.js';
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
  /** Which place of the tile this is, for names: `0_1`; empty where there is one place only. */
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

interface PendingFold {
  readonly fold: Scalar & { kind: 'fold' };
  /** The value is only used where this holds. */
  readonly guard?: Scalar;
  readonly label: string;
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

/** The substitutions for every place of the axes, whose extents are numbers; the last axis varies fastest. */
function places(axes: readonly Axis[]): ((part: Atom) => Index | undefined)[] {
  let list: Map<Axis, Index>[] = [new Map()];
  for (const axis of axes) {
    const extent = constantOf(axis.extent);
    if (extent === undefined) throw new Error(`the run-time axis ${axis.name} cannot be unrolled`);
    list = list.flatMap((at) => Array.from({ length: extent }, (_, i) => new Map([...at, [axis, toIndex(i)]])));
  }
  return list.map((at) => (part) => (part.kind === 'axis' ? at.get(part) : undefined));
}

/** The next folds that can share a loop: none contains another that is still to be written. */
function nextFolds(writer: Writer, values: readonly Scalar[], wanted: readonly Wanted[]): PendingFold[] {
  const found = new Map<string, PendingFold>();
  values.forEach((value, i) => collectFolds(value, undefined, wanted[i]?.label ?? '', found, new Set()));
  const pending = [...found.values()];
  const ready = pending.filter((p) => !pending.some((q) => q !== p && contains(p.fold.body, q.fold.key)));
  if (ready.length === 0) return [];
  const [first] = ready;
  const level = writer.levelOf(first.fold);
  return ready.filter(
    (p) => p === first || (sameExtents(p.fold.over, first.fold.over) && writer.levelOf(p.fold) === level),
  );
}

function sameExtents(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((x, i) => x.extent.key === b[i].extent.key);
}

function collectFolds(
  value: Scalar,
  guard: Scalar | undefined,
  label: string,
  found: Map<string, PendingFold>,
  seen: Set<string>,
): void {
  const key = guard ? `${value.key}?${guard.key}` : value.key;
  if (seen.has(key) || !hasFold(value)) return;
  seen.add(key);
  if (value.kind === 'fold') {
    const before = found.get(value.key);
    const both = before?.guard && guard ? apply('or', before.guard, guard) : undefined;
    found.set(value.key, { fold: value, guard: before ? both : guard, label: before?.label ?? label });
    return;
  }
  if (value.kind === 'apply' && value.op === 'select' && !isLanes(value.args[0])) {
    const [condition, then, otherwise] = value.args;
    collectFolds(condition, guard, label, found, seen);
    collectFolds(then, guard ? apply('and', guard, condition) : condition, label, found, seen);
    const not = apply('not', condition);
    collectFolds(otherwise, guard ? apply('and', guard, not) : not, label, found, seen);
    return;
  }
  for (const part of partsOf(value)) collectFolds(part, guard, label, found, seen);
}

/** One loop for all of them; returns the accumulators by the folds' keys. */
function writeFolds(writer: Writer, group: readonly PendingFold[], style: FoldStyle): Map<string, Scalar> {
  const over = orderFolds(group[0].fold.over, style);
  const level = writer.levelOf(group[0].fold);
  return writer.at(level, () => {
    const loops = over.filter((a) => !style.unrolled.has(a));
    const offsets = places(over.filter((a) => style.unrolled.has(a)));
    const bound = new Map<Axis, Index>();
    /** What each fold adds at the current place of the loops, its unrolled places side by side. */
    const bodyOf = ({ fold: f, guard }: PendingFold): Scalar[] => {
      const first = group[0].fold.over;
      const guarded = guard ? guardedBody(f, guard) : f.body;
      return offsets.map((at) =>
        specialise(guarded, (part) => {
          if (part.kind !== 'axis') return undefined;
          const position = f.over.indexOf(part);
          return position < 0 ? undefined : (bound.get(first[position]) ?? at(first[position]));
        }),
      );
    };
    const step = (bodies: readonly (readonly Scalar[])[], accumulators: readonly Scalar[]): void => {
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
    };
    const outer = loops.slice(0, -1);
    const inner = loops[loops.length - 1];
    const lanes = style.lanes.has(inner) ? laneBodies(group, inner) : undefined;
    const width = lanes ? laneWidth(group, inner) : 1;
    const extents = [...outer.map((a) => a.extent), div(inner.extent, toIndex(width))];
    const cut = group.some((p) => addsUp(p.fold)) ? cutOf(writer, extents, offsets.length, style.most) : undefined;
    /** What is kept from block to block, with the sum of the block. */
    const wholes: { readonly whole: Scalar; readonly block: Scalar }[] = [];
    const takeAll = (some: readonly { readonly whole: Scalar; readonly block: Scalar }[]): void => {
      for (const { whole, block } of some) takeIn(writer, whole, block);
    };
    const rounds = (write: () => void, index = 0): void => {
      if (index === outer.length) return write();
      const axis = outer[index];
      writeRange(
        writer,
        { axis, to: axis.extent, step: 1, rounds: axis.extent },
        cut?.at === index ? cut : undefined,
        (loop) => {
          bound.set(axis, toIndex(loop));
          rounds(write, index + 1);
        },
        () => takeAll(wholes),
      );
    };
    const innermost = (
      options: { from?: Index; to: Index; step: number },
      write: () => void,
      some?: typeof wholes,
    ): void => {
      const { from, to, step: by } = options;
      const range = { axis: inner, ...options, rounds: div(from ? sub(to, from) : to, toIndex(by)) };
      const here = some && cut?.at === outer.length ? cut : undefined;
      const inside = (loop: Axis): void => {
        bound.set(inner, toIndex(loop));
        write();
      };
      writeRange(writer, range, here, inside, () => takeAll(some ?? []));
    };
    const labelOf = (p: PendingFold): string => (group.length > 1 ? p.label : '');
    const identityOf = ({ fold: f }: PendingFold): Scalar => number(foldIdentity(f.op, f.type), f.type);
    const accumulate = (suffix: string, identity: (pending: PendingFold) => Scalar): Scalar[] =>
      group.map((p) => {
        const name = (end: string) => accumulatorName(p.fold.op, `${labelOf(p)}${suffix}${end}`);
        const block = writer.let(level, name(''), identity(p), true);
        if (cut && addsUp(p.fold)) wholes.push({ whole: writer.let(level, name('_whole'), identity(p), true), block });
        return block;
      });
    /** With what was kept from the blocks before the last one. */
    const complete = (block: Scalar): Scalar => {
      const kept = wholes.find((w) => w.block === block);
      return kept ? apply('add', kept.whole, block) : block;
    };

    if (!lanes) {
      const accumulators = accumulate('', (p) => (isLanes(p.fold) ? splat(identityOf(p)) : identityOf(p)));
      rounds(() => innermost({ to: inner.extent, step: 1 }, () => step(group.map(bodyOf), accumulators), wholes));
      return new Map(group.map((p, i) => [p.fold.key, complete(accumulators[i])]));
    }

    // Four at a time along the fold, by several accumulators in turn, which hides the latency of the additions; then the rest.
    const extent = constantOf(inner.extent);
    const starts = Array.from({ length: width / 4 }, (_, i) => 4 * i);
    const wide = starts.map((start) => accumulate(`_${'abcd'[start / 4]}`, (p) => splat(identityOf(p))));
    const whole =
      extent === undefined ? mul(div(inner.extent, toIndex(width)), width) : toIndex(extent - (extent % width));
    const left = extent === undefined ? undefined : extent % width;
    const inVectors = [...wholes];
    const rest = left === undefined || left % 4 > 0 ? accumulate('_rest', identityOf) : undefined;
    const inLanes = (start: number, accumulators: readonly Scalar[]): void => {
      const place = bound.get(inner) ?? toIndex(0);
      const moved = (part: Atom): Index | undefined => (part === lanes.axis ? add(place, start) : undefined);
      const at = (value: Scalar): Scalar[] =>
        offsets.map((o) => specialise(value, (part) => moved(part) ?? outerAt(part) ?? o(part)));
      const outerAt = (part: Atom): Index | undefined => (part.kind === 'axis' ? bound.get(part) : undefined);
      step(lanes.bodies.map(at), accumulators);
    };
    rounds(() => {
      if (constantOf(whole) !== 0)
        innermost({ to: whole, step: width }, () => starts.forEach((start, i) => inLanes(start, wide[i])), inVectors);
      bound.set(inner, whole);
      for (let i = 0; left !== undefined && i + 4 <= left; i += 4) inLanes(i, wide[i / 4]);
      if (left === undefined)
        innermost({ from: whole, to: inner.extent, step: 1 }, () => step(group.map(bodyOf), rest ?? []));
      else
        for (let i = left - (left % 4); i < left; i++) {
          bound.set(inner, add(whole, i));
          step(group.map(bodyOf), rest ?? []);
        }
      if (cut?.at === outer.length && outer.length > 0 && rest) takeAll(wholes.slice(inVectors.length));
    });
    return new Map(
      group.map((p, i) => {
        const { op } = p.fold;
        const all = wide.map((w) => complete(w[i])).reduce((x, y) => apply(op, x, y));
        const joined = writer.let(level, accumulatorName(op, `${labelOf(p)}_lanes`), all);
        const pair = (n: number): Scalar => apply(op, lane(joined, n), lane(joined, n + 1));
        const total = apply(op, pair(0), pair(2));
        const result = rest ? apply(op, total, complete(rest[i])) : total;
        return [p.fold.key, writer.let(level, accumulatorName(op, labelOf(p)), result)];
      }),
    );
  });
}

/** Is it a sum of numbers that are not whole? */
export function addsUp({ op, type }: PendingFold['fold']): boolean {
  return op === 'add' && type === 'f32';
}

/** How many neighbours are taken at once, four to an accumulator. */
function laneWidth(group: readonly PendingFold[], inner: Axis): number {
  const extent = constantOf(inner.extent) ?? 8;
  if (group.length === 1 && (constantOf(inner.extent) ?? 8) >= 32) return 16;
  return group.length < 3 && extent >= 8 ? 8 : 4;
}

function guardedBody(f: PendingFold['fold'], guard: Scalar): Scalar {
  const identity = number(foldIdentity(f.op, f.type), f.type);
  return apply('select', guard, f.body, isLanes(f) ? splat(identity) : identity);
}

/** The bodies in lanes along the axis, all of them over the first one's axes; undefined where one cannot be. */
function laneBodies(group: readonly PendingFold[], inner: Axis): { axis: Axis; bodies: Scalar[] } | undefined {
  if ((constantOf(inner.extent) ?? 4) < 4) return undefined;
  const first = group[0].fold.over;
  const bodies: Scalar[] = [];
  for (const { fold: f, guard } of group) {
    if (f.type !== 'f32' || isLanes(f)) return undefined;
    const guarded = guard ? guardedBody(f, guard) : f.body;
    const own = specialise(guarded, (part) => {
      const position = part.kind === 'axis' ? f.over.indexOf(part) : -1;
      return position < 0 ? undefined : toIndex(first[position]);
    });
    const body = vectorise(own, inner);
    if (!body) return undefined;
    bodies.push(asLanes(body));
  }
  return { axis: inner, bodies };
}

function orderFolds(over: readonly Axis[], style: FoldStyle): Axis[] {
  const known = style.order.filter((a) => over.includes(a));
  return [...known, ...over.filter((a) => !known.includes(a))];
}

export function accumulatorName(op: FoldOp, label: string): { base: string; numbered: boolean } {
  const base = op === 'max' ? 'largest' : op === 'min' ? 'least' : 'acc';
  return { base: `${base}${label}`, numbered: false };
}
