// The order of nests: producers before consumers, and in-place updates after everything that reads the old value.
import type { Buffer } from '../../ir/scalar.js';
import { linksOf, type Draft } from './nests.js';

export interface Dependences {
  /** The drafts that must run before this one. */
  before(draft: Draft): ReadonlySet<Draft>;
  /** The drafts that must run after this one. */
  after(draft: Draft): ReadonlySet<Draft>;
  /** The drafts in an order that respects every dependence; undefined where in-place updates wait for one another. */
  sorted(): Draft[] | undefined;
}

const none: ReadonlySet<Draft> = new Set();

/**
 * before(x) are the drafts that must run before x: the writers of what it reads, and, where x overwrites a buffer that lives
 * across steps, the readers of the old value.
 */
export function dependences(drafts: readonly Draft[], inPlace: (buffer: Buffer) => boolean): Dependences {
  const writers = new Map<Buffer, Draft>();
  for (const draft of drafts) for (const to of linksOf(draft).writes) writers.set(to, draft);
  const [before, after] = [new Map<Draft, Set<Draft>>(), new Map<Draft, Set<Draft>>()];
  for (const draft of drafts) {
    before.set(draft, new Set());
    after.set(draft, new Set());
  }
  const put = (earlier: Draft, later: Draft): void => {
    before.get(later)?.add(earlier);
    after.get(earlier)?.add(later);
  };
  for (const draft of drafts)
    for (const from of linksOf(draft).reads) {
      const writer = writers.get(from);
      if (!writer || writer === draft) continue;
      // The old value of an updated buffer is read first; any other buffer is read after it is written.
      if (inPlace(from)) put(draft, writer);
      else put(writer, draft);
    }
  return {
    before: (draft) => before.get(draft) ?? none,
    after: (draft) => after.get(draft) ?? none,
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
}
