// Which copies of a long repeat nests belong to: they stay in loops of their own, so that one kernel can serve all copies.
import type { Draft } from './nests.js';

/** The copies of a repeat of more than so many are not joined: one loop of all of them would be a text of all of them. */
const mostJoined = 12;

/** True for two drafts of different copies of one long repeat. */
export function createApart(drafts: readonly Draft[]): (a: Draft, b: Draft) => boolean {
  const paths = new Map(drafts.map((draft) => [draft, pathOf(draft)]));
  const copies = new Map<string, Set<string>>();
  for (const path of paths.values())
    path.forEach((part, i) => {
      if (!isNumber(part)) return;
      const repeat = path.slice(0, i).join('.');
      copies.set(repeat, (copies.get(repeat) ?? new Set()).add(part));
    });
  return (a, b) => {
    const [left, right] = [paths.get(a) ?? [], paths.get(b) ?? []];
    const at = left.findIndex((part, i) => part !== right[i]);
    if (at < 0 || !isNumber(left[at]) || !isNumber(right[at] ?? '')) return false;
    return (copies.get(left.slice(0, at).join('.'))?.size ?? 0) > mostJoined;
  };
}

/** The bindings and instances that lead to what the draft stores; a repeat's copies are numbers. */
function pathOf({ nodes }: Draft): string[] {
  return nodes.at(-1)?.origin?.path.split('.') ?? [];
}

function isNumber(part: string): boolean {
  return /^\d+$/.test(part);
}
