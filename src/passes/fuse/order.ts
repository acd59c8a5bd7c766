// The order of nests: producers before consumers, and in-place updates after everything that reads the old value.
import type { Buffer } from '../../ir/scalar.js';
import { linksOf, type Draft } from './nests.js';

/** Which drafts must run before others, by their places. */
export interface Dependences {
  /** Of each, those that must run after it, each once. */
  readonly after: readonly (readonly number[])[];
  /** Of each, how many must run before it. */
  readonly waiting: number[];
}

/**
 * Before a draft must run the writers of what it reads, and, where it overwrites a buffer that lives across steps, the readers of the
 * old value.
 */
export function dependences(drafts: readonly Draft[], inPlace: InPlace): Dependences {
  const after = drafts.map((): number[] => []);
  const waiting = earlierThan(drafts, inPlace).map((earlier, i) => {
    const before = new Set(earlier);
    for (const j of before) after[j].push(i);
    return before.size;
  });
  return { after, waiting };
}

type InPlace = (buffer: Buffer) => boolean;

/** Of each draft, the places of those that must run before it, some of them more than once. */
function earlierThan(drafts: readonly Draft[], inPlace: InPlace): number[][] {
  const writers = new Map<Buffer, number>();
  drafts.forEach((draft, i) => {
    for (const to of linksOf(draft).writes) writers.set(to, i);
  });
  const earlier = drafts.map((): number[] => []);
  drafts.forEach((draft, i) => {
    for (const from of linksOf(draft).reads) {
      const writer = writers.get(from);
      if (writer === undefined || writer === i) continue;
      // The old value of an updated buffer is read first; any other buffer is read after it is written.
      if (inPlace(from)) earlier[writer].push(i);
      else earlier[i].push(writer);
    }
  });
  return earlier;
}

/** The drafts in an order that respects every dependence; undefined where in-place updates wait for one another. */
export function sortedDrafts(drafts: readonly Draft[], inPlace: InPlace): Draft[] | undefined {
  const earlier = earlierThan(drafts, inPlace);
  const states = new Uint8Array(drafts.length);
  const [open, done] = [1, 2];
  const result: Draft[] = [];
  const visit = (i: number): boolean => {
    if (states[i] !== 0) return states[i] === done;
    states[i] = open;
    for (const j of earlier[i]) if (!visit(j)) return false;
    states[i] = done;
    result.push(drafts[i]);
    return true;
  };
  return drafts.every((_, i) => visit(i)) ? result : undefined;
}
