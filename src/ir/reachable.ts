// The walk over a graph: what nodes are made from, and the same nodes made from others. All that goes through graphs goes by it, so that
// an op with a body of its own is entered everywhere as soon as it is entered here.
import { standFor } from './builder.js';
import { isOp, type Builder, type Node } from './graph.js';
import { parameter } from './ops/leaves.js';

/** What a node is made from. */
export function partsOfNode({ inputs }: Node): readonly Node[] {
  return inputs;
}

/** The node made from what its parts become, with its role, name and origin; the node itself where all of them stay. */
export function mapNode(node: Node, become: (part: Node) => Node, g: Builder): Node {
  let changed: Node[] | undefined;
  for (let i = 0; i < node.inputs.length; i++) {
    const next = become(node.inputs[i]);
    if (next !== node.inputs[i]) (changed ??= [...node.inputs])[i] = next;
  }
  if (!changed) return node;
  const inputs = changed;
  const made = g.like(node, () => g.make(node.op, inputs, node.attrs));
  standFor(node, made);
  return made;
}

/** Every node that the roots reach: inputs before what reads them, in order of making. `follow` gives the inputs that count. */
export function reachable(roots: readonly Node[], follow: (node: Node) => readonly Node[] = partsOfNode): Node[] {
  const found: Node[] = [];
  const seen = tables.pop() ?? { marks: new Uint32Array(1024), walk: 0 };
  const walk = ++seen.walk;
  const open = [...roots];
  let end = 0;
  for (let node = open.pop(); node; node = open.pop()) {
    const { id } = node;
    if (id >= seen.marks.length) seen.marks = enlarged(seen.marks, id);
    if (seen.marks[id] === walk) continue;
    seen.marks[id] = walk;
    end = Math.max(end, id + 1);
    found.push(node);
    for (const part of follow(node)) open.push(part);
  }
  if (seen.marks.length <= largestKept && walk < mostWalks) tables.push(seen);
  return inOrderOfMaking(found, end);
}

/** Which nodes a walk has come to: the number of the walk stands at theirs. */
interface Seen {
  marks: Uint32Array<ArrayBuffer>;
  walk: number;
}

/**
 * Tables that no walk uses now, for a walk over a few of many nodes is not to clear one for all of them. There are as many as walks that
 * began within one another.
 */
const tables: Seen[] = [];
/** Larger ones are not kept. */
const largestKept = 2 ** 20;
/** Numbers that a table can hold. */
const mostWalks = 2 ** 32 - 1;

function enlarged(marks: Uint32Array<ArrayBuffer>, id: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.max(id + 1, 2 * marks.length));
  more.set(marks);
  return more;
}

/** Sorted by their numbers, which are below `end`: where they are many among those, by putting each in its place. */
function inOrderOfMaking(nodes: Node[], end: number): Node[] {
  if (nodes.length * 8 < end) return nodes.sort((a, b) => a.id - b.id);
  const places = new Int32Array(end);
  nodes.forEach(({ id }, i) => {
    places[id] = i + 1;
  });
  const sorted: Node[] = [];
  for (const place of places) if (place > 0) sorted.push(nodes[place - 1]);
  return sorted;
}

/**
 * The same roots over other leaves: what depends on those is made again, in the order in which it was made, and called as it was. `become`
 * gives what a leaf becomes, undefined where it stays.
 */
export function overLeaves(roots: readonly Node[], become: (leaf: Node) => Node | undefined, g: Builder): Node[] {
  const made = new Map<Node, Node>();
  const now = (node: Node): Node => made.get(node) ?? node;
  for (const node of reachable(roots))
    made.set(node, node.inputs.length === 0 ? (become(node) ?? node) : mapNode(node, now, g));
  return roots.map(now);
}

/** The names of the parameters among some nodes. */
export function parametersAmong(nodes: readonly Node[]): string[] {
  return nodes.flatMap((n) => (isOp(n, parameter) ? [n.attrs.name] : []));
}

/** What a node's derivative is taken by: what stands behind round, comparisons and the like has none. */
export function differentiable({ op, inputs }: Node): readonly Node[] {
  return op.vjp !== undefined || op.kind === 'structured'
    ? inputs.filter((input) => input.type.element.kind === 'f32')
    : [];
}
