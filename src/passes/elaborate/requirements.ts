// `require CONDITION, "text"`: decided while compiling where the values are known, at each call where it is over run-time sizes.
import type { Span } from '../../diagnostics/diagnostic.js';
import { shortened } from '../../diagnostics/quote.js';
import { dependsOnData, notACondition, unmet } from '../../diagnostics/requirements.js';
import { constant as whole, printIndex, type Index } from '../../ir/index.js';
import type { SizeCondition } from '../../ir/model.js';
import { reachable } from '../../ir/reachable.js';
import { compareNumbers, knownOf } from '../../ir/requirements.js';
import type { Node } from '../../ir/graph.js';
import { input } from '../../ir/ops/leaves.js';
import { random } from '../../ir/ops/random.js';
import { print } from '../../parser/print.js';
import type { Expression, Statement } from '../../parser/tree.js';
import { binary } from './arithmetic.js';
import { evaluate } from './expressions.js';
import { around, fail, type Frame } from './frame.js';
import { requireOfSizes } from './sizeConditions.js';
import { describe, printNumber, type Value } from './values.js';

type Requiring = Extract<Statement, { kind: 'require' }>;
type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;
type Operator = Extract<SizeCondition, { kind: 'compare' }>['operator'];

/**
 * What is known of a condition: that it holds, what of it does not, or what of it each call has to check. `open`: it depends on values
 * of each step that are no data (a learning rate by its schedule), and is not checked.
 */
type Decided =
  | { readonly kind: 'holds' }
  | { readonly kind: 'fails'; readonly what: readonly Expression[] }
  | { readonly kind: 'sizes'; readonly condition: SizeCondition }
  | { readonly kind: 'open' };

const holds: Decided = { kind: 'holds' };
const open: Decided = { kind: 'open' };

/** Calls that a condition may make for nothing. */
const simple = 8;

/** Checks what a body requires; `where` is the name of the function, layer or optimizer. */
export function checkRequirement({ condition, text }: Requiring, frame: Frame, where: string): void {
  const { context } = frame;
  const before = context.steps;
  const found = decide(condition, frame);
  // What is as simple as most are does not count among the steps that a model may take.
  if (context.steps - before <= simple) context.steps = before;
  if (found.kind === 'fails') return refuse(found.what, condition, text.value, frame, where);
  if (found.kind === 'sizes') requireOfSizes(frame, found.condition, text.value);
}

/** `and` and `or` decide by their left side where that is enough: `window == none or window > 0`. */
function decide(expression: Expression, frame: Frame): Decided {
  switch (expression.kind) {
    case 'binary':
      if (expression.operator === 'and') return both(expression, frame);
      if (expression.operator === 'or') return either(expression, frame);
      return isComparison(expression.operator)
        ? compare(expression, expression.operator, frame)
        : plain(expression, frame);
    case 'unary':
      return expression.operator === 'not' ? opposite(expression, frame) : plain(expression, frame);
    default:
      return plain(expression, frame);
  }
}

function both({ left, right }: Of<'binary'>, frame: Frame): Decided {
  const a = decide(left, frame);
  if (a.kind === 'fails') return a;
  const b = decide(right, frame);
  if (b.kind === 'fails' || a.kind === 'holds') return b;
  if (a.kind === 'sizes' && b.kind === 'sizes')
    return { kind: 'sizes', condition: { kind: 'and', parts: [a.condition, b.condition] } };
  return a.kind === 'sizes' ? a : b.kind === 'sizes' ? b : open;
}

function either(expression: Of<'binary'>, frame: Frame): Decided {
  const a = decide(expression.left, frame);
  if (a.kind === 'holds') return a;
  const b = decide(expression.right, frame);
  if (a.kind === 'fails') return b.kind === 'fails' ? { kind: 'fails', what: [...a.what, ...b.what] } : b;
  if (b.kind === 'holds') return b;
  if (b.kind === 'fails') return a;
  if (a.kind === 'sizes' && b.kind === 'sizes')
    return { kind: 'sizes', condition: { kind: 'or', parts: [a.condition, b.condition] } };
  return open;
}

function opposite(expression: Of<'unary'>, frame: Frame): Decided {
  const of = decide(expression.operand, frame);
  switch (of.kind) {
    case 'holds':
      return { kind: 'fails', what: [expression] };
    case 'fails':
      return holds;
    case 'sizes':
      return { kind: 'sizes', condition: { kind: 'not', of: of.condition } };
    case 'open':
      return open;
    default:
      return of satisfies never;
  }
}

function compare(expression: Of<'binary'>, operator: Operator, frame: Frame): Decided {
  const [left, right] = [expression.left, expression.right].map((written) => ({
    value: evaluate(written, frame),
    span: written.span,
    written,
  }));
  const sized = ofSizes(operator, left.value, right.value);
  if (sized === undefined) return ofValue(binary(frame, operator, left, right), expression, frame);
  if (sized === true) return holds;
  return sized === false ? { kind: 'fails', what: [expression] } : { kind: 'sizes', condition: sized };
}

function plain(expression: Expression, frame: Frame): Decided {
  return ofValue(evaluate(expression, frame), expression, frame);
}

function ofValue(value: Value, what: Expression, frame: Frame): Decided {
  if (value.kind === 'unknown') return open;
  if (value.kind === 'boolean') return value.value ? holds : { kind: 'fails', what: [what] };
  if (value.kind !== 'tensor') return fail(frame, notACondition({ got: describe(value), span: what.span }));
  if (value.node.type.element.kind !== 'bool')
    return fail(frame, notACondition({ got: describe(value), span: what.span }));
  if (!dependsOnInputs(value.node)) return open;
  // What should have been a setting is refused as any other value of it.
  const names = namesIn(what);
  if (frame.context.calls.at(-1)?.configured?.names.some((name) => names.has(name)))
    return { kind: 'fails', what: [what] };
  return fail(frame, dependsOnData({ got: describe(value), span: what.span }));
}

function dependsOnInputs(node: Node): boolean {
  return reachable([node]).some(({ op }) => op === input || op === random);
}

function isComparison(operator: string): operator is Operator {
  return ['<', '<=', '>', '>=', '==', '!='].includes(operator);
}

/** The comparison of two sizes, or of one with a number; undefined where it is of other values. */
function ofSizes(operator: Operator, a: Value, b: Value): boolean | SizeCondition | undefined {
  if (a.kind !== 'size' && b.kind !== 'size') return undefined;
  const [left, right] = [sideOf(a, operator, false), sideOf(b, operator, true)];
  if (left === undefined || right === undefined) return undefined;
  // Infinity and NaN compare with every size as with 1; no size is a fraction.
  if (typeof left === 'number' || typeof right === 'number')
    return compareNumbers(operator, typeof left === 'number' ? left : 1, typeof right === 'number' ? right : 1);
  const condition = { kind: 'compare', operator, left, right } as const;
  return knownOf(condition) ?? condition;
}

/** One side; a fraction becomes the whole number on the side of it where the comparison has the same result. */
function sideOf(value: Value, operator: Operator, isRight: boolean): Index | number | undefined {
  if (value.kind === 'size') return value.index;
  if (value.kind !== 'number') return undefined;
  if (Number.isInteger(value.value)) return whole(value.value);
  if (!Number.isFinite(value.value)) return value.value;
  if (operator === '==' || operator === '!=') return NaN;
  // size < 1.5 is size < 2, size <= 1.5 is size <= 1.
  const up = (operator === '<' || operator === '>=') === isRight;
  return whole(up ? Math.ceil(value.value) : Math.floor(value.value));
}

/** Says at the call that what is required does not hold, with the values that it speaks of. */
function refuse(what: readonly Expression[], condition: Expression, text: string, frame: Frame, where: string): never {
  const { calls, isLibrary } = frame.context;
  const names = new Set(what.flatMap((part) => [...namesIn(part)]));
  const values = valuesOf(what, frame);
  const required = { span: condition.span };
  const all = [...calls].reverse().map((c, i) => ({ callee: c.name, span: placeOf(c, i === 0 ? names : new Set()) }));
  const at = all.findIndex(({ span }) => !isLibrary(span.file));
  // A model's own body is called by nobody.
  if (at < 0) return fail(frame, unmet({ text, labels: [{ ...required, text: values }], trace: [] }));
  const { span, callee } = all[at];
  const labels =
    at === 0
      ? [
          { span, text: values },
          { ...required, text: 'required here' },
        ]
      : [
          { span, text: `in this call of ${callee}` },
          { ...required, text: values },
        ];
  return fail(frame, unmet({ callee: at === 0 ? where : callee, text, labels, trace: around(span, all) }));
}

/** Where the call gives what the condition speaks of: where its configuration is given, if it is among that. */
function placeOf(call: Frame['context']['calls'][number], names: ReadonlySet<string>): Span {
  const { configured } = call;
  return configured && configured.names.some((name) => names.has(name)) ? configured.span : call.span;
}

function namesIn(expression: Expression, into: Set<string> = new Set()): Set<string> {
  const add = (...parts: readonly Expression[]): void => {
    for (const part of parts) namesIn(part, into);
  };
  switch (expression.kind) {
    case 'name':
      into.add(expression.name);
      break;
    case 'binary':
      add(expression.left, expression.right);
      break;
    case 'unary':
      add(expression.operand);
      break;
    case 'if':
      add(expression.condition, expression.then, expression.else);
      break;
    case 'call':
      add(...expression.arguments.map(({ value }) => value));
      break;
    case 'list':
      add(...expression.items);
      break;
    case 'index':
      add(expression.of);
      break;
  }
  return into;
}

/** `steps = 10, warmup = 10`, `count(x, -1) = 3`: the names of what does not hold, and what calls in it give. */
function valuesOf(what: readonly Expression[], frame: Frame): string {
  const said = what.flatMap((part) => {
    const sides =
      part.kind === 'binary' && isComparison(part.operator)
        ? [part.left, part.right]
        : [...namesIn(part)].map((name): Expression => ({ kind: 'name', name, span: part.span }));
    return sides.flatMap((side) => valueOf(side, frame));
  });
  return said.length > 0 ? [...new Set(said)].join(', ') : 'this does not hold';
}

function valueOf(side: Expression, frame: Frame): string[] {
  if (side.kind === 'call') {
    const value = evaluate(side, frame);
    const text = value.kind === 'number' || value.kind === 'size' ? textOf(value) : undefined;
    return text === undefined ? [] : [`${brief(print(side))} = ${text}`];
  }
  if (side.kind !== 'name') {
    return [...namesIn(side)].flatMap((name) => valueOf({ kind: 'name', name, span: side.span }, frame));
  }
  const value = frame.scope.has(side.name) ? frame.scope.find(side.name) : undefined;
  const text = value && !constants.has(side.name) ? textOf(value) : undefined;
  return text === undefined ? [] : [`${side.name} = ${text}`];
}

const constants: ReadonlySet<string> = new Set(['inf', 'pi', 'none']);

function textOf(value: Value): string | undefined {
  switch (value.kind) {
    case 'number':
      return printNumber(value.value);
    case 'boolean':
      return String(value.value);
    case 'string':
      return brief(JSON.stringify(value.value));
    case 'size':
      return printIndex(value.index);
    case 'none':
      return 'none';
    case 'list':
      return brief(`[${value.items.map((item) => textOf(item) ?? '…').join(', ')}]`);
    case 'tensor':
      return describe(value);
    default:
      return undefined;
  }
}

function brief(text: string): string {
  return shortened(text, 40);
}
