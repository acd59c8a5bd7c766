// In which order the axes of a stored node lie, where that is not their own.
import { isOp, type Node, type NodeOf } from '../../ir/graph.js';
import { contract } from '../../ir/ops/contract.js';
import { overlapAdd } from '../../ir/ops/windows.js';

/**
 * `order`: the nodes outside of loops. `reported`: what users read. Where windows lie further apart than one element, what overlap_add adds
 * up of a product is stored with the offsets of windows outside of their positions: columns of the product are a long run of positions
 * then, in place of the few offsets.
 */
export function ordersOf(
  order: readonly Node[],
  reported: ReadonlySet<Node>,
): (node: Node) => readonly number[] | undefined {
  const found = new Map<Node, readonly number[]>();
  for (const node of order) {
    const chosen = isOp(node, overlapAdd) && isOp(node.inputs[0], contract) ? positionsInside(node) : undefined;
    if (chosen) found.set(node.inputs[0], chosen);
  }
  const others = order.flatMap((node) => (isOp(node, overlapAdd) ? [] : node.inputs));
  for (const node of [...others, ...reported]) found.delete(node);
  return (node) => found.get(node);
}

/** The axes of what is added up, positions last; undefined where windows are neighbours, or slide along axes that are not the last. */
function positionsInside({ attrs: { axes, strides, shape } }: NodeOf<typeof overlapAdd>): number[] | undefined {
  const first = shape.length - axes.length;
  if (strides.includes(1) || axes.some((axis, n) => axis !== first + n)) return undefined;
  return [...shape.keys()].slice(0, first).concat(
    axes.map((_, n) => shape.length + n),
    axes,
  );
}
