// Folds that are still to be written: which can share a loop, and what each adds up in it, one by one or in lanes.
import { constantOf, toIndex, type Axis } from '../../../ir/index.js';
import { apply, foldIdentity, isLanes, number, splat, type Scalar } from '../../../ir/scalar.js';
import { contains, partsOf } from '../../../ir/walk.js';
import { asLanes, vectorise } from '../../../ir/nest/lanes.js';
import { specialise } from '../../../ir/nest/specialise.js';
import type { Writer } from './writer.js';

/** A fold that is still to be written. */
export interface PendingFold {
  readonly fold: Scalar & { kind: 'fold' };
  /** The value is only used where this holds. */
  readonly guard?: Scalar;
  readonly label: string;
}

/** The next folds that can share a loop: none contains another that is still to be written. */
export function nextFolds(
  writer: Writer,
  values: readonly Scalar[],
  wanted: readonly { readonly label: string }[],
): PendingFold[] {
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
  if (seen.has(key) || !value.folds) return;
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

/** Is it a sum of numbers that are not whole? */
export function addsUp({ op, type }: PendingFold['fold']): boolean {
  return op === 'add' && type === 'f32';
}

/** What the fold starts from. */
export function identityOf({ fold: f }: PendingFold): Scalar {
  return number(foldIdentity(f.op, f.type), f.type);
}

/** What the fold takes in, one element at a time: its identity where its value is not used. */
export function termOf(pending: PendingFold): Scalar {
  const { fold: f, guard } = pending;
  if (!guard) return f.body;
  const identity = identityOf(pending);
  return apply('select', guard, f.body, isLanes(f) ? splat(identity) : identity);
}

/** How many neighbours are taken at once, four to an accumulator. */
export function laneWidth(group: readonly PendingFold[], inner: Axis): number {
  const extent = constantOf(inner.extent) ?? 8;
  if (group.length === 1 && (constantOf(inner.extent) ?? 8) >= 32) return 16;
  return group.length < 3 && extent >= 8 ? 8 : 4;
}

/** The bodies in lanes along the axis, all of them over the first one's axes; undefined where one cannot be. */
export function laneBodies(group: readonly PendingFold[], inner: Axis): Scalar[] | undefined {
  if ((constantOf(inner.extent) ?? 4) < 4) return undefined;
  const first = group[0].fold.over;
  const bodies: Scalar[] = [];
  for (const pending of group) {
    const f = pending.fold;
    if (f.type !== 'f32' || isLanes(f)) return undefined;
    const own = specialise(termOf(pending), (part) => {
      const position = part.kind === 'axis' ? f.over.indexOf(part) : -1;
      return position < 0 ? undefined : toIndex(first[position]);
    });
    const body = vectorise(own, inner);
    if (!body) return undefined;
    bodies.push(asLanes(body));
  }
  return bodies;
}
