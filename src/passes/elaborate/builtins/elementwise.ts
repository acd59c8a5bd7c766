// Elementwise builtins: on numbers known while compiling they compute, on tensors they make nodes.
import { isOp, type Node, type Op } from '../../../ir/graph.js';
import { constant as whole, div as quotient, type Index } from '../../../ir/index.js';
import { instructions } from '../../../ir/evaluateScalar.js';
import { abs, ceil, div, floor, maximum, minimum, pow, round, sign, sqrt } from '../../../ir/ops/arithmetic.js';
import { constant, size } from '../../../ir/ops/constants.js';
import { stopGradient } from '../../../ir/ops/control.js';
import type { Plain } from '../../../ir/ops/elementwise.js';
import { less, select } from '../../../ir/ops/logic.js';
import { cos, erf, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh } from '../../../ir/ops/transcendental.js';
import { filled } from '../../../ir/ops/calls.js';
import { wrongElement } from '../../../diagnostics/types.js';
import { printType } from '../../../ir/types.js';
import { fail } from '../frame.js';
import { asF32, together, toNumbers, toNode, type Operand } from '../tensors.js';
import {
  numberValue,
  sizeValue,
  tensorValue,
  type BuiltinCall,
  type BuiltinDefinition,
  type Value,
} from '../values.js';
import { given, node } from './arguments.js';

/** The function on one number, where it is known while compiling. */
const unary: Readonly<Record<string, { op: Op<Plain>; number: (x: number) => number }>> = {
  exp: { op: exp, number: Math.exp },
  log: { op: log, number: Math.log },
  log1p: { op: log1p, number: Math.log1p },
  expm1: { op: expm1, number: Math.expm1 },
  sqrt: { op: sqrt, number: Math.sqrt },
  abs: { op: abs, number: Math.abs },
  sign: { op: sign, number: Math.sign },
  sin: { op: sin, number: Math.sin },
  cos: { op: cos, number: Math.cos },
  tanh: { op: tanh, number: Math.tanh },
  erf: { op: erf, number: (x) => instructions.erf(x, 0) },
  floor: { op: floor, number: Math.floor },
  ceil: { op: ceil, number: Math.ceil },
  round: { op: round, number: (x) => instructions.round(x, 0) },
  sigmoid: { op: sigmoid, number: (x) => 1 / (1 + Math.exp(-x)) },
  softplus: { op: softplus, number: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) },
};

const activations: ReadonlySet<string> = new Set(['sigmoid', 'tanh', 'softplus']);

export const elementwiseBuiltins: readonly BuiltinDefinition[] = [
  ...Object.entries(unary).map(([name, { op, number }]): BuiltinDefinition => ({
    name,
    kind: activations.has(name) ? 'activation' : 'elementwise',
    forms: ['(x)'],
    summary: op.summary,
    example: `${name}(x)`,
    apply(call) {
      const { value, span } = given(call, 'x');
      if (value.kind === 'number') return numberValue(number(value.value));
      const rounded = op === floor ? roundedDown(value) : undefined;
      if (rounded) return sizeValue(rounded);
      return tensorValue(call.frame.context.g.make(op, [asF32(call.frame, toNode(call.frame, value, span), span)], {}));
    },
  })),
  {
    name: 'pow',
    kind: 'elementwise',
    forms: ['(a, b)'],
    summary: 'a to the power b, as a^b.',
    example: 'pow(x, 3)',
    apply: (call) => pairwise(call, pow, (a, b) => a ** b),
  },
  {
    name: 'where',
    kind: 'elementwise',
    forms: ['(c, a, b)'],
    summary: 'a where c holds, else b, element by element: as if c then a else b.',
    example: 'where(x > 0, x, 0.1 * x)',
    apply(call) {
      const operands = ['c', 'a', 'b'].map((name) => operand(call, name));
      const nodes = operands.map((o) => toNode(call.frame, o.value, o.span));
      if (nodes[0].type.element.kind !== 'bool')
        return fail(
          call.frame,
          wrongElement({ expected: 'a bool condition', got: printType(nodes[0].type), span: operands[0].span }),
        );
      return tensorValue(call.frame.context.g.make(select, together(call.frame, nodes, operands), {}));
    },
  },
  {
    name: 'f32',
    kind: 'elementwise',
    forms: ['(x)'],
    summary: 'A bool (0 or 1) or an index as a number.',
    example: 'f32(label)',
    apply(call) {
      const { value } = given(call, 'x');
      if (value.kind === 'number') return value;
      if (value.kind === 'boolean') return numberValue(Number(value.value));
      return tensorValue(toNumbers(call.frame, node(call, 'x')));
    },
  },
  {
    name: 'isfinite',
    kind: 'elementwise',
    forms: ['(x)'],
    summary: 'True where x is neither infinite nor NaN.',
    example: 'isfinite(x)',
    apply(call) {
      const { g } = call.frame.context;
      const x = asF32(call.frame, node(call, 'x'), call.span);
      return tensorValue(g.make(less, [g.make(abs, [x], {}), filled(g, Infinity, x.type)], {}));
    },
  },
  {
    name: 'stop_gradient',
    kind: 'syntax',
    forms: ['(x)'],
    summary: 'x, with no gradient flowing through it.',
    example: 'x - stop_gradient(mean(x))',
    apply: (call) => tensorValue(call.frame.context.g.make(stopGradient, [node(call, 'x')], {})),
  },
];

/** max(a, b) and min(a, b) of two values. */
export function extreme(call: BuiltinCall, which: 'max' | 'min'): Value {
  return pairwise(call, which === 'max' ? maximum : minimum, which === 'max' ? Math.max : Math.min);
}

function pairwise(call: BuiltinCall, op: Op<Plain>, number: (a: number, b: number) => number): Value {
  const [first, second] = call.name === 'pow' ? ['a', 'b'] : ['x', 'axis'];
  const [a, b] = [operand(call, first), operand(call, second)];
  if (a.value.kind === 'number' && b.value.kind === 'number') return numberValue(number(a.value.value, b.value.value));
  const nodes = [a, b].map((o) => asF32(call.frame, toNode(call.frame, o.value, o.span), o.span));
  return tensorValue(call.frame.context.g.make(op, together(call.frame, nodes, [a, b]), {}));
}

function operand(call: BuiltinCall, name: string): Operand {
  return given(call, name);
}

/** A size, or a / b of sizes, rounded down: a size again, as in floor(H / 2). */
function roundedDown(value: Value): Index | undefined {
  if (value.kind === 'size') return value.index;
  if (value.kind !== 'tensor' || !isOp(value.node, div)) return undefined;
  const [a, b] = value.node.inputs.map(indexIn);
  return a && b && quotient(a, b);
}

function indexIn(node: Node): Index | undefined {
  if (isOp(node, size)) return node.attrs.of;
  if (isOp(node, constant) && Number.isInteger(node.attrs.value) && node.attrs.value > 0)
    return whole(node.attrs.value);
  return undefined;
}
