// Means, softmax and normalizations as the operators that ONNX has for them.
import { isOp, type Node } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { add, div, mul, sqrt, sub } from '../../../ir/ops/arithmetic.js';
import { numberOf } from '../../../ir/ops/calls.js';
import { equalTo, not, or, select } from '../../../ir/ops/logic.js';
import { broadcast, reshape } from '../../../ir/ops/movement.js';
import { reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { exp, log } from '../../../ir/ops/transcendental.js';
import { iota } from '../../../ir/ops/constants.js';
import { parameter, state } from '../../../ir/ops/leaves.js';
import { labelOf } from '../elementwise.js';
import { behind } from '../writer.js';
import { countsAlong, inputsOf, pairOf, repeatedAlong, type Match, type Pattern } from './match.js';

/** The x and axes of sum(x) / count. */
function meanOf(node: Node | undefined): { readonly x: Node; readonly axes: readonly number[] } | undefined {
  const [total, count] = inputsOf(node, div) ?? [];
  if (!total || !count || !isOp(total, sum) || total.attrs.axes.length === 0) return undefined;
  const x = behind(total.inputs[0]);
  return countsAlong(count, x, total.attrs.axes) ? { x, axes: total.attrs.axes } : undefined;
}

export const mean: Pattern = (node) => {
  const found = meanOf(node);
  if (!found) return undefined;
  const { x, axes } = found;
  return {
    parts: [x],
    say: (writer) =>
      writer.add('ReduceMean', [writer.of(x), writer.list(axes)], {
        attributes: { keepdims: { int: 0 } },
        name: labelOf(node, 'ReduceMean'),
      }),
  };
};

/** The x and axis of x - max(x). */
function loweredOf(node: Node | undefined): { readonly x: Node; readonly axis: number } | undefined {
  const [x, most] = inputsOf(node, sub) ?? [];
  if (!x || !most || !isOp(most, broadcast) || most.attrs.axes.length !== 1) return undefined;
  const largest = behind(most.inputs[0]);
  const [axis] = most.attrs.axes;
  if (!isOp(largest, reduceMax) || largest.attrs.axes.join() !== String(axis)) return undefined;
  return behind(largest.inputs[0]) === x ? { x, axis } : undefined;
}

/** Of the sum of powers along an axis: the powers. */
function isSumOf(node: Node | undefined, powers: Node, axis: number): boolean {
  return (
    node !== undefined &&
    isOp(node, sum) &&
    node.attrs.axes.join() === String(axis) &&
    behind(node.inputs[0]) === powers
  );
}

function along(node: Node, x: Node, axis: number, operator: string): Match {
  return {
    parts: [x],
    say: (writer) =>
      writer.add(operator, [writer.of(x)], { attributes: { axis: { int: axis } }, name: labelOf(node, operator) }),
  };
}

/** exp(x - max(x)) / sum(exp(x - max(x))) */
export const softmax: Pattern = (node) => {
  const [powers, spread] = inputsOf(node, div) ?? [];
  const found = loweredOf(inputsOf(powers, exp)?.[0]);
  if (!found || !powers) return undefined;
  return isSumOf(repeatedAlong(spread, [found.axis]), powers, found.axis)
    ? along(node, found.x, found.axis, 'Softmax')
    : undefined;
};

/** x - max(x) - log(sum(exp(x - max(x)))) */
export const logSoftmax: Pattern = (node) => {
  const [lowered, spread] = inputsOf(node, sub) ?? [];
  const found = loweredOf(lowered);
  if (!found) return undefined;
  const [total] = inputsOf(repeatedAlong(spread, [found.axis]), log) ?? [];
  const powers = total && isOp(total, sum) ? behind(total.inputs[0]) : undefined;
  if (!powers || inputsOf(powers, exp)?.[0] !== lowered) return undefined;
  return isSumOf(total, powers, found.axis) ? along(node, found.x, found.axis, 'LogSoftmax') : undefined;
};

/** centred / sqrt(mean(centred²) + eps) * scale + shift, along the last axis */
export const layerNormalization: Pattern = (node) => {
  const last = node.type.shape.length - 1;
  const others = node.type.shape.map((_, i) => i).slice(0, -1);
  for (const [scaled, spreadShift] of orders(inputsOf(node, add))) {
    const shift = repeatedAlong(spreadShift, others);
    if (!shift) continue;
    for (const [normal, spreadScale] of orders(inputsOf(scaled, mul))) {
      const scale = repeatedAlong(spreadScale, others);
      const [centred, root] = inputsOf(normal, div) ?? [];
      const variance = inputsOf(repeatedAlong(root, [last]), sqrt)?.[0];
      const sums = pairOf(variance, add, (input) => numberOf(input) !== undefined);
      const epsilon = sums && numberOf(sums[0]);
      const square = meanOf(sums?.[1]);
      const [x, spreadMean] = inputsOf(centred, sub) ?? [];
      const middle = meanOf(repeatedAlong(spreadMean, [last]));
      if (!scale || !square || !middle || epsilon === undefined || middle.x !== x) continue;
      const squared = inputsOf(square.x, mul);
      if (!squared || squared.some((input) => input !== centred)) continue;
      if ([square, middle].some(({ axes }) => axes.join() !== String(last))) continue;
      return {
        parts: [x, scale, shift],
        say: (writer) =>
          writer.add(
            'LayerNormalization',
            [x, scale, shift].map((part) => writer.of(part)),
            {
              attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
              name: labelOf(node, 'LayerNormalization'),
            },
          ),
      };
    }
  }
  return undefined;
};

function orders(inputs: readonly Node[] | undefined): readonly (readonly Node[])[] {
  return inputs ? [inputs, [...inputs].reverse()] : [];
}

/** (x - mean) * (scale / sqrt(variance + eps)) + shift by channels, of statistics that are kept */
export const batchNormalization: Pattern = (node) => {
  // Images are taken as [batch, channels, places] and put back.
  const outer = isOp(node, reshape) ? behind(node.inputs[0]) : node;
  const shape = outer.type.shape.map((_, i) => i);
  const others = shape.filter((axis) => axis !== 1);
  for (const [scaled, spreadShift] of orders(inputsOf(outer, add))) {
    const shift = repeatedAlong(spreadShift, others);
    if (!shift) continue;
    for (const [centred, factor] of orders(inputsOf(scaled, mul))) {
      const [scale, root] = inputsOf(repeatedAlong(factor, others), div) ?? [];
      const sums = pairOf(inputsOf(root, sqrt)?.[0], add, (input) => numberOf(input) !== undefined);
      const epsilon = sums && numberOf(sums[0]);
      const [flat, spreadMean] = inputsOf(centred, sub) ?? [];
      const middle = repeatedAlong(spreadMean, others);
      if (!scale || !sums || epsilon === undefined || !flat || !middle) continue;
      const x = outer === node ? flat : isOp(flat, reshape) ? behind(flat.inputs[0]) : undefined;
      const parts = [scale, shift, middle, sums[1]];
      if (!x || !parts.every((part) => isOp(part, parameter, state)) || !sameShapeAs(x, node)) continue;
      return {
        parts: [x, ...parts],
        say: (writer) =>
          writer.add(
            'BatchNormalization',
            [x, ...parts].map((part) => writer.of(part)),
            {
              attributes: { epsilon: { float: epsilon } },
              name: labelOf(node, 'BatchNormalization'),
            },
          ),
      };
    }
  }
  return undefined;
};

function sameShapeAs(a: Node, b: Node): boolean {
  return a.type.shape.map((d) => d.size.key).join() === b.type.shape.map((d) => d.size.key).join();
}

/** The least place where x is its largest element, or is no number. */
export const argMax: Pattern = (node) => {
  if (!isOp(node, reduceMin) || node.attrs.axes.length !== 1) return undefined;
  const [axis] = node.attrs.axes;
  const [is, places] = inputsOf(behind(node.inputs[0]), select) ?? [];
  const [count] = [places && isOp(places, broadcast) ? behind(places.inputs[0]) : undefined];
  if (!count || !isOp(count, iota) || !places || !isOp(places, broadcast) || places.attrs.axes.includes(axis))
    return undefined;
  const [most, missing] = inputsOf(is, or) ?? [];
  const [x, spread] = inputsOf(most, equalTo) ?? [];
  const largest = repeatedAlong(spread, [axis]);
  if (
    !x ||
    !largest ||
    !isOp(largest, reduceMax) ||
    behind(largest.inputs[0]) !== x ||
    largest.attrs.axes.join() !== String(axis)
  )
    return undefined;
  const itself = inputsOf(inputsOf(missing, not)?.[0], equalTo);
  if (!itself || itself.some((input) => input !== x) || constantOf(count.attrs.size) === undefined) return undefined;
  return {
    parts: [x],
    shares: true,
    say: (writer) =>
      writer.add('ArgMax', [writer.of(x)], {
        attributes: { axis: { int: axis }, keepdims: { int: 0 } },
        type: 'int64',
        name: labelOf(node, 'ArgMax'),
      }),
  };
};
