// Operators: on static values while compiling, on tensors as graph nodes.
import { cannotMultiply, classMismatch, wrongElement } from '../../diagnostics/types.js';
import { wrongKind } from '../../diagnostics/elaboration.js';
import type { Node, Op } from '../../ir/graph.js';
import {
  add as plus,
  constant as whole,
  constantOf,
  div as quotient,
  mod,
  mul as times,
  scale,
  sub as minus,
  type Index,
} from '../../ir/index.js';
import { add, div, mul, neg, pow, sub } from '../../ir/ops/arithmetic.js';
import { contract } from '../../ir/ops/contract.js';
import type { Plain } from '../../ir/ops/elementwise.js';
import { and, equalTo, less, lessEqual, not, or } from '../../ir/ops/logic.js';
import { toF32 } from '../../ir/ops/logic.js';
import { printDim, printType, sameElement } from '../../ir/types.js';
import type { BinaryOperator } from '../../parser/tree.js';
import { commonShape, stretch } from './broadcasting.js';
import { fail, type Frame } from './frame.js';
import { asF32, brief, labelled, together, toNode, type Operand } from './tensors.js';
import { describe, numberValue, sizeValue, tensorValue, unknown, type Value } from './values.js';

export type Arithmetic = Exclude<BinaryOperator, '|>' | '>>'>;

/** left operator right. */
export function binary(frame: Frame, operator: Arithmetic, left: Operand, right: Operand): Value {
  const [a, b] = [left.value, right.value];
  if (a.kind === 'unknown' || b.kind === 'unknown') return unknown;
  if (operator === 'and' || operator === 'or') return logical(frame, operator, left, right);
  const fixed = staticBinary(operator, a, b);
  if (fixed) return fixed;
  const [x, y] = [toNode(frame, a, left.span), toNode(frame, b, right.span)];
  if (operator === '@') return tensorValue(matmul(frame, x, y, left, right));
  return comparisons.has(operator)
    ? compare(frame, operator, x, y, left, right)
    : arithmetic(frame, operator, x, y, left, right);
}

const comparisons: ReadonlySet<Arithmetic> = new Set(['==', '!=', '<', '<=', '>', '>=']);

const elementwise: Partial<Record<Arithmetic, Op<Plain>>> = { '+': add, '-': sub, '*': mul, '/': div, '^': pow };

function arithmetic(frame: Frame, operator: Arithmetic, x: Node, y: Node, left: Operand, right: Operand): Value {
  const op = elementwise[operator];
  if (!op) throw new Error(`no arithmetic ${operator}`);
  // A truth counts as 0 or 1 beside a number: x * bernoulli(…).
  const [a, b] = [numeric(frame, x, left), numeric(frame, y, right)];
  return tensorValue(frame.context.g.make(op, together(frame, [a, b], [left, right]), {}));
}

/** The f32 form of an operand; bools count as 0 and 1. */
function numeric(frame: Frame, node: Node, operand: Operand): Node {
  return node.type.element.kind === 'bool' ? frame.context.g.make(toF32, [node], {}) : asF32(frame, node, operand.span);
}

function compare(frame: Frame, operator: Arithmetic, x: Node, y: Node, left: Operand, right: Operand): Value {
  const { g } = frame.context;
  const [a, b] = together(frame, alike(frame, x, y, left, right), [left, right]);
  switch (operator) {
    case '<':
      return tensorValue(g.make(less, [a, b], {}));
    case '<=':
      return tensorValue(g.make(lessEqual, [a, b], {}));
    case '>':
      return tensorValue(g.make(less, [b, a], {}));
    case '>=':
      return tensorValue(g.make(lessEqual, [b, a], {}));
    case '!=':
      return tensorValue(g.make(not, [g.make(equalTo, [a, b], {})], {}));
    default:
      return tensorValue(g.make(equalTo, [a, b], {}));
  }
}

/** Two operands of one element type: a number beside an index compares as numbers. */
function alike(frame: Frame, x: Node, y: Node, left: Operand, right: Operand): Node[] {
  const { g } = frame.context;
  if (sameElement(x.type.element, y.type.element)) return [x, y];
  const kinds = [x.type.element.kind, y.type.element.kind];
  if (kinds[0] === 'index' && kinds[1] === 'index') {
    return fail(
      frame,
      classMismatch({
        labels: [labelled(left, x), labelled(right, y)],
        note: 'indices compare where they count the same number of classes',
      }),
    );
  }
  const isNumber = (operand: Operand) => operand.value.kind === 'number' || operand.value.kind === 'size';
  if (kinds.includes('index') && (isNumber(left) || isNumber(right)))
    return [x, y].map((n) => (n.type.element.kind === 'index' ? g.make(toF32, [n], {}) : n));
  const [wrong, other] = x.type.element.kind === 'f32' ? [right, left] : [left, right];
  const [wrongNode, otherNode] = wrong === left ? [x, y] : [y, x];
  return fail(
    frame,
    wrongElement({
      expected: 'two operands of one element type',
      got: printType(wrongNode.type),
      span: wrong.span,
      other: labelled(other, otherNode),
      help: 'f32(…) turns a bool or an index into a number',
    }),
  );
}

function logical(frame: Frame, operator: 'and' | 'or', left: Operand, right: Operand): Value {
  const [a, b] = [left.value, right.value];
  if (a.kind === 'boolean' && b.kind === 'boolean')
    return { kind: 'boolean', value: operator === 'and' ? a.value && b.value : a.value || b.value };
  const nodes = [left, right].map((operand) => truth(frame, toNode(frame, operand.value, operand.span), operand));
  return tensorValue(frame.context.g.make(operator === 'and' ? and : or, together(frame, nodes, [left, right]), {}));
}

function truth(frame: Frame, node: Node, operand: Operand): Node {
  if (node.type.element.kind === 'bool') return node;
  return fail(
    frame,
    wrongElement({
      expected: 'a bool',
      got: printType(node.type),
      span: operand.span,
      help: 'compare it first, as in x > 0',
    }),
  );
}

export function negate(frame: Frame, operand: Operand): Value {
  const { value } = operand;
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'number') return numberValue(-value.value);
  if (value.kind === 'size') return { kind: 'size', index: scale(value.index, -1) };
  return tensorValue(frame.context.g.make(neg, [numeric(frame, toNode(frame, value, operand.span), operand)], {}));
}

export function invert(frame: Frame, operand: Operand): Value {
  const { value } = operand;
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'boolean') return { kind: 'boolean', value: !value.value };
  return tensorValue(frame.context.g.make(not, [truth(frame, toNode(frame, value, operand.span), operand)], {}));
}

// ---- static values -------------------------------------------------------------------------------

function staticBinary(operator: Arithmetic, a: Value, b: Value): Value | undefined {
  if (a.kind === 'number' && b.kind === 'number') return onNumbers(operator, a.value, b.value);
  if (isSized(a) && isSized(b)) return onSizes(operator, indexOf(a), indexOf(b));
  if (operator === '==' || operator === '!=') {
    const same = sameStatic(a, b);
    if (same !== undefined) return { kind: 'boolean', value: same === (operator === '==') };
  }
  return undefined;
}

/** Equality of texts, truths and none; undefined where it is not known while compiling. */
function sameStatic(a: Value, b: Value): boolean | undefined {
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  if ((a.kind === 'string' && b.kind === 'string') || (a.kind === 'boolean' && b.kind === 'boolean'))
    return a.value === b.value;
  if (a.kind === 'string' || b.kind === 'string') return false;
  return undefined;
}

/**
 * The result that decimal arithmetic has, where binary rounding is all that keeps them apart: 1 - 0.9 is 0.1, as its author means it and
 * as it is then printed, not 0.09999999999999998. Numbers of many digits, such as pi, are left as they are.
 */
function asDecimal(operator: Arithmetic, a: number, b: number, result: number): number {
  if (Number.isInteger(a) && Number.isInteger(b) && Number.isInteger(result)) return result;
  const isShort = (x: number): boolean => Number(x.toPrecision(12)) === x;
  const terms = operator === '+' || operator === '-' ? [a, b] : [];
  const largest = Math.max(Math.abs(result), ...terms.map(Math.abs));
  const places = 15 - Math.ceil(Math.log10(largest));
  if (!isShort(a) || !isShort(b) || !(places >= 0 && places <= 100)) return result;
  const decimal = Number(result.toFixed(places));
  return isShort(decimal) && Math.abs(decimal - result) <= 2 ** -52 * largest ? decimal : result;
}

function onNumbers(operator: Arithmetic, a: number, b: number): Value | undefined {
  const truths: Partial<Record<Arithmetic, boolean>> = {
    '==': a === b,
    '!=': a !== b,
    '<': a < b,
    '<=': a <= b,
    '>': a > b,
    '>=': a >= b,
  };
  const known = truths[operator];
  if (known !== undefined) return { kind: 'boolean', value: known };
  const numbers: Partial<Record<Arithmetic, number>> = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '^': a ** b };
  const result = numbers[operator];
  return result === undefined ? undefined : numberValue(asDecimal(operator, a, b, result));
}

type Sized = Extract<Value, { kind: 'size' | 'number' }>;

function isSized(value: Value): value is Sized {
  return value.kind === 'size' || (value.kind === 'number' && Number.isInteger(value.value));
}

function indexOf(value: Sized): Index {
  return value.kind === 'size' ? value.index : whole(value.value);
}

/** Sizes stay sizes under + - * and an exact division; else they become numbers at run time. */
function onSizes(operator: Arithmetic, a: Index, b: Index): Value | undefined {
  switch (operator) {
    case '+':
      return sizeValue(plus(a, b));
    case '-':
      return sizeValue(minus(a, b));
    case '*':
      return sizeValue(times(a, b));
    case '/':
      if (constantOf(b) === 0) return undefined;
      return constantOf(mod(a, b)) === 0 ? sizeValue(quotient(a, b)) : undefined;
    case '==':
      return a.key === b.key ? { kind: 'boolean', value: true } : undefined;
    default:
      return undefined;
  }
}

// ---- matrix product ------------------------------------------------------------------------------

/** NumPy's matmul as a contraction: the last axis of a with the last but one of b, leading axes batched and broadcast. */
function matmul(frame: Frame, x: Node, y: Node, left: Operand, right: Operand): Node {
  const { g } = frame.context;
  const [a, b] = [asF32(frame, x, left.span), asF32(frame, y, right.span)];
  requireProduct(frame, a, b, left, right);
  const [ra, rb] = [a.type.shape.length, b.type.shape.length];
  // What only one side has needs no batching: [batch, T, d] @ [d, e] has rows batch·T.
  if (rb <= 2) {
    const rows = a.type.shape.map((_, i) => (i === ra - 1 ? 'k' : `r${i}`));
    return product(frame, a, b, rows, rb === 1 ? ['k'] : ['k', 'c']);
  }
  const columns = b.type.shape.map((_, i) => (i === rb - 2 ? 'k' : i === rb - 1 ? 'c' : `b${i}`));
  if (ra === 1) return product(frame, a, b, ['k'], columns);
  if (ra === 2) return product(frame, a, b, ['r', 'k'], columns, true);
  const lead = commonShape([a.type.shape.slice(0, -2), b.type.shape.slice(0, -2)]);
  if (!lead)
    return fail(
      frame,
      cannotMultiply({
        labels: [labelled(left, a), labelled(right, b)],
        note: 'the dimensions before the last two do not broadcast',
      }),
    );
  const wide = (node: Node): Node => stretch(g, node, [...lead, ...node.type.shape.slice(-2)]);
  const labels = lead.map((_, i) => `b${i}`);
  return product(frame, wide(a), wide(b), [...labels, 'r', 'k'], [...labels, 'k', 'c']);
}

/** Both sides are tensors, and the dimensions that meet are equal. */
function requireProduct(frame: Frame, a: Node, b: Node, left: Operand, right: Operand): void {
  const [ra, rb] = [a.type.shape.length, b.type.shape.length];
  if (ra === 0 || rb === 0) {
    const { value, span } = ra === 0 ? left : right;
    const [expected, help] = ['a tensor on each side of @', 'a number multiplies with *'];
    return fail(frame, wrongKind({ expected, got: describe(value), span, help }));
  }
  const [inner, outer] = [a.type.shape[ra - 1], b.type.shape[Math.max(0, rb - 2)]];
  if (inner.size.key === outer.size.key) return;
  const place = rb === 1 ? 'the only one' : rb === 2 ? 'the first' : 'the last but one';
  fail(
    frame,
    cannotMultiply({
      labels: [labelled(left, a), labelled(right, b)],
      note: `the last dimension of ${brief(left, 'the left side')} is ${printDim(inner)}, and ${place} of ${brief(right, 'the right side')} is ${printDim(outer)}`,
      help: multiplyHint(frame, outer.size, ra, right) ?? transposeHint(inner.size, b, left, right),
    }),
  );
}

/** A contraction over k. Its result's axes: the batched ones, rows, columns; `rowsLast`: leading axes of b come before a's rows. */
function product(
  frame: Frame,
  a: Node,
  b: Node,
  left: readonly string[],
  right: readonly string[],
  rowsLast = false,
): Node {
  const rows = left.filter((l) => l !== 'k');
  const columns = right.filter((l) => l !== 'k' && !left.includes(l));
  const out = rowsLast ? [...columns.slice(0, -1), ...rows, ...columns.slice(-1)] : [...rows, ...columns];
  return frame.context.g.make(contract, [a, b], { left: [...left], right: [...right], out });
}

function transposeHint(wanted: Index, { type: { shape } }: Node, left: Operand, right: Operand): string | undefined {
  if (shape.length < 2 || shape[shape.length - 1].size.key !== wanted.key) return undefined;
  return `did you mean ${brief(left, '…')} @ transpose(${brief(right, '…')})?`;
}

/** Another name in scope that would fit in place of the left operand. */
function multiplyHint(frame: Frame, wanted: Index, rank: number, right: Operand): string | undefined {
  const fitting = new Set(frame.scope.names()).values();
  for (const name of fitting) {
    const own = frame.scope.own(name) ?? frame.scope.parent?.own(name);
    if (!own) continue;
    const value = frame.scope.find(name);
    if (value?.kind !== 'tensor') continue;
    const { shape } = value.node.type;
    if (shape.length === rank && shape[rank - 1].size.key === wanted.key && value.node.type.element.kind === 'f32')
      return `did you mean ${name} @ ${brief(right, '…')}?  ${name}: ${printType(value.node.type)}`;
  }
  return undefined;
}
