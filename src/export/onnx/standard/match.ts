// Several nodes that ONNX says as one operator: what such a match is, and questions that patterns ask.
import type { Node } from '../../../ir/graph.js';
import { isOp } from '../../../ir/graph.js';
import { constantOf, product } from '../../../ir/index.js';
import { numberOf } from '../../../ir/ops/calls.js';
import { size } from '../../../ir/ops/constants.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import type { Op, Attrs } from '../../../ir/graph.js';
import { behind, type Value, type Writer } from '../writer.js';

export interface Match {
  /** What the operator reads. */
  readonly parts: readonly Node[];
  /** Nodes between the parts and the result may be read elsewhere as well: the operator computes little of them again. */
  readonly shares?: true;
  say(writer: Writer): Value;
}

/** How much of what is exported is asked of operators. */
export interface Setting {
  readonly opset: number;
  /** Small losses are to keep their digits: operators that engines compute from 1 + exp(x) are not for them. */
  readonly precise: boolean;
}

export type Pattern = (node: Node, setting: Setting) => Match | undefined;

/** The inputs of a node of this operation. */
export function inputsOf<A extends Attrs>(node: Node | undefined, op: Op<A>): readonly Node[] | undefined {
  const at = node && behind(node);
  return at && isOp(at, op) ? at.inputs.map(behind) : undefined;
}

/** Both inputs of a node of this operation, of which one is as asked: that one first. */
export function pairOf<A extends Attrs>(
  node: Node | undefined,
  op: Op<A>,
  is: (input: Node) => boolean,
): readonly [Node, Node] | undefined {
  const found = inputsOf(node, op);
  if (!found) return undefined;
  const [a, b] = found;
  return is(a) ? [a, b] : is(b) ? [b, a] : undefined;
}

/** Is it this number, to single precision? */
export function isNumber(value: number): (node: Node) => boolean {
  return (node) => {
    const found = numberOf(node);
    return found !== undefined && Math.fround(found) === Math.fround(value);
  };
}

/** What is repeated along these axes alone. */
export function repeatedAlong(node: Node | undefined, axes: readonly number[]): Node | undefined {
  const at = node && behind(node);
  if (!at || !isOp(at, broadcast) || at.attrs.axes.join() !== axes.join()) return undefined;
  return behind(at.inputs[0]);
}

/** Is it the number of elements along these axes of a shape? */
export function countsAlong(node: Node, { type: { shape } }: Node, axes: readonly number[]): boolean {
  const count = product(axes.map((axis) => shape[axis].size));
  const known = constantOf(count);
  if (known !== undefined) return isNumber(known)(node);
  let at = behind(node);
  while (isOp(at, broadcast, reshape)) at = behind(at.inputs[0]);
  return isOp(at, size) && at.attrs.of.key === count.key;
}

/** The node before axes are put in another order, and that order. */
export function beforePermute(node: Node): { readonly of: Node; readonly order?: readonly number[] } {
  return isOp(node, permute) ? { of: behind(node.inputs[0]), order: node.attrs.order } : { of: node };
}
