// What is known of the nodes of a graph: by their numbers, where the graph is most of what was made, so that looking up takes no hashing.
import type { Node } from './graph.js';
import { partsOfNode } from './reachable.js';

/** A table of so many places for each node is a map instead. */
const mostPlaces = 8;

export class NodeTable<T> {
  private readonly places: (T | undefined)[] = [];
  private readonly others = new Map<Node, T>();

  /** Of nodes in the order in which they were made; others may be entered as well. */
  constructor(order: readonly Node[]) {
    const end = order.length === 0 ? 0 : order[order.length - 1].id + 1;
    if (end <= mostPlaces * order.length) this.places.length = end;
  }

  get(node: Node): T | undefined {
    return node.id < this.places.length ? this.places[node.id] : this.others.get(node);
  }

  set(node: Node, value: T): void {
    if (node.id < this.places.length) this.places[node.id] = value;
    else this.others.set(node, value);
  }
}

/** Of each node the ones that read it, each once. `follow` gives the inputs that count. */
export function readersAmong(
  order: readonly Node[],
  follow: (node: Node) => readonly Node[] = partsOfNode,
): NodeTable<Node[]> {
  const readers = new NodeTable<Node[]>(order);
  for (const node of order)
    for (const input of follow(node)) {
      const known = readers.get(input);
      if (!known) readers.set(input, [node]);
      else if (known[known.length - 1] !== node) known.push(node);
    }
  return readers;
}
