// Numbers that follow from what a trainer counts, such as 1 - beta^t: computed in double precision, as trainers do.
import { isElementwise, isOp, type Node } from '../../ir/graph.js';
import { constant, size } from '../../ir/ops/constants.js';
import { counter } from '../../ir/ops/leaves.js';
import { toF32 } from '../../ir/ops/logic.js';
import { erf } from '../../ir/ops/transcendental.js';

/** A number that is counted: of the update, of the draw. */
export function isCounter(node: Node): boolean {
  return isOp(node, counter) && node.type.element.kind === 'index';
}

/** Tells of each node whether it is a number that follows from counters and numbers alone. */
export function createCounted(): (node: Node) => boolean {
  const known = new Map<Node, boolean>();
  const isNumber = (node: Node): boolean => isOp(node, constant, size, counter) && node.type.element.kind === 'f32';
  const isCounted = (node: Node): boolean => {
    let found = known.get(node);
    if (found === undefined) known.set(node, (found = find(node)));
    return found;
  };
  const find = (node: Node): boolean => {
    if (node.type.shape.length > 0 || !isElementwise(node)) return false;
    // ONNX has erf for single precision alone in most engines.
    if (isOp(node, erf)) return false;
    if (isOp(node, toF32)) return isCounter(node.inputs[0]);
    return node.inputs.some(isCounted) && node.inputs.every((input) => isNumber(input) || isCounted(input));
  };
  return isCounted;
}
