// Expressions: from the syntax tree to values.
import * as messages from '../../diagnostics/elaboration.js';
import { wrongElement } from '../../diagnostics/types.js';
import { select } from '../../ir/ops/logic.js';
import { print } from '../../parser/print.js';
import { printType, sameElement } from '../../ir/types.js';
import type { Expression } from '../../parser/tree.js';
import { binary, invert, negate } from './arithmetic.js';
import { apply, call, configured, givenOf } from './calls.js';
import { fail, spend, type Frame } from './frame.js';
import { checkExtent } from './extent.js';
import { emittedBy } from './scan.js';
import { elementAt } from './slicing.js';
import { together, toNode, type Operand } from './tensors.js';
import { nearest } from './names.js';
import { describe, isCallable, listValue, tensorValue, unknown, type Value } from './values.js';

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** Deeper than this, the stack could run out. */
const deepest = 600;

/** The value of an expression; throws a Fault where it has none. */
export function evaluate(expression: Expression, frame: Frame): Value {
  const { context } = frame;
  if (context.depth >= deepest) return fail(frame, messages.tooDeep({ span: expression.span }));
  context.depth++;
  try {
    const value = valueOf(expression, frame);
    if (value.kind === 'tensor') checkExtent(frame, value.node.type, expression.span);
    context.note?.(expression.span, value);
    return value;
  } finally {
    context.depth--;
  }
}

function valueOf(expression: Expression, frame: Frame): Value {
  switch (expression.kind) {
    case 'number':
      return { kind: 'number', value: expression.value };
    case 'string':
      return { kind: 'string', value: expression.value };
    case 'boolean':
      return { kind: 'boolean', value: expression.value };
    case 'name':
      return named(expression, frame);
    case 'list':
      return listed(expression, frame);
    case 'binary':
      return operation(expression, frame);
    case 'unary': {
      const operand = operandOf(expression.operand, frame);
      return expression.operator === '-' ? negate(frame, operand) : invert(frame, operand);
    }
    case 'if':
      return choice(expression, frame);
    case 'call':
      return called(expression, frame);
    case 'index':
      return elementAt(frame, operandOf(expression.of, frame), expression.items);
    case 'range':
      return columns(expression, frame);
    case 'scan':
      return emittedBy(expression, frame);
    default:
      return expression satisfies never;
  }
}

/** More values than this in a list are no settings any more, and not read from a source. */
const mostListed = 100_000;

function listed({ items, span }: Of<'list'>, frame: Frame): Value {
  const value = listValue(items.map((item) => evaluate(item, frame)));
  return value.count <= mostListed
    ? value
    : fail(frame, messages.longList({ count: value.count, most: mostListed, span }));
}

function operandOf(expression: Expression, frame: Frame): Operand {
  return { value: evaluate(expression, frame), span: expression.span, written: expression };
}

function named({ name, span }: Of<'name'>, frame: Frame): Value {
  if (name === 'training') return { kind: 'boolean', value: frame.context.mode.isTraining() };
  const value = frame.scope.find(name);
  if (value) return value;
  const later = frame.scope.later(name);
  if (later) {
    const itself = later.start === span.start || frame.binding === name;
    return fail(frame, itself ? messages.circular({ name, span }) : messages.definedLater({ name, span, later }));
  }
  return fail(frame, messages.unknownName({ name, span, nearest: nearest(name, frame.scope.names()) }));
}

function operation(expression: Of<'binary'>, frame: Frame): Value {
  const { operator, left, right } = expression;
  if (operator === '|>') return piped(expression, frame);
  if (operator === '>>') {
    const parts = [left, right].map((part) => {
      const value = configured(evaluate(part, frame), frame, part.span);
      if (!isCallable(value) && value.kind !== 'unknown')
        return fail(frame, messages.notAFunction({ what: describe(value), span: part.span }));
      return value;
    });
    // (f >> g) >> h is one chain, unless a name stands on the first part.
    const flat = parts.flatMap((p) => (p.kind === 'composition' && p.instance.path === undefined ? p.parts : [p]));
    // As many are made as will be called: chains of chains double.
    spend(frame, flat.length, expression.span);
    return { kind: 'composition', parts: flat, instance: {} };
  }
  return binary(frame, operator, operandOf(left, frame), operandOf(right, frame));
}

/** x |> f is f(x). */
function piped({ left, right }: Of<'binary'>, frame: Frame): Value {
  const value = evaluate(left, frame);
  if (right.kind === 'binary' && right.operator !== '>>' && right.operator !== '|>') {
    // `x |> dense(3) + 1` means x |> (dense(3) + 1): the parentheses that were meant.
    const callee = tryCallable(right.left, frame);
    if (callee)
      return fail(
        frame,
        messages.notAFunction({
          what: print(right),
          label: 'this is no function',
          span: right.span,
          help: `|> binds more loosely than ${right.operator}: write (${print(left)} |> ${print(right.left)}) ${right.operator} ${print(right.right)}`,
        }),
      );
  }
  const callee = configured(evaluate(right, frame), frame, right.span);
  if (callee.kind === 'unknown' || value.kind === 'unknown') return unknown;
  if (!isCallable(callee))
    return fail(
      frame,
      messages.notAFunction({
        what: describe(callee),
        span: right.span,
        help: 'x |> f means f(x): what stands on the right is a function or a layer',
      }),
    );
  return apply(callee, [{ value, span: left.span }], right.span, frame);
}

function tryCallable(expression: Expression, frame: Frame): boolean {
  if (expression.kind === 'name') {
    const value = frame.scope.find(expression.name);
    return value !== undefined && isCallable(value);
  }
  return expression.kind === 'call' && tryCallable(expression.callee, frame);
}

function called({ callee, arguments: list, span }: Of<'call'>, frame: Frame): Value {
  const target = evaluate(callee, frame);
  return call(target, givenOf(list, target, frame), span, frame);
}

/** A static choice when the condition is known while compiling, else an elementwise one. */
function choice(expression: Of<'if'>, frame: Frame): Value {
  const { condition } = expression;
  const test = operandOf(condition, frame);
  if (test.value.kind === 'unknown') return unknown;
  if (test.value.kind === 'boolean') return evaluate(test.value.value ? expression.then : expression.else, frame);
  const c = toNode(frame, test.value, condition.span);
  if (c.type.element.kind !== 'bool')
    return fail(
      frame,
      wrongElement({
        expected: 'a bool condition',
        got: printType(c.type),
        span: condition.span,
        help: 'compare it first, as in x > 0',
      }),
    );
  const [a, b] = [operandOf(expression.then, frame), operandOf(expression.else, frame)];
  if (a.value.kind === 'unknown' || b.value.kind === 'unknown') return unknown;
  const [x, y] = [toNode(frame, a.value, a.span), toNode(frame, b.value, b.span)];
  if (!sameElement(x.type.element, y.type.element))
    return fail(
      frame,
      wrongElement({
        expected: 'the same element type in both branches',
        got: printType(y.type),
        span: b.span,
        other: { span: a.span, text: printType(x.type) },
      }),
    );
  return tensorValue(frame.context.g.make(select, together(frame, [c, x, y], [test, a, b]), {}));
}

function columns({ from, to, span }: Of<'range'>, frame: Frame): Value {
  const [a, b] = [evaluate(from, frame), evaluate(to, frame)];
  if (a.kind !== 'number' || b.kind !== 'number')
    return fail(
      frame,
      messages.wrongKind({ expected: 'two column numbers', got: describe(a.kind === 'number' ? b : a), span }),
    );
  return { kind: 'range', from: a.value, to: b.value };
}
