// Constant folding, and elementwise operations done before broadcasting instead of after it.
import { evaluateScalar } from '../../../ir/evaluateScalar.js';
import { isOp, through, type Builder, type Node, type Op } from '../../../ir/graph.js';
import * as arithmetic from '../../../ir/ops/arithmetic.js';
import { filled, numberOf } from '../../../ir/ops/calls.js';
import { stopGradient } from '../../../ir/ops/control.js';
import * as logic from '../../../ir/ops/logic.js';
import { broadcast, reshape } from '../../../ir/ops/movement.js';
import * as transcendental from '../../../ir/ops/transcendental.js';
import { number } from '../../../ir/scalar.js';
import { constantOf } from '../../../ir/index.js';
import { sameShape, type Dim } from '../../../ir/types.js';
import type { SimplifyRule } from './rule.js';

const elementwise: readonly Op[] = [
  ...Object.values(arithmetic),
  ...Object.values(transcendental),
  ...Object.values(logic),
  stopGradient,
];

export const constantRules: readonly SimplifyRule[] = [
  { equation: 'f(2, 3) = the number', ops: elementwise, rewrite: foldNumbers },
  { equation: 'f(broadcast(x), broadcast(y)) = broadcast(f(x, y))', ops: elementwise, rewrite: beforeBroadcast },
  { equation: 'f(reshape(x), reshape(y)) = reshape(f(x, y))', ops: elementwise, rewrite: beforeReshape },
  {
    equation: 'select(true, a, b) = a; select(c, a, a) = a',
    ops: [logic.select],
    rewrite: ({ inputs: [c, a, b] }) => (a === b ? a : truthOf(c) === undefined ? undefined : truthOf(c) ? a : b),
  },
];

function foldNumbers(node: Node, g: Builder): Node | undefined {
  if (node.type.element.kind !== 'f32' || node.op.kind !== 'element') return undefined;
  const numbers = node.inputs.map(numberOf);
  if (numbers.some((n) => n === undefined)) return undefined;
  const value = node.op.element(
    node.type.shape.map(() => ({ terms: [], key: '' })),
    numbers.map((n) => () => number(n ?? 0)),
    node,
  );
  const result = evaluateScalar(value);
  return Number.isNaN(result) ? undefined : filled(g, result, node.type);
}

/** The common case of operands that all repeat along some axes: the operation is done once and its result repeats. */
function beforeBroadcast(node: Node, g: Builder): Node | undefined {
  const wide = node.inputs.filter((i) => numberOf(i) === undefined);
  if (wide.length === 0 || !wide.every((i) => isOp(i, broadcast))) return undefined;
  const common = axesOf(wide[0]).filter((a) => wide.every((i) => axesOf(i).includes(a)));
  if (common.length === 0) return undefined;
  const shape = node.type.shape.filter((_, i) => !common.includes(i));
  const narrow = node.inputs.map((input) => narrowed(input, common, shape, g));
  return g.make(broadcast, [g.make(node.op, narrow, node.attrs)], { shape: node.type.shape, axes: common });
}

/** Axes of one element that are put in, as `keep = true` does, are put in last: so they meet what takes them away. */
function beforeReshape(node: Node, g: Builder): Node | undefined {
  const wide = node.inputs.filter((i) => numberOf(i) === undefined);
  if (wide.length === 0 || !wide.every((i) => isOp(i, reshape) && !i.kept && addsOnes(i))) return undefined;
  const { shape } = wide[0].inputs[0].type;
  const same = wide.every((i) => sameShape(i.inputs[0].type, { element: i.type.element, shape }));
  if (!same) return undefined;
  const inner = node.inputs.map((input) => {
    const value = numberOf(input);
    return value === undefined ? input.inputs[0] : filled(g, value, { element: input.type.element, shape });
  });
  return g.make(reshape, [g.make(node.op, inner, node.attrs)], { shape: node.type.shape });
}

function addsOnes({ type, inputs: [x] }: Node): boolean {
  const others = (shape: readonly Dim[]): string =>
    shape.flatMap((d) => (constantOf(d.size) === 1 ? [] : [d.size.key])).join();
  return type.shape.length > x.type.shape.length && others(type.shape) === others(x.type.shape);
}

function narrowed(input: Node, common: readonly number[], shape: readonly Dim[], g: Builder): Node {
  const value = numberOf(input);
  if (value !== undefined) return filled(g, value, { element: input.type.element, shape });
  const left = axesOf(input).filter((a) => !common.includes(a));
  if (left.length === 0) return input.inputs[0];
  // The axes that stay count anew without the common ones.
  const axes = left.map((a) => a - common.filter((c) => c < a).length);
  return g.make(broadcast, [input.inputs[0]], { shape, axes });
}

function axesOf(node: Node): readonly number[] {
  return isOp(node, broadcast) ? node.attrs.axes : [];
}

/** A condition known while compiling. */
function truthOf(node: Node): boolean | undefined {
  const at = through(node, [broadcast]);
  if (!isOp(at, logic.less, logic.lessEqual, logic.equalTo)) return undefined;
  const [a, b] = at.inputs.map(numberOf);
  if (a === undefined || b === undefined) return undefined;
  return at.op === logic.less ? a < b : at.op === logic.lessEqual ? a <= b : a === b;
}
