// What tells random draws apart: where each stands, so that a draw more in a model changes none of the others.
import { fingerprint } from '../../ir/fingerprint.js';

/** Sites are whole numbers below this. */
const most = 2 ** 31;

/** Hands out the numbers of draws, by the path of the binding or instance that makes them. */
export class DrawSites {
  private counts = new Map<string, number>();
  private taken = new Set<number>();

  /** Of the next draw that stands there: a digest of the path, and of which one it is. */
  next(path: string): number {
    const count = (this.counts.get(path) ?? 0) + 1;
    this.counts.set(path, count);
    let site = Number(BigInt(`0x${fingerprint(count === 1 ? path : `${path}#${count}`)}`) % BigInt(most));
    while (this.taken.has(site)) site = (site + 1) % most;
    this.taken.add(site);
    return site;
  }

  /** Forgets what is handed out from here on. */
  mark(): () => void {
    const [counts, taken] = [new Map(this.counts), new Set(this.taken)];
    return () => {
      [this.counts, this.taken] = [new Map(counts), new Set(taken)];
    };
  }
}
