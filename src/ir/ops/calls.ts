// Short ways to say common graph expressions, for derivative rules and rewrites. No op is described here.
import { isOp, type Builder, type Node } from '../graph.js';
import { constant } from './constants.js';
import { broadcast, reshape } from './movement.js';
import { tensor, type TensorType } from '../types.js';

/** A number in the shape of a type. */
export function filled(g: Builder, value: number, type: TensorType): Node {
  return spread(g, g.make(constant, [], { value }), type);
}

/** A scalar in the shape of a type. */
export function spread(g: Builder, scalar: Node, type: TensorType): Node {
  if (type.shape.length === 0) return scalar;
  return g.make(broadcast, [scalar], { shape: tensor(type.shape).shape, axes: type.shape.map((_, i) => i) });
}

/** What a node repeats, or holds in another shape. */
export function spreadFrom(node: Node): Node {
  let at = node;
  while (at.op === broadcast || at.op === reshape) at = at.inputs[0];
  return at;
}

/** The number that a node is everywhere, if it is one. */
export function numberOf(node: Node): number | undefined {
  const at = spreadFrom(node);
  return isOp(at, constant) ? at.attrs.value : undefined;
}
