// `last-dropout`: a dropout behind everything that is learnt, so that what it drops is missing in the result.
import { lastDropout as message } from '../../diagnostics/lints.js';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import { isOp, through, type Node, type Op } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { div, mul } from '../../ir/ops/arithmetic.js';
import { spreadFrom } from '../../ir/ops/calls.js';
import { parameter } from '../../ir/ops/leaves.js';
import { less, toF32 } from '../../ir/ops/logic.js';
import { broadcast, permute, reshape, slice } from '../../ir/ops/movement.js';
import { random } from '../../ir/ops/random.js';
import { reachable } from '../../ir/reachable.js';
import { doerOf, type Made } from './places.js';

export function lastDropout({ training: { loss } }: ModelGraph, made: readonly Made[], lossSpan: Span): Diagnostic[] {
  if (!loss) return [];
  const all = reachable([loss]);
  const dropouts = all.filter((node) => isDropout(node) && isLearnt(node));
  if (dropouts.length === 0) return [];
  // Behind the last weights, and nowhere before any.
  const behind = new Set(reachable([loss], (node) => (appliesWeight(node) ? [] : node.inputs)));
  const before = new Set(reachable(all.filter(appliesWeight).flatMap(({ inputs }) => inputs)));
  return dropouts.flatMap((node) => {
    if (!behind.has(node) || before.has(node)) return [];
    const place = made.findLast((one) => scaled(one.node) === node)?.expression;
    return place ? [message({ span: doerOf(place), loss: lossSpan })] : [];
  });
}

/** x times a mask that is drawn: 1 here, 0 there. */
function isDropout(node: Node): boolean {
  return isOp(node, mul) && node.inputs.some(isMask);
}

function isMask(node: Node): boolean {
  const mask = spreadFrom(node);
  return (
    isOp(mask, toF32) &&
    isOp(mask.inputs[0], less) &&
    mask.inputs[0].inputs.some((one) => isOp(spreadFrom(one), random))
  );
}

function isLearnt(node: Node): boolean {
  return reachable([node]).some((one) => isOp(one, parameter));
}

const moving: readonly Op[] = [broadcast, reshape, permute, slice];

/** A weight of several axes is applied: a matrix product, a convolution, a scale for each channel. */
function appliesWeight({ op, inputs, type }: Node): boolean {
  if (op.kind === 'structured') return true;
  if (inputs.length < 2 || type.shape.length === 0) return false;
  return inputs.some((input) => {
    const weight = through(input, moving);
    return isOp(weight, parameter) && weight.type.shape.length >= 2;
  });
}

/** Without the scale that keeps the mean. */
function scaled(node: Node): Node {
  return isOp(node, div, mul) && !isDropout(node) ? (node.inputs.find(isDropout) ?? node) : node;
}
