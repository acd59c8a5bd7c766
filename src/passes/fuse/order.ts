// The order of nests: producers before consumers, and in-place updates after everything that reads the old value.
import type { Buffer } from '../../ir/scalar.js';
import { loadsOf, type Draft } from './nests.js';

export interface Dependences {
  /** True where the two can become one nest without a cycle. */
  canMerge(a: Draft, b: Draft): boolean;
  /** True where all that must run before the draft is done. */
  isReady(draft: Draft, done: ReadonlySet<Draft>): boolean;
  /** The drafts in an order that respects every dependence; undefined where in-place updates wait for one another. */
  sorted(): Draft[] | undefined;
}

/**
 * before(x) are the drafts that must run before x: the writers of what it reads, and, where x overwrites a buffer that lives
 * across steps, the readers of the old value.
 */
export function dependences(drafts: readonly Draft[], inPlace: (buffer: Buffer) => boolean): Dependences {
  const writers = new Map<Buffer, Draft>();
  for (const draft of drafts) for (const store of draft.nest.stores) writers.set(store.to, draft);
  const before = new Map<Draft, Set<Draft>>(drafts.map((d) => [d, new Set()]));
  for (const draft of drafts)
    for (const store of draft.nest.stores)
      for (const { from } of loadsOf(store.value)) {
        const writer = writers.get(from);
        if (!writer || writer === draft) continue;
        // The old value of an updated buffer is read first; any other buffer is read after it is written.
        if (inPlace(from)) before.get(writer)?.add(draft);
        else before.get(draft)?.add(writer);
      }
  return {
    canMerge(a, b) {
      // A path of length two or more from one to the other would become a cycle.
      return !reaches(a, b) && !reaches(b, a);
    },
    isReady(draft, done) {
      return [...(before.get(draft) ?? [])].every((d) => done.has(d));
    },
    sorted() {
      const done = new Set<Draft>();
      const open = new Set<Draft>();
      const result: Draft[] = [];
      const visit = (draft: Draft): boolean => {
        if (done.has(draft)) return true;
        if (open.has(draft)) return false;
        open.add(draft);
        for (const earlier of before.get(draft) ?? []) if (!visit(earlier)) return false;
        open.delete(draft);
        done.add(draft);
        result.push(draft);
        return true;
      };
      return drafts.every(visit) ? result : undefined;
    },
  };

  /** Is there a path of at least two edges by which `from` must run before `to`? */
  function reaches(from: Draft, to: Draft): boolean {
    const seen = new Set<Draft>();
    const stack = [...(before.get(to) ?? [])].filter((d) => d !== from);
    for (let draft = stack.pop(); draft; draft = stack.pop()) {
      if (draft === from) return true;
      if (seen.has(draft)) continue;
      seen.add(draft);
      stack.push(...(before.get(draft) ?? []));
    }
    return false;
  }
}
