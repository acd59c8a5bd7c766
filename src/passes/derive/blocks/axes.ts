// How axes of operands lie in a result: what it takes to compute a part of one axis from parts of others.
import { isElementwise, isOp, type Node } from '../../../ir/graph.js';
import { constantOf, div, mul, scale } from '../../../ir/index.js';
import { contract } from '../../../ir/ops/contract.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import { reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { stridesOf, type TensorType } from '../../../ir/types.js';

/** Indices that belong together: each stands for so many neighbours along an axis, as a head of keys does for the heads of queries that it serves. */
export interface Place {
  readonly axis: number;
  readonly times: number;
}

/** Where indices of an operand are in the result: at a place, folded, or mixed with others. */
export type Along = Place | 'folded' | 'mixed';

/** Where indices of a result are in an operand: at a place, in none, or mixed. */
export type Within = Place | undefined | 'mixed';

/** Where indices of an operand are in the result. */
export function alongOf(node: Node, operand: number, place: Place): Along {
  if (isOp(node, reshape)) return reshaped(node.inputs[0].type, place, node.type);
  const to = axesAlong(node, operand)[place.axis];
  return typeof to === 'number' ? { axis: to, times: place.times } : to;
}

/** Where indices of a result are in an operand. */
export function withinOf(node: Node, operand: number, place: Place): Within {
  if (isOp(node, reshape)) return reshaped(node.type, place, node.inputs[0].type);
  const found = axesAlong(node, operand).indexOf(place.axis);
  if (found >= 0) return { axis: found, times: place.times };
  return isOp(node, contract, broadcast) ? undefined : 'mixed';
}

export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a?.axis === b?.axis && a?.times === b?.times;
}

/** Are parts of it computed from parts of its operands? */
export function isInParts(node: Node): boolean {
  return isElementwise(node) || isOp(node, contract, sum, reduceMax, reduceMin, broadcast, permute, reshape);
}

/** Of each axis of an operand, where it is in the result, for all but a reshape. */
function axesAlong(node: Node, operand: number): readonly (number | 'folded' | 'mixed')[] {
  const { shape } = node.inputs[operand].type;
  if (isElementwise(node)) return shape.map((_, i) => i);
  if (isOp(node, contract)) {
    const { left, right, out } = node.attrs;
    return (operand === 0 ? left : right).map((label) => (out.includes(label) ? out.indexOf(label) : 'folded'));
  }
  if (isOp(node, sum, reduceMax, reduceMin)) {
    const kept = shape.flatMap((_, i) => (node.attrs.axes.includes(i) ? [] : [i]));
    return shape.map((_, i) => (kept.includes(i) ? kept.indexOf(i) : 'folded'));
  }
  if (isOp(node, broadcast)) {
    const { axes } = node.attrs;
    return node.type.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  }
  if (isOp(node, permute)) return shape.map((_, i) => node.attrs.order.indexOf(i));
  return shape.map(() => 'mixed');
}

/** The axis that begins where the one of the place does, and holds as many elements, or those of several axes. */
function reshaped(from: TensorType, { axis, times }: Place, to: TensorType): Along & Within {
  const [own, others] = [stridesOf(from), stridesOf(to)];
  const around = mul(own[axis], from.shape[axis].size).key;
  const each = scale(own[axis], times);
  for (const [i, stride] of others.entries()) {
    if (mul(stride, to.shape[i].size).key !== around) continue;
    const found = constantOf(div(each, stride));
    if (found !== undefined && found >= 1 && scale(stride, found).key === each.key) return { axis: i, times: found };
  }
  return 'mixed';
}
