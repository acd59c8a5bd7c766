// Run-time sizes at which a model can be computed, found before any call tells them.
import { evaluateSizes, sizesOf, sub, zero, type Index } from './index.js';
import type { SizeCondition } from './model.js';
import { holdsAt, knownOf, sizesOfCondition } from './requirements.js';

/** No size is tried above this one. */
const largest = 65536;

/** So many combinations of sizes are looked at. */
const most = 1024;

/** Sizes up to so many above the one that does not fit are tried one by one. */
const near = 32;

/** A size that is raised: whether the condition holds where it is n, and how far the sides of its comparisons are apart there. */
interface Raised {
  holds(n: number): boolean;
  readonly differences: readonly ((n: number) => number)[];
}

/**
 * Small sizes at which all conditions hold, none below `from`; undefined where none are found. A condition that does not hold is mended by
 * raising one of its sizes to the first at which it does; where that leads nowhere, by raising any of them by one as well.
 */
export function leastSizes(
  names: readonly string[],
  conditions: readonly SizeCondition[],
  from: (name: string) => number = () => 1,
): ReadonlyMap<string, number> | undefined {
  const start = names.map(from);
  const found =
    search(names, conditions, start, firstFrom) ??
    search(names, conditions, start, (n, raised) => [n, ...firstFrom(n, raised)]);
  return found && new Map(names.map((name, i) => [name, found[i]]));
}

/** Of the combinations that can be reached those of the smallest sum are looked at first. `raise` gives what a size may become, from n up. */
function search(
  names: readonly string[],
  conditions: readonly SizeCondition[],
  start: readonly number[],
  raise: (n: number, raised: Raised) => readonly number[],
): readonly number[] | undefined {
  const waiting = new Map([[start.join(), start]]);
  const seen = new Set(waiting.keys());
  for (let looked = 0; waiting.size > 0 && looked < most; looked++) {
    const [key, sizes] = [...waiting].reduce((a, b) => (sum(b[1]) < sum(a[1]) ? b : a));
    waiting.delete(key);
    const at = (name: string): number => sizes[names.indexOf(name)] ?? 1;
    const broken = conditions.find((condition) => !holdsAt(condition, at));
    if (!broken) return sizes;
    for (const name of sizesOfCondition(broken)) {
      const i = names.indexOf(name);
      if (i < 0) continue;
      const atN = (n: number) => (other: string) => (other === name ? n : at(other));
      const raised: Raised = {
        holds: (n) => holdsAt(broken, atN(n)),
        differences: comparisonsIn(broken).map((c) => (n) => evaluateSizes(sub(c.left, c.right), atN(n))),
      };
      for (const n of raise(sizes[i] + 1, raised)) {
        const next = sizes.with(i, n);
        if (n > largest || seen.has(next.join())) continue;
        seen.add(next.join());
        waiting.set(next.join(), next);
      }
    }
  }
  return undefined;
}

/** What says that tensors of these lengths have no negative one, as far as that depends on sizes; each once. */
export function lengthsFit(lengths: Iterable<Index>): SizeCondition[] {
  const known = new Map<string, SizeCondition>();
  for (const right of lengths) {
    if (known.has(right.key) || sizesOf(right).size === 0) continue;
    const condition = { kind: 'compare', operator: '<=', left: zero, right } as const;
    if (knownOf(condition) === undefined) known.set(right.key, condition);
  }
  return [...known.values()];
}

/**
 * Numbers from n up at which a condition holds that `differences` make: the first of those near by; else the first at which the two sides of
 * one of its comparisons have passed one another.
 */
function firstFrom(n: number, { holds, differences }: Raised): readonly number[] {
  for (let m = n; m < n + near; m++) if (holds(m)) return [m];
  const last = n + near - 1;
  const passings = differences.flatMap((difference) => {
    const before = Math.sign(difference(last));
    if (Math.sign(difference(largest)) === before) return [];
    let [below, above] = [last, largest];
    while (above - below > 1) {
      const middle = Math.floor((below + above) / 2);
      if (Math.sign(difference(middle)) === before) below = middle;
      else above = middle;
    }
    return [above, above + 1];
  });
  return passings.filter(holds).slice(0, 1);
}

/** The comparisons that a condition is made of. */
function comparisonsIn(condition: SizeCondition): Extract<SizeCondition, { kind: 'compare' }>[] {
  if (condition.kind === 'compare') return [condition];
  return (condition.kind === 'not' ? [condition.of] : condition.parts).flatMap(comparisonsIn);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a + b, 0);
}
