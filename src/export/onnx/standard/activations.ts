// Activations as the operators that ONNX has for them.
import { isOp, type Node } from '../../../ir/graph.js';
import { add, div, maximum, minimum, mul } from '../../../ir/ops/arithmetic.js';
import { numberOf } from '../../../ir/ops/calls.js';
import { less, lessEqual, select } from '../../../ir/ops/logic.js';
import { erf, expm1, softplus, tanh } from '../../../ir/ops/transcendental.js';
import type { Attribute } from '../model.js';
import { labelOf } from '../elementwise.js';
import { behind, type Writer } from '../writer.js';
import { inputsOf, isNumber, pairOf, type Match, type Pattern } from './match.js';

/** An operator of one tensor. */
function of(node: Node, x: Node, operator: string, attributes: Readonly<Record<string, Attribute>> = {}): Match {
  return {
    parts: [x],
    say: (writer: Writer) => writer.add(operator, [writer.of(x)], { attributes, name: labelOf(node, operator) }),
  };
}

/** max(x, 0) */
export const relu: Pattern = (node) => {
  const pair = pairOf(node, maximum, isNumber(0));
  return pair && numberOf(pair[1]) === undefined && node.type.element.kind === 'f32'
    ? of(node, pair[1], 'Relu')
    : undefined;
};

/** min(max(x, low), high) */
export const clip: Pattern = (node) => {
  const outer = pairOf(node, minimum, (input) => numberOf(input) !== undefined);
  const inner = outer && pairOf(outer[1], maximum, (input) => numberOf(input) !== undefined);
  const [high, low] = [outer, inner].map((pair) => pair && numberOf(pair[0]));
  if (!inner || low === undefined || high === undefined || low > high || node.type.element.kind !== 'f32')
    return undefined;
  const [, x] = inner;
  return {
    parts: [x],
    say: (writer) =>
      writer.add('Clip', [writer.of(x), writer.number([low], 'float'), writer.number([high], 'float')], {
        name: labelOf(node, 'Clip'),
      }),
  };
};

/** if x > 0 then x else slope * x */
export const leakyRelu: Pattern = (node) => {
  const [is, x, other] = inputsOf(node, select) ?? [];
  const test = inputsOf(is, less);
  if (!test || !isNumber(0)(test[0]) || test[1] !== x) return undefined;
  const scaled = pairOf(other, mul, (input) => numberOf(input) !== undefined);
  const alpha = scaled && numberOf(scaled[0]);
  return scaled?.[1] === x && alpha !== undefined ? of(node, x, 'LeakyRelu', { alpha: { float: alpha } }) : undefined;
};

/** The x and alpha of: if x <= 0 then alpha * expm1(x) else x */
function eluOf(node: Node | undefined): { readonly x: Node; readonly alpha: number } | undefined {
  const [is, low, x] = inputsOf(node, select) ?? [];
  const test = inputsOf(is, lessEqual);
  if (!test || test[0] !== x || !isNumber(0)(test[1])) return undefined;
  const scaled = pairOf(low, mul, (input) => numberOf(input) !== undefined);
  const alpha = scaled ? numberOf(scaled[0]) : 1;
  const [of] = inputsOf(scaled ? scaled[1] : low, expm1) ?? [];
  return of === x && alpha !== undefined ? { x, alpha } : undefined;
}

export const elu: Pattern = (node, { precise }) => {
  const found = precise ? undefined : eluOf(node);
  return found && of(node, found.x, 'Elu', { alpha: { float: found.alpha } });
};

export const selu: Pattern = (node, { precise }) => {
  const scaled = precise ? undefined : pairOf(node, mul, (input) => numberOf(input) !== undefined);
  const found = scaled && eluOf(scaled[1]);
  const gamma = scaled && numberOf(scaled[0]);
  if (!found || gamma === undefined) return undefined;
  return of(node, found.x, 'Selu', { alpha: { float: found.alpha }, gamma: { float: gamma } });
};

export const softplusOperator: Pattern = (node, { precise }) =>
  !precise && isOp(node, softplus) ? of(node, behind(node.inputs[0]), 'Softplus') : undefined;

/** x * tanh(softplus(x)) */
export const mish: Pattern = (node, { precise }) => {
  if (precise) return undefined;
  const pair = pairOf(node, mul, (input) => isOp(input, tanh));
  const [inner] = pair ? (inputsOf(pair[0], tanh) ?? []) : [];
  const [x] = inputsOf(inner, softplus) ?? [];
  return x && x === pair?.[1] ? of(node, x, 'Mish') : undefined;
};

/** x over the square root of 2, or times the square root of a half. */
function isOverRootOfTwo(node: Node | undefined, x: Node): boolean {
  if (pairOf(node, mul, isNumber(Math.SQRT1_2))?.[1] === x) return true;
  const quotient = inputsOf(node, div);
  return quotient?.[0] === x && isNumber(Math.SQRT2)(quotient[1]);
}

/** sqrt(2 / pi) * (x + 0.044715 * x^3) */
function isTanhArgument(node: Node | undefined, x: Node): boolean {
  const scaled = pairOf(node, mul, isNumber(Math.sqrt(2 / Math.PI)));
  const sum = pairOf(scaled?.[1], add, (input) => input === x);
  const term = pairOf(sum?.[1], mul, isNumber(0.044715));
  const cube = pairOf(term?.[1], mul, (input) => input === x) ?? [];
  const square = inputsOf(cube[1], mul);
  return square !== undefined && square.every((input) => input === x);
}

/** 0.5 * x * (1 + erf(x / sqrt(2))), or with tanh: an operator from version 20 on. */
export const gelu: Pattern = (node, { opset }) => {
  if (opset < 20) return undefined;
  const product = inputsOf(node, mul);
  if (!product) return undefined;
  for (const [half, sum] of [product, [...product].reverse()]) {
    const x = pairOf(half, mul, isNumber(0.5))?.[1];
    const bent = pairOf(sum, add, isNumber(1))?.[1];
    if (!x || !bent) continue;
    const [argument] = inputsOf(bent, erf) ?? [];
    if (argument && isOverRootOfTwo(argument, x)) return of(node, x, 'Gelu');
    const [inner] = inputsOf(bent, tanh) ?? [];
    if (inner && isTanhArgument(inner, x)) return of(node, x, 'Gelu', { approximate: { text: 'tanh' } });
  }
  return undefined;
};
