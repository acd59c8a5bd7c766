// Which copies of a long repeat nests belong to: they stay in loops of their own, so that one kernel can serve all copies.
import type { Draft } from './nests.js';

/** The copies of a repeat of more than so many are not joined: one loop of all of them would be a text of all of them. */
const mostJoined = 12;

/** True for two drafts of different copies of one long repeat. */
export function createApart(drafts: readonly Draft[]): (a: Draft, b: Draft) => boolean {
  const copies = new Map<string, Set<string>>();
  for (const draft of drafts)
    for (const { repeat, copy } of placeOf(draft).copies) {
      const known = copies.get(repeat);
      if (known) known.add(copy);
      else copies.set(repeat, new Set([copy]));
    }
  if ([...copies.values()].every(({ size }) => size <= mostJoined)) return () => false;
  return (a, b) => {
    const [left, right] = [placeOf(a).path, placeOf(b).path];
    const at = left.findIndex((part, i) => part !== right[i]);
    if (at < 0 || !isNumber(left[at]) || !isNumber(right[at] ?? '')) return false;
    return (copies.get(left.slice(0, at).join('.'))?.size ?? 0) > mostJoined;
  };
}

interface Place {
  /** The bindings and instances that lead to what the draft stores; a repeat's copies are numbers. */
  readonly path: readonly string[];
  /** The repeats around it, outermost first, each with the number of its copy. */
  readonly copies: readonly { readonly repeat: string; readonly copy: string }[];
}

const places = new WeakMap<Draft, Place>();

/** Looked up once for all entries that have the draft in common. */
function placeOf(draft: Draft): Place {
  let known = places.get(draft);
  if (!known) {
    const path = draft.nodes.at(-1)?.origin?.path.split('.') ?? [];
    const copies = path.flatMap((copy, i) => (isNumber(copy) ? [{ repeat: path.slice(0, i).join('.'), copy }] : []));
    places.set(draft, (known = { path, copies }));
  }
  return known;
}

function isNumber(part: string): boolean {
  return /^\d+$/.test(part);
}
