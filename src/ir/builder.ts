// Makes graph nodes. Hash-consing: equal expressions are one node, so common subexpressions need no pass.
import type { Attrs, Builder, Node, Op, Origin, Role } from './graph.js';
import type { TensorType } from './types.js';

/** A new builder with nothing in it. Nodes of two builders must not be mixed. */
export function createBuilder(): Builder {
  const nodes = new Map<number, Node>();
  /** Ops by the order in which they were first asked for: what a node's key begins with. */
  const numbers = new Numbers<Op<never>>();
  /** Ops with numbers of inputs and attributes, and pairs: what nodes are looked up by, which is less to make than a text. */
  const kinds = new Numbers<string>();
  const pairs = new Numbers<number>();
  /** What keys of nodes say of their attributes, which nodes made from them have in common with them. */
  const attrKeys = new Map<Attrs, string>();
  let origin: Origin | undefined;
  let role: Role = { kind: 'forward' };
  const builder: Builder = {
    get size() {
      return nodes.size;
    },
    make<A extends Attrs>(op: Op<A>, inputs: readonly Node[], attrs: A): Node<A> {
      const attrKey = attrKeys.get(attrs) ?? keyOfAttrs(attrs);
      const number = numbers.of(op);
      const kind = kinds.of(`${number}/${inputs.length}${attrKey}`);
      let of = 0;
      inputs.forEach(({ id }, i) => {
        of = i === 0 ? id : pairs.of(paired(of, id));
      });
      const found = paired(kind, of);
      const known = nodes.get(found);
      // Equal keys are of one op, so that the attributes are its own.
      if (known) return known as Node<A>;
      const type: TensorType = op.type(
        inputs.map((n) => n.type),
        attrs,
      );
      const key = `${number}(${inputs.map((n) => n.id).join(',')})${attrKey}`;
      const node: Node<A> = { id: nodes.size, op, inputs, attrs, type, key, origin, role, kept: false };
      nodes.set(found, node);
      attrKeys.set(attrs, attrKey);
      return node;
    },
    at(next, build, as = role) {
      const before = [origin, role] as const;
      origin = next ?? origin;
      role = as;
      try {
        return build();
      } finally {
        [origin, role] = before;
      }
    },
    like: (node, build) => builder.at(node.origin, build, termOf(node.role)),
  };
  return builder;
}

/** Numbers things in the order in which they are first asked for. */
class Numbers<T> {
  private readonly known = new Map<T, number>();

  of(thing: T): number {
    let number = this.known.get(thing);
    if (number === undefined) this.known.set(thing, (number = this.known.size));
    return number;
  }
}

/** Two numbers below 2^26 as one. */
function paired(a: number, b: number): number {
  return a * 2 ** 26 + b;
}

/** What is made for the sake of a cotangent is not the cotangent. */
function termOf(role: Role): Role {
  return role.kind === 'cotangent' && role.of ? { ...role, of: undefined } : role;
}

/** Gives a node the name that its author chose, and the place where it got it, unless it has one. */
export function nameNode(node: Node, name: string, place = name): void {
  if (node.name !== undefined) return;
  node.name = name;
  node.place = place;
  keep(node, true);
}

let changes = 0;

/** How often a node has come to be written down as its author wrote it: what was found of nodes' forms holds while this stays. */
export function keptChanges(): number {
  return changes;
}

function keep(node: Node, kept: boolean): void {
  if (node.kept !== kept) changes++;
  node.kept = kept;
}

/** A node that stands for another one is what that was and called as it was, unless it has a role or a name of its own. */
export function standFor(from: Node, to: Node): void {
  if (to.inputs.length === 0) return;
  if (from.role.kind === 'cotangent' && from.role.of) markCotangent(to, from.role.of);
  if (from.name !== undefined && to.name === undefined) {
    to.name = from.name;
    to.place = from.place;
    keep(to, from.kept);
  }
  if (hasPlace(to)) return;
  to.place = from.place;
  to.activation = from.activation;
}

/**
 * Says of a term of the chain rule that it is all of the derivative by a node. Of several such nodes, as both operands of a sum are, it is
 * that of the first; of one that has a name rather than of one that has none. What is a value of the model as well stays one. Of a
 * product of two cotangents each may be the derivative by the other: only the first is.
 */
export function markCotangent(node: Node, of: Node): void {
  const { role } = node;
  if (role.kind !== 'cotangent' || node.inputs.length === 0 || leadsTo(of, node)) return;
  if (!role.of || known(role.of) < known(of)) node.role = { ...role, of };
}

/** Is it the cotangent of the other, or of a cotangent of it, to any order? */
function leadsTo(from: Node, to: Node): boolean {
  for (let at: Node | undefined = from; at; at = at.role.kind === 'cotangent' ? at.role.of : undefined)
    if (at === to) return true;
  return false;
}

/** How well a node is known: by its name, by its place, or not at all. */
function known(node: Node): number {
  return node.name !== undefined || node.inputs.length === 0 ? 2 : hasPlace(node) ? 1 : 0;
}

function hasPlace({ place, activation }: Node): boolean {
  return place !== undefined || activation !== undefined;
}

/** Names of dimensions do not tell nodes apart; indices, loops and nodes stand for themselves by their keys. */
function keyOfAttrs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(keyOfAttrs).join(',')}]`;
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(value);
  if ('op' in value && 'id' in value) return `%${String(value.id)}`;
  if ('key' in value) return String(value.key);
  if ('size' in value && 'name' in value) return keyOfAttrs({ size: value.size });
  let entries = '';
  for (const [k, v] of Object.entries(value)) entries += `${entries && ','}${k}:${keyOfAttrs(v)}`;
  return `{${entries}}`;
}
