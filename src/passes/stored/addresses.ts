// How large addresses become where what is not stored is written into its readers, and what is stored so that they do not.
import { addressOf, loadElement } from '../../ir/elements.js';
import type { Element, Node } from '../../ir/graph.js';
import { axis, sizeOfIndex, toIndex, type Index } from '../../ir/index.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import { elementCount } from '../../ir/types.js';
import { someScalar } from '../../ir/walk.js';

/**
 * Parts of an address: more are worse than a buffer. A reshape whose axes do not fit those of what it is of takes an index apart by quotients, and
 * the next one takes each of these apart: coordinates grow by a factor with each that is written into another, without end.
 */
export const largestAddress = 250;

/** So many reshapes one inside another come to no more than that. */
const fewReshapes = 3;

/** What must be stored as well, so that no address is too large: the nodes, of those without buffers, that would be read at such or read so. */
export function tooFar(
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  inputsOf: (node: Node) => readonly Node[],
  divides: (node: Node) => boolean,
): Node[] {
  const isWritten = (node: Node): boolean => node.op.kind === 'element' && !stored.has(node);
  // How many reshapes stand in what is written into a reader, at most.
  const depths = new Map<Node, number>();
  const depthOf = (node: Node): number => depths.get(node) ?? 0;
  let deepest = 0;
  for (const node of order) {
    let depth = 0;
    for (const input of inputsOf(node)) if (isWritten(input)) depth = Math.max(depth, depthOf(input));
    if (divides(node)) depth++;
    if (depth > 0) depths.set(node, depth);
    deepest = Math.max(deepest, depth);
  }
  if (deepest <= fewReshapes) return [];
  const found = new Set<Node>();
  const starts = new Set<Node>();
  for (const node of order)
    if (!isWritten(node))
      for (const start of node.op.kind === 'element' ? [node] : inputsOf(node).filter(isWritten)) starts.add(start);
  // What is found has a nest of its own, which the walk over the starts comes to.
  for (const start of starts) {
    if (depthOf(start) <= fewReshapes) continue;
    const far = farFrom(start, (node) => isWritten(node) && !found.has(node));
    if (!far) continue;
    found.add(far);
    starts.add(far);
  }
  return [...found];
}

/** The first node in the nest of this one whose addresses are too large. */
function farFrom(start: Node, isWritten: (node: Node) => boolean): Node | undefined {
  let far: Node | undefined;
  const memo = new Map<string, Scalar>();
  const elementOf =
    (node: Node): Element =>
    (at) => {
      const read = node !== start && !isWritten(node);
      if (!read && node !== start && at.some(isTooLarge)) far = node;
      if (far !== undefined) return placeholderOf(node, []);
      if (read) return placeholderOf(node, at);
      const key = `${node.id}@${at.map((i) => i.key).join(';')}`;
      const known = memo.get(key);
      if (known) return known;
      const value =
        node.op.kind === 'element' ? node.op.element(at, node.inputs.map(elementOf), node) : placeholderOf(node, at);
      if (!far && node !== start && hasTooLarge(value)) far = node;
      // What is put into it on the way back would grow all the same.
      if (far) return placeholderOf(node, []);
      memo.set(key, value);
      return value;
    };
  elementOf(start)(start.type.shape.map((d, i) => toIndex(axis(`i${i}`, d.size))));
  return far;
}

function isTooLarge(index: Index): boolean {
  return sizeOfIndex(index) > largestAddress;
}

function hasTooLarge(value: Scalar): boolean {
  return someScalar(
    value,
    (part) => (part.kind === 'load' && isTooLarge(part.at)) || (part.kind === 'index' && isTooLarge(part.of)),
  );
}

/** An element of what has a buffer; the first one where coordinates do not matter. */
function placeholderOf({ type }: Node, at: readonly Index[]): Scalar {
  const buffer: Buffer = {
    name: 'in',
    space: 'arena',
    dtype: type.element.kind === 'f32' ? 'f32' : 'i32',
    length: elementCount(type),
  };
  return loadElement(buffer, addressOf(type, at), type);
}
