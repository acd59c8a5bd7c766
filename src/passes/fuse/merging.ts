// Which parts of a program can become one, asked again and again while they do.
import type { Buffer } from '../../ir/scalar.js';

/** What a part reads and what it makes: nests wait for one another by nothing else. */
export interface Links {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

/**
 * How parts wait for one another, while they are merged. Each has a rank: what must run before it has a lower one, so that a
 * search for a way from one part to another looks only at those between them.
 */
export class Merging<Part extends object> {
  private readonly writers = new Map<Buffer, Part>();
  /** Who reads the old value of a buffer that lives across steps. */
  private readonly readers = new Map<Buffer, Set<Part>>();
  private readonly ranks = new Map<Part, number>();
  /** The part of each rank; undefined where there is none any more. */
  private readonly line: (Part | undefined)[];

  /**
   * `ordered`: the parts in an order in which they can run; undefined where in-place updates wait for one another. There is no rank then
   * until they are merged, and searches are long.
   */
  constructor(
    parts: readonly Part[],
    ordered: readonly Part[] | undefined,
    private readonly linksOf: (part: Part) => Links,
    private readonly inPlace: (buffer: Buffer) => boolean,
  ) {
    for (const part of parts) this.enter(part, linksOf(part));
    this.line = [...(ordered ?? [])];
    ordered?.forEach((part, rank) => this.ranks.set(part, rank));
  }

  /** The others that make what this part reads; the old value of a buffer that lives across steps was made before all of them. */
  makersOf(part: Part): Part[] {
    const makers: Part[] = [];
    for (const buffer of this.linksOf(part).reads) {
      const maker = this.inPlace(buffer) ? undefined : this.writers.get(buffer);
      if (maker && maker !== part) makers.push(maker);
    }
    return distinct(makers);
  }

  /** True where the two can become one without a cycle: no way of length two or more leads from one to the other. */
  canMerge(a: Part, b: Part): boolean {
    const [low, high] = this.byRank(a, b);
    return this.between(low, high) !== undefined && (this.line.length > 0 || this.between(high, low) !== undefined);
  }

  /** Puts what two became in their place. It may be the first of them, grown: then `linksOf` says so already. */
  merge(a: Part, b: Part, merged: Part): void {
    this.moveTogether(a, b, merged);
    for (const old of [a, b]) if (old !== merged) this.leave(old);
    this.enter(merged, this.linksOf(merged === a ? b : merged));
  }

  /** Puts others in the place of parts that stand one after another; those that come wait for one another in their order, if at all. */
  replace(old: readonly Part[], by: readonly Part[]): void {
    const [first, last] = [old[0], old[old.length - 1]].map((part) => this.rankOf(part));
    for (const part of old) this.leave(part);
    for (const part of by) this.enter(part, this.linksOf(part));
    if (this.line.length === 0) return;
    const taken = last + 1 - first;
    this.line.splice(first, taken, ...by);
    const moved = taken === by.length ? first + by.length : this.line.length;
    for (let rank = first; rank < moved; rank++) {
      const part = this.line[rank];
      if (part) this.ranks.set(part, rank);
    }
  }

  /** What the upper of the two waits for moves below both; those after that keep their ranks. */
  private moveTogether(a: Part, b: Part, merged: Part): void {
    const [low, high] = this.byRank(a, b);
    if (this.line.length === 0) return;
    const from = this.rankOf(low);
    const earlier = this.between(low, high) ?? new Set();
    const last = [...earlier].reduce((rank, part) => Math.max(rank, this.rankOf(part)), from);
    const window = this.line.slice(from + 1, last + 1).filter((part) => part !== undefined);
    // What is no more may come again, and must not stand in two places then.
    this.line[this.rankOf(high)] = undefined;
    const next = [...window.filter((d) => earlier.has(d)), merged, ...window.filter((d) => !earlier.has(d))];
    next.forEach((part, i) => {
      this.line[from + i] = part;
      this.ranks.set(part, from + i);
    });
    // Where there were gaps, the last ranks are left to none.
    this.line.fill(undefined, from + next.length, last + 1);
  }

  private leave(part: Part): void {
    this.ranks.delete(part);
    for (const buffer of this.linksOf(part).reads) this.readers.get(buffer)?.delete(part);
  }

  private enter(part: Part, { reads, writes }: Links): void {
    for (const buffer of writes) this.writers.set(buffer, part);
    for (const buffer of reads) {
      if (!this.inPlace(buffer)) continue;
      const known = this.readers.get(buffer);
      if (known) known.add(part);
      else this.readers.set(buffer, new Set([part]));
    }
  }

  /** What must run before the part: the writers of what it reads, and the readers of the old values that it overwrites. */
  private before(part: Part): Part[] {
    const found = this.makersOf(part);
    const makers = found.length;
    for (const to of this.linksOf(part).writes)
      if (this.inPlace(to)) for (const reader of this.readers.get(to) ?? []) if (reader !== part) found.push(reader);
    return found.length > makers ? distinct(found) : found;
  }

  private byRank(a: Part, b: Part): [Part, Part] {
    return this.rankOf(a) <= this.rankOf(b) ? [a, b] : [b, a];
  }

  private rankOf(part: Part): number {
    return this.ranks.get(part) ?? 0;
  }

  /** What must run before `to` and stands after `from`; undefined where `from` must run before one of these. */
  private between(from: Part, to: Part): Set<Part> | undefined {
    const lowest = this.rankOf(from);
    const seen = new Set<Part>();
    const near = (part: Part): Part[] => {
      const found = this.before(part).filter((d) => this.rankOf(d) >= lowest);
      // The lowest is looked at first: it is the nearest to `from`.
      return found.length > 1 ? found.sort((a, b) => this.rankOf(b) - this.rankOf(a)) : found;
    };
    const open = near(to).filter((part) => part !== from);
    for (let part = open.pop(); part; part = open.pop()) {
      if (part === from) return undefined;
      if (seen.has(part)) continue;
      seen.add(part);
      for (const earlier of near(part)) open.push(earlier);
    }
    return seen;
  }
}

/** Each once, in the order in which they come first. Few are compared sooner than a set is made. */
function distinct<T>(all: T[]): T[] {
  if (all.length < 2) return all;
  return all.length > 8 ? [...new Set(all)] : all.filter((each, i) => all.indexOf(each) === i);
}
