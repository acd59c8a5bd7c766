// What an optimizer makes of elements whose gradient is 0, found without computing: that they stay as they are, for one.
import { isOp, type Node } from '../../ir/graph.js';
import { abs, add, div, mul, neg, pow, sign, sqrt, sub } from '../../ir/ops/arithmetic.js';
import { numberOf } from '../../ir/ops/calls.js';
import { gradient } from '../../ir/ops/leaves.js';
import { broadcast } from '../../ir/ops/movement.js';
import { reachable } from '../../ir/reachable.js';

/** 0, or the node that a value is then: itself, if nothing more is known. */
type AtZero = 0 | Node;

/** What each of these nodes is where the gradient is 0. What is multiplied by 0 is taken to be finite. */
export function atZero(roots: readonly Node[]): AtZero[] {
  const found = new Map<Node, AtZero>();
  const of = (node: Node): AtZero => found.get(node) ?? node;
  for (const node of reachable(roots)) found.set(node, valueOf(node, node.inputs.map(of)));
  return roots.map(of);
}

function valueOf(node: Node, [a, b]: readonly AtZero[]): AtZero {
  if (isOp(node, gradient) || numberOf(node) === 0) return 0;
  if (isOp(node, broadcast, neg, abs, sign, sqrt)) return a === 0 ? 0 : node;
  if (isOp(node, pow)) return a === 0 && (numberOf(node.inputs[1]) ?? 0) > 0 ? 0 : node;
  if (isOp(node, div)) return a === 0 && b !== 0 ? 0 : neutral(node, a, b, 1);
  if (isOp(node, mul)) return a === 0 || b === 0 ? 0 : neutral(node, b, a, 1) === b ? b : neutral(node, a, b, 1);
  if (isOp(node, add)) return a === 0 ? b : b === 0 ? a : node;
  if (isOp(node, sub)) return b === 0 ? a : node;
  return node;
}

/** The value that is multiplied or divided by this number; else the node. */
function neutral(node: Node, value: AtZero, by: AtZero, number: number): AtZero {
  return by !== 0 && numberOf(by) === number ? value : node;
}
