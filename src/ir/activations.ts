// Activations: functions of affine values, element by element. Textbooks call the argument z, and the derivative by it delta.
import { everyNode } from './bodies.js';
import { isOp, through, type Node, type Op } from './graph.js';
import { titleOf, titleText } from './labels.js';
import { add, maximum, sub } from './ops/arithmetic.js';
import { contract } from './ops/contract.js';
import { parameter } from './ops/leaves.js';
import { broadcast, permute, reshape, slice, withoutOnes } from './ops/movement.js';
import { scan } from './ops/scan.js';
import { erf, sigmoid, softplus, softplusMinus, tanh } from './ops/transcendental.js';
import { recognise } from './recognise.js';
import { sameShape } from './types.js';

/**
 * Marks the values that activations are applied to with the word of what that gives, where their author gave them no name: labels call
 * them `z_WORD`, and their cotangents `delta_WORD`. Bodies of loops are marked as well.
 */
export function markActivations(roots: readonly Node[]): void {
  const nodes = everyNode(roots);
  const carried = new Set<Node>();
  // What is carried on is called so, and by that what its activation is applied to.
  for (const node of nodes)
    if (isOp(node, scan))
      node.attrs.loop.next.forEach((next, k) => {
        const z = argumentOf(next);
        if (!z || next.name !== undefined) return;
        z.activation = node.attrs.loop.carried[k].attrs.name;
        carried.add(z);
      });
  for (const node of nodes) {
    const z = argumentOf(node);
    if (z && !carried.has(z)) z.activation = titleText(titleOf(node));
  }
}

/** The value that a node applies an activation to: z of tanh(z), where z = x W + b, also normalised. */
export function argumentOf(node: Node): Node | undefined {
  const [argument] = node.inputs;
  if (!isBent(node) || !sameShape(argument.type, node.type)) return undefined;
  // Axes of size 1 that come or go are not seen.
  const z = argument.name === undefined ? withoutOnes(argument) : argument;
  return z.name === undefined && z.role.kind === 'forward' && isArgument(z, node) ? z : undefined;
}

/** Is it the argument of an activation, as it was marked? */
export function isActivated(node: Node): boolean {
  return node.activation !== undefined && node.role.kind === 'forward' && (isAffine(node) || isShifted(node));
}

/** What an activation is applied to that was marked as such, whatever that is made of now: a loop takes products from outside. */
export function markedArgumentOf(node: Node): Node | undefined {
  const [argument] = node.inputs;
  return isBent(node) && argument.activation !== undefined && argument.role.kind === 'forward' ? argument : undefined;
}

const bent: ReadonlySet<Op> = new Set<Op>([tanh, sigmoid, softplus, softplusMinus, erf]);

function isBent(node: Node): boolean {
  return bent.has(node.op) || (isOp(node, maximum) && recognise(node)?.name === 'relu');
}

/** Of relu and tanh also what was normalised, then shifted; sigmoid and the like are parts of activations that read that themselves. */
function isArgument(z: Node, node: Node): boolean {
  return isAffine(z) || (isOp(node, maximum, tanh) && isShifted(z));
}

/** Is it a product of matrices, with something added or not? */
function isAffine(node: Node): boolean {
  const at = through(node, [reshape, permute, slice]);
  if (isOp(at, contract)) return true;
  return isOp(at, add, sub) && at.inputs.some((input) => isAffine(input));
}

/** Is a parameter added to it? */
function isShifted(node: Node): boolean {
  const at = through(node, [reshape, permute, slice]);
  return isOp(at, add) && at.inputs.some(isParameter);
}

/** Is it a parameter that repeats? */
function isParameter(node: Node): boolean {
  return isOp(through(node, [broadcast, reshape]), parameter);
}
