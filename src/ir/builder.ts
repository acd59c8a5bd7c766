// Makes graph nodes. Hash-consing: equal expressions are one node, so common subexpressions need no pass.
import type { Attrs, Builder, Node, Op, Origin, Role } from './graph.js';
import { typeKey, type TensorType } from './types.js';

/** A new builder with nothing in it. Nodes of two builders must not be mixed. */
export function createBuilder(): Builder {
  const known = new KnownNodes();
  const types = new KnownTypes();
  let origin: Origin | undefined;
  let role: Role = { kind: 'forward' };
  const builder: Builder = {
    get size() {
      return known.size;
    },
    make<A extends Attrs>(op: Op<A>, inputs: readonly Node[], attrs: A): Node<A> {
      const found = known.find(op, inputs, attrs);
      if (found) return found;
      const type = types.own(
        op.type(
          inputs.map((n) => n.type),
          attrs,
        ),
      );
      const node = new MadeNode(known.size, op, inputs, attrs, type, origin, role);
      known.add(node);
      return node;
    },
    at(next, build, as = role) {
      const [originBefore, roleBefore] = [origin, role];
      origin = next ?? origin;
      role = as;
      try {
        return build();
      } finally {
        origin = originBefore;
        role = roleBefore;
      }
    },
    like: (node, build) => builder.at(node.origin, build, termOf(node.role)),
  };
  return builder;
}

class MadeNode<A extends Attrs> implements Node<A> {
  kept = false;
  name?: string;
  place?: string;
  activation?: string;
  private written?: string;
  private attrsWritten?: string;

  constructor(
    readonly id: number,
    readonly op: Op<A>,
    readonly inputs: readonly Node[],
    readonly attrs: A,
    readonly type: TensorType,
    public origin: Origin | undefined,
    public role: Role,
  ) {}

  /** Written when it is first asked for: few nodes are told apart by it. */
  get key(): string {
    return (this.written ??= `${numberOf(this.op)}(${this.inputs.map((n) => n.id).join(',')})${this.attrsKey}`);
  }

  get attrsKey(): string {
    return (this.attrsWritten ??= keyOfAttrs(this.attrs));
  }
}

const numbers = new Map<unknown, number>();

/** Ops by the order in which they were first asked for: what a node's key begins with. */
function numberOf(op: unknown): number {
  const known = numbers.get(op) ?? numbers.size;
  numbers.set(op, known);
  return known;
}

/** The nodes of a builder: each stands with the newest of its inputs, which few others are made of. */
class KnownNodes {
  private readonly leaves = new Map<string, Node>();
  /** Of each input, by its number, the node that stands with it and was made last; and of each node the one that was made before it. */
  private readonly lastUsers: (Node | undefined)[] = [];
  private readonly earlier: (Node | undefined)[] = [];
  size = 0;

  find<A extends Attrs>(op: Op<A>, inputs: readonly Node[], attrs: A): Node<A> | undefined {
    // Equal keys are of one op, so that the attributes are its own.
    if (inputs.length === 0) return this.leaves.get(leafKey(op, attrs)) as Node<A> | undefined;
    let key: string | undefined;
    for (let user = this.lastUsers[newest(inputs).id]; user; user = this.earlier[user.id])
      if (
        user.op === (op as unknown) &&
        sameNodes(user.inputs, inputs) &&
        (user.attrs === attrs || user.attrsKey === (key ??= keyOfAttrs(attrs)))
      )
        return user as Node<A>;
    return undefined;
  }

  add(node: Node): void {
    this.size++;
    this.lastUsers.push(undefined);
    this.earlier.push(undefined);
    if (node.inputs.length === 0) {
      this.leaves.set(`${numberOf(node.op)}${node.attrsKey}`, node);
      return;
    }
    const { id } = newest(node.inputs);
    this.earlier[node.id] = this.lastUsers[id];
    this.lastUsers[id] = node;
  }
}

/** The types of a builder's nodes: equal ones are one, for what is found of a type or a shape is kept with the object. */
class KnownTypes {
  private readonly byKey = new Map<string, TensorType>();
  private readonly all = new Set<TensorType>();

  own(type: TensorType): TensorType {
    if (this.all.has(type)) return type;
    const key = typeKey(type);
    const known = this.byKey.get(key);
    if (known) return known;
    this.byKey.set(key, type);
    this.all.add(type);
    return type;
  }
}

function sameNodes(a: readonly Node[], b: readonly Node[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function newest(nodes: readonly Node[]): Node {
  let found = nodes[0];
  for (const node of nodes) if (node.id > found.id) found = node;
  return found;
}

function leafKey(op: unknown, attrs: Attrs): string {
  return `${numberOf(op)}${keyOfAttrs(attrs)}`;
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
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return keyOfList(value);
  if ('op' in value && 'id' in value) return `%${String(value.id)}`;
  if ('key' in value) return String(value.key);
  const named = 'size' in value && 'name' in value;
  let entries = '';
  for (const k of Object.keys(value)) if (!named || k === 'size') entries += `${k}:${keyOfAttrs((value as Attrs)[k])},`;
  return `{${entries}}`;
}

function keyOfList(list: readonly unknown[]): string {
  let members = '';
  for (const member of list) members += `${keyOfAttrs(member)},`;
  return `[${members}]`;
}
