// Values to statements: folds become loops, what is shared or does not change in a loop becomes a let at the right place.
import {
  add,
  atom,
  constantOf,
  mul,
  product,
  toIndex,
  type Atom,
  type Axis,
  type Index,
  type Term,
} from '../../ir/index.js';
import {
  apply,
  fold,
  foldIdentity,
  indexValue,
  isLanes,
  lane,
  load,
  number,
  splat,
  type FoldOp,
  type Scalar,
} from '../../ir/scalar.js';
import { baseName } from './names.js';
import { specialise } from './specialise.js';
import type { Writer } from './writer.js';

/** How the folds of a nest are written; axes that are not mentioned are plain loops in the order they come. */
export interface FoldStyle {
  /** Written out whole. */
  readonly unrolled: ReadonlySet<Axis>;
  /** Outermost first. */
  readonly order: readonly Axis[];
}

export interface Wanted {
  readonly value: Scalar;
  /** Which place of the tile this is, for names: `0_1`; empty where there is one place only. */
  readonly label: string;
}

/** Writes what the values need and returns them as expressions over lets. `named` are keys that must be lets. */
export function writeValues(
  writer: Writer,
  wanted: readonly Wanted[],
  style: FoldStyle,
  forced: ReadonlySet<string> = new Set(),
): Scalar[] {
  const unrolled = unrollFolds(
    wanted.map((w) => w.value),
    style,
  );
  let values = unrolled;
  for (let group = nextFolds(writer, values, wanted); group.length > 0; group = nextFolds(writer, values, wanted)) {
    const results = writeFolds(writer, group, style);
    values = replaceFolds(values, results);
  }
  return writeLets(writer, values, forced);
}

// --- folds

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
    rebuild(value, memo, visit, (v) => {
      if (v.kind !== 'fold') return undefined;
      const body = visit(v.body);
      if (!v.over.every((a) => style.unrolled.has(a))) return fold(v.op, v.over, body);
      return places(v.over)
        .map((at) => specialise(body, at))
        .reduce((all, part) => apply(v.op, all, part));
    });
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
    const identities = group.map(({ fold: f }) => number(foldIdentity[f.op], f.type));
    const accumulators = group.map(({ fold: f, label }, i) =>
      writer.let(level, accumulatorName(f.op, label), identities[i], true),
    );
    const loops = over.filter((a) => !style.unrolled.has(a));
    const offsets = places(over.filter((a) => style.unrolled.has(a)));
    const bound = new Map<Axis, Axis>();
    for (const axis of loops) {
      const [renamed] = writer.open(axis);
      bound.set(axis, renamed);
    }
    const bodies = group.flatMap(({ fold: f, guard }, i) => {
      const first = group[0].fold.over;
      const guarded = guard ? apply('select', guard, f.body, identities[i]) : f.body;
      return offsets.map((at) => {
        const replace = (part: Atom): Index | undefined => {
          if (part.kind !== 'axis') return undefined;
          const position = f.over.indexOf(part);
          if (position < 0) return undefined;
          const own = first[position];
          const loop = bound.get(own);
          return loop ? toIndex(loop) : at(own);
        };
        return { value: specialise(guarded, replace), label: '' };
      });
    });
    const values = writeValues(writer, bodies, style);
    accumulators.forEach((accumulator, i) => {
      if (accumulator.kind !== 'local') return;
      const own = values.slice(i * offsets.length, (i + 1) * offsets.length);
      const value = own.reduce((all, part) => apply(group[i].fold.op, all, part), accumulator);
      writer.push({ kind: 'set', name: accumulator.name, value });
    });
    for (const axis of [...loops].reverse()) {
      const body = writer.close();
      const loop = bound.get(axis) ?? axis;
      writer.push({ kind: 'loop', axis: loop, to: loop.extent, step: 1, as: 'serial', body });
    }
    return new Map(group.map((p, i) => [p.fold.key, accumulators[i]]));
  });
}

function orderFolds(over: readonly Axis[], style: FoldStyle): Axis[] {
  const known = style.order.filter((a) => over.includes(a));
  return [...known, ...over.filter((a) => !known.includes(a))];
}

function accumulatorName(op: FoldOp, label: string): { base: string; numbered: boolean } {
  const base = op === 'max' ? 'largest' : op === 'min' ? 'least' : 'acc';
  return { base: `${base}${label}`, numbered: false };
}

function replaceFolds(values: readonly Scalar[], results: ReadonlyMap<string, Scalar>): Scalar[] {
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => rebuild(value, memo, visit, (v) => results.get(v.key));
  return values.map(visit);
}

// --- lets

/** Lets for what is used more than once, or does not change in the innermost loops, wherever evaluating it early is safe. */
function writeLets(writer: Writer, values: readonly Scalar[], forced: ReadonlySet<string>): Scalar[] {
  const uses = new Map<string, number>();
  const count = (value: Scalar): void => {
    const before = uses.get(value.key) ?? 0;
    uses.set(value.key, before + 1);
    if (before === 0) for (const part of partsOf(value)) count(part);
  };
  for (const value of values) count(value);
  const always = alwaysLoaded(values);
  const safe = new Map<string, boolean>();
  const isSafe = (value: Scalar): boolean => {
    let known = safe.get(value.key);
    if (known === undefined) {
      known = (value.kind !== 'load' || always.has(value.key)) && partsOf(value).every(isSafe);
      safe.set(value.key, known);
    }
    return known;
  };
  const done = new Map<string, Scalar>();

  const visit = (value: Scalar, from: number): Scalar => {
    if (value.kind === 'number' || value.kind === 'local') return value;
    const known = writer.lookup(value.key);
    if (known) return known;
    const level = writer.levelOf(value);
    const shared = (uses.get(value.key) ?? 0) > 1 || forced.has(value.key);
    if ((shared || writer.leavesLoop(level, from)) && deservesLet(value) && isSafe(value)) {
      const inner = writer.at(level, () => parts(value, level));
      const result = writer.let(level, baseName(value), inner);
      writer.remember(level, value.key, result);
      return result;
    }
    const memo = `${from} ${value.key}`;
    let result = done.get(memo);
    if (!result) done.set(memo, (result = parts(value, from)));
    return result;
  };
  const parts = (value: Scalar, from: number): Scalar =>
    withParts(
      value,
      (part) => visit(part, from),
      (index) => place(index, from),
    );
  const place = (index: Index, from: number): Index =>
    mapAtoms(index, (part) => {
      if (part.kind === 'element') return atom({ kind: 'element', of: visit(part.of, from) });
      if (part.kind !== 'quotient') return undefined;
      const quotient = { ...part, of: place(part.of, from), by: place(part.by, from) };
      return atom(quotient);
    });
  return values.map((value) => visit(value, writer.depth));
}

/** Keys of loads that are made whatever the selects choose. */
function alwaysLoaded(values: readonly Scalar[]): ReadonlySet<string> {
  const into = new Set<string>();
  const seen = new Set<string>();
  const visit = (value: Scalar, set: Set<string>, known: Set<string>): void => {
    if (known.has(value.key)) return;
    known.add(value.key);
    if (value.kind === 'load') set.add(value.key);
    if (value.kind === 'apply' && value.op === 'select' && !isLanes(value.args[0])) {
      visit(value.args[0], set, known);
      const arms = value.args.slice(1).map((arm) => {
        const own = new Set<string>();
        visit(arm, own, new Set());
        return own;
      });
      for (const key of arms[0]) if (arms[1].has(key)) set.add(key);
      return;
    }
    for (const part of partsOf(value)) visit(part, set, known);
  };
  for (const value of values) visit(value, into, seen);
  return into;
}

const conversions: ReadonlySet<string> = new Set(['f32', 'i32', 'u32']);

function deservesLet(value: Scalar): boolean {
  switch (value.kind) {
    case 'number':
    case 'local':
    case 'index':
      return false;
    case 'apply':
      return !value.args.every((a) => a.kind === 'number' || (conversions.has(value.op) && a.kind === 'index'));
    case 'load':
    case 'fold':
    case 'splat':
    case 'lane':
      return true;
    default:
      return value satisfies never;
  }
}

// --- walking

/** The values directly inside, also those in elements of addresses. */
export function partsOf(value: Scalar): readonly Scalar[] {
  switch (value.kind) {
    case 'number':
    case 'local':
      return [];
    case 'index':
      return elementsOf(value.of);
    case 'load':
      return elementsOf(value.at);
    case 'apply':
      return value.args;
    case 'fold':
      return [value.body];
    case 'splat':
    case 'lane':
      return [value.of];
    default:
      return value satisfies never;
  }
}

function elementsOf(index: Index, into: Scalar[] = []): readonly Scalar[] {
  for (const term of index.terms)
    for (const part of term.atoms) {
      if (part.kind === 'element') into.push(part.of);
      else if (part.kind === 'quotient') {
        elementsOf(part.of, into);
        elementsOf(part.by, into);
      }
    }
  return into;
}

const folds = new WeakMap<Scalar, boolean>();

export function hasFold(value: Scalar): boolean {
  let known = folds.get(value);
  if (known === undefined) {
    known = value.kind === 'fold' || partsOf(value).some(hasFold);
    folds.set(value, known);
  }
  return known;
}

function contains(value: Scalar, key: string, seen: Set<string> = new Set()): boolean {
  if (value.key === key) return true;
  if (seen.has(value.key) || !hasFold(value)) return false;
  seen.add(value.key);
  return partsOf(value).some((part) => contains(part, key, seen));
}

/** The value with its parts rebuilt by `visit`, unless `replace` gives another. */
function rebuild(
  value: Scalar,
  memo: Map<string, Scalar>,
  visit: (value: Scalar) => Scalar,
  replace: (value: Scalar) => Scalar | undefined,
): Scalar {
  if (!hasFold(value)) return value;
  const known = memo.get(value.key);
  if (known) return known;
  const result =
    replace(value) ??
    withParts(value, visit, (index) =>
      mapAtoms(index, (part) => {
        if (part.kind === 'element') return atom({ kind: 'element', of: visit(part.of) });
        return undefined;
      }),
    );
  memo.set(value.key, result);
  return result;
}

function withParts(value: Scalar, visit: (value: Scalar) => Scalar, index: (index: Index) => Index): Scalar {
  switch (value.kind) {
    case 'number':
    case 'local':
      return value;
    case 'index':
      return indexValue(index(value.of));
    case 'load':
      return load(value.from, index(value.at), value.lanes);
    case 'apply':
      return apply(value.op, ...value.args.map(visit));
    case 'fold':
      return fold(value.op, value.over, visit(value.body));
    case 'splat':
      return splat(visit(value.of));
    case 'lane':
      return lane(visit(value.of), value.at);
    default:
      return value satisfies never;
  }
}

/** Replaces atoms without looking inside them first; undefined keeps one. Keeps the very index where nothing changes. */
function mapAtoms(index: Index, replace: (part: Atom) => Index | undefined): Index {
  let changed = false;
  const terms = index.terms.map((term: Term) => {
    const parts = term.atoms.map((part) => {
      if (part.kind === 'axis' || part.kind === 'size') return part;
      const other = replace(part);
      if (other) changed = true;
      return other ?? part;
    });
    return { factor: term.factor, parts };
  });
  if (!changed) return index;
  return add(...terms.map((t) => mul(t.factor, product(t.parts.map((p) => ('terms' in p ? p : atom(p)))))));
}
