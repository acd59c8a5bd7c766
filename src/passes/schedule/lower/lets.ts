// Which parts of values become lets, and in which of the open loops they stand.
import { atom, type Index } from '../../../ir/index.js';
import { isLanes, type Scalar } from '../../../ir/scalar.js';
import { mapAtoms, mapScalar, partsOf } from '../../../ir/walk.js';
import { inRange } from '../../../ir/nest/lanes.js';
import { baseName, type LetName } from './names.js';
import type { Writer } from './writer.js';

/**
 * Binds values that are used twice or loop-invariant to a let, where hoisting is safe. `names` are those of values by key; `each` is called
 * with every value as soon as its lets are written.
 */
export function writeLets(
  writer: Writer,
  values: readonly Scalar[],
  forced: ReadonlySet<string>,
  each?: (value: Scalar) => void,
  names: ReadonlyMap<string, LetName> = new Map(),
): Scalar[] {
  const uses = usesIn(values);
  const isSafe = safeIn(values);
  const done = new Map<string, Scalar>();

  const visit = (value: Scalar, from: number): Scalar => {
    if (value.kind === 'number' || value.kind === 'local') return value;
    const known = writer.lookup(value.key);
    if (known) return known;
    const level = writer.levelOf(value);
    const shared = (uses.get(value.key) ?? 0) > 1 || forced.has(value.key);
    if ((shared || writer.leavesLoop(level, from)) && deservesLet(value) && isSafe(value)) {
      const inner = writer.at(level, () => parts(value, level));
      const result = writer.let(level, names.get(value.key) ?? baseName(value), inner);
      writer.remember(level, value.key, result);
      return result;
    }
    const memo = `${from} ${value.key}`;
    let result = done.get(memo);
    if (!result) done.set(memo, (result = parts(value, from)));
    return result;
  };
  const parts = (value: Scalar, from: number): Scalar =>
    mapScalar(
      value,
      (part) => visit(part, from),
      (index) => address(index, from),
    );
  const address = (index: Index, from: number): Index =>
    mapAtoms(index, (part) => {
      if (part.kind === 'element') return atom({ kind: 'element', of: visit(part.of, from) });
      if (part.kind !== 'quotient') return undefined;
      const quotient = { ...part, of: address(part.of, from), by: address(part.by, from) };
      return atom(quotient);
    });
  return values.map((value) => {
    const result = visit(value, writer.depth);
    each?.(result);
    return result;
  });
}

/** How often each value is written where values that are equal are written once, by key. */
function usesIn(values: readonly Scalar[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const count = (value: Scalar): void => {
    const before = uses.get(value.key) ?? 0;
    uses.set(value.key, before + 1);
    if (before === 0) for (const part of partsOf(value)) count(part);
  };
  for (const value of values) count(value);
  return uses;
}

/** Whether a value can be computed where no condition holds: what it loads is loaded anyway, or is there in any case. */
function safeIn(values: readonly Scalar[]): (value: Scalar) => boolean {
  const always = alwaysLoaded(values);
  const safe = new Map<string, boolean>();
  const isSafe = (value: Scalar): boolean => {
    let known = safe.get(value.key);
    if (known === undefined) {
      known = (value.kind !== 'load' || always.has(value.key) || inRange(value)) && partsOf(value).every(isSafe);
      safe.set(value.key, known);
    }
    return known;
  };
  return isSafe;
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
    case 'splat':
      return value.of.kind !== 'number';
    case 'load':
    case 'fold':
    case 'lane':
      return true;
    default:
      return value satisfies never;
  }
}
