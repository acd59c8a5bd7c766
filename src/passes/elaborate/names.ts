// The nearest known name to a misspelt one.
import { plain } from '../../diagnostics/foreign.js';

/** The name in other cases and with other underscores, or within two edits (one for short names, none for single letters), if there is one. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = [...name].length === 1 ? 1 : name.length <= 3 ? 2 : 3;
  for (const candidate of known) {
    // Nobody mistypes names of such a length.
    if (Math.max(name.length, candidate.length) > longestName) continue;
    if (candidate !== name && plain(candidate) === plain(name)) return candidate;
    const distance = editDistance(name, candidate, least);
    // As near as another one, csv is what cvs means: nothing is missing in it.
    if (distance < least || (best !== undefined && distance === least && lettersOf(candidate) === lettersOf(name))) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Longer names are compared with no other: it takes the product of their lengths. */
const longestName = 200;

function lettersOf(name: string): string {
  return [...name].sort().join('');
}

/** Levenshtein's distance, with swaps of neighbours as one edit; gives up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let [before, last] = [Array.from(b, () => 0).concat(0), Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = Array.from({ length: b.length + 1 }, () => limit);
    if (i < limit) row[0] = i;
    // Farther from the diagonal than the limit, more than the limit is to be edited.
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}
