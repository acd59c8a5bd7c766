// Makes graph nodes. Hash-consing: equal expressions are one node, so common subexpressions need no pass.
import type { Attrs, Builder, Node, Op, Origin } from './graph.js';
import type { TensorType } from './types.js';

/** A new builder with nothing in it. Nodes of two builders must not be mixed. */
export function createBuilder(): Builder {
  const nodes = new Map<string, Node>();
  let origin: Origin | undefined;
  return {
    get size() {
      return nodes.size;
    },
    make<A extends Attrs>(op: Op<A>, inputs: readonly Node[], attrs: A): Node {
      const key = `${op.name}(${inputs.map((n) => n.id).join(',')})${keyOfAttrs(attrs)}`;
      const known = nodes.get(key);
      if (known) return known;
      const type: TensorType = op.type(
        inputs.map((n) => n.type),
        attrs,
      );
      const node: Node<A> = { id: nodes.size, op, inputs, attrs, type, key, origin };
      // A node is used through Node<Attrs>; its op only ever sees its own attributes.
      nodes.set(key, node as unknown as Node);
      return node as unknown as Node;
    },
    at(next, build) {
      const before = origin;
      origin = next ?? before;
      try {
        return build();
      } finally {
        origin = before;
      }
    },
  };
}

/** Gives a node its name, and the place where it got it, unless it has one. */
export function nameNode(node: Node, name: string, place = name): void {
  if (node.name !== undefined) return;
  node.name = name;
  node.place = place;
}

/** A node that stands for another one is called as that was, unless it has a name of its own. */
export function keepName(from: Node, to: Node): void {
  if (to.inputs.length === 0) return;
  if (from.name !== undefined && to.name === undefined) nameNode(to, from.name, from.place);
  to.place ??= from.place;
}

/** Names of dimensions do not tell nodes apart; indices stand for themselves by their canonical keys. */
function keyOfAttrs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(keyOfAttrs).join(',')}]`;
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(value);
  if ('terms' in value && 'key' in value) return String(value.key);
  if ('size' in value && 'name' in value) return keyOfAttrs({ size: value.size });
  return `{${Object.entries(value)
    .map(([k, v]) => `${k}:${keyOfAttrs(v)}`)
    .join(',')}}`;
}
