// What rounds compute without anything that is carried, computed for all of them at once.
import { elementwise } from './elementwise.js';
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { contract } from '../../../ir/ops/contract.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import type { Loop } from '../../../ir/ops/scan.js';
import { sameShape, tensor, type TensorType } from '../../../ir/types.js';

/** What is known of the nodes of a body. */
export interface Around {
  /** What a node is at each round ([T, …]), where that is at hand. */
  readonly sequence: (node: Node) => Node | undefined;
  /** The same in every round. */
  readonly isTimeless: (node: Node) => boolean;
  /** What is the same in every round, outside of the loop. */
  readonly outside: (node: Node) => Node;
}

/** The type of a stack of so many. */
export function stackType(type: TensorType, length: Loop['length']): TensorType {
  return tensor([length, ...type.shape], type.element);
}

/** A node of a body at each round ([T, …]), by operations over all of them; undefined where it depends on what no sequence has. */
export function stackOutside(node: Node, around: Around, length: Loop['length'], g: Builder): Node | undefined {
  const { op, inputs, attrs, type } = node;
  const known = around.sequence(node);
  if (known) return known;
  const { shape } = stackType(type, length);
  if (around.isTimeless(node)) return g.make(broadcast, [around.outside(node)], { shape, axes: [0] });
  const stack = (part: Node): Node | undefined => stackOutside(part, around, length, g);
  if (isOp(node, contract)) return contracted(node.inputs, node.attrs, stack, around, g);
  if (isOp(node, broadcast, permute, reshape)) {
    const of = stack(inputs[0]);
    return of && moved(node, of, length, g);
  }
  if (!elementwise.has(op) || !inputs.every((i) => sameShape(i.type, type))) return undefined;
  const parts = inputs.map(stack);
  return parts.every((part) => part !== undefined) ? g.make(op, parts, attrs) : undefined;
}

/** A broadcast, permutation or reshape of a stack rather than of each row. */
export function moved(node: Node, stack: Node, length: Loop['length'], g: Builder): Node {
  const { shape } = stackType(node.type, length);
  if (isOp(node, broadcast)) return g.make(broadcast, [stack], { shape, axes: node.attrs.axes.map((a) => a + 1) });
  if (isOp(node, permute)) return g.make(permute, [stack], { order: [0, ...node.attrs.order.map((a) => a + 1)] });
  return g.make(reshape, [stack], { shape });
}

/** A product of each round as one over all: what is the same in every round has no axis of them. */
function contracted(
  inputs: readonly Node[],
  {
    left,
    right,
    out,
  }: { readonly left: readonly string[]; readonly right: readonly string[]; readonly out: readonly string[] },
  stack: (part: Node) => Node | undefined,
  around: Around,
  g: Builder,
): Node | undefined {
  const t = freshLabel([...left, ...right]);
  const labelled = inputs.map((input, i) => {
    const labels = i === 0 ? left : right;
    if (around.isTimeless(input)) return { node: around.outside(input), labels };
    return { node: stack(input), labels: [t, ...labels] };
  });
  const [a, b] = labelled;
  return a.node && b.node && g.make(contract, [a.node, b.node], { left: a.labels, right: b.labels, out: [t, ...out] });
}

/** A label that none of the others is. */
export function freshLabel(labels: readonly string[]): string {
  let name = 't';
  while (labels.includes(name)) name += 't';
  return name;
}
