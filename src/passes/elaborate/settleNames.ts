// One name, one value: names that the bodies of several instances give.
import type { Node } from '../../ir/graph.js';
import { asName } from '../../ir/labels.js';

/** Where a name stands for several values, as `scores` does in each copy of a block, each is called by its place. */
export function settleNames(nodes: readonly Node[]): void {
  const places = new Map<string, Set<string>>();
  for (const { name, place } of nodes) {
    if (name === undefined || place === undefined) continue;
    places.set(name, (places.get(name) ?? new Set()).add(place));
  }
  for (const node of nodes)
    if (node.name !== undefined && node.place !== undefined && (places.get(node.name)?.size ?? 0) > 1)
      node.name = asName(node.place);
}
