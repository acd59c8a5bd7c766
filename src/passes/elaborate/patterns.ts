// Types in signatures: names and … bind by matching the argument; types are checks and documentation where they are given.
import { notADimension, tooManyClasses, wrongElement, wrongShape } from '../../diagnostics/types.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { reshape } from '../../ir/ops/movement.js';
import { bool, f32, printDim, printType, type Dim, type ElementType, type TensorType } from '../../ir/types.js';
import { print } from '../../parser/print.js';
import type { DimExpression, Expression, TypeExpression } from '../../parser/tree.js';
import { evaluate } from './expressions.js';
import { fail, type Frame } from './frame.js';
import { describe, dimOf, isCallable, listValue, type Scope, type Value } from './values.js';

/** Indices are integers of 32 bits. */
const mostClasses = 2 ** 31 - 1;

/** Under this name a scope holds what … stands for. */
const ellipsis = '…';

/** Matches a tensor's type with a pattern, binding the names that are new in `scope`. `what` names the tensor in messages. */
export function match(frame: Frame, pattern: TypeExpression, node: Node, what: string, span: Span): void {
  const { shape } = node.type;
  matchElement(frame, pattern, node, what, span);
  const dims = pattern.shape;
  if (!dims) {
    if (shape.length > 0 && pattern.element) wrong(frame, pattern, node, what, span, 'it should be a scalar');
    return;
  }
  const at = dims.findIndex((d) => d.kind === 'ellipsis');
  const fixed = at < 0 ? dims.length : dims.length - 1;
  if (at < 0 ? shape.length !== fixed : shape.length < fixed)
    wrong(
      frame,
      pattern,
      node,
      what,
      span,
      `it should have ${at < 0 ? '' : 'at least '}${fixed} ${fixed === 1 ? 'axis' : 'axes'}`,
    );
  const many = shape.length - fixed;
  dims.forEach((d, i) => {
    if (d.kind === 'ellipsis') bindEllipsis(frame.scope, shape.slice(i, i + many));
    else matchDim(frame, d, at >= 0 && i > at ? i + many - 1 : i, pattern, node, what, span);
  });
}

/**
 * The tensor with the names that a pattern gives to its axes, where sizes do not tell them apart: `along T` of x: [batch, T, n] is the
 * second axis, though T and n be the same number. What has a name keeps it.
 */
export function nameAxes(frame: Frame, pattern: TypeExpression, node: Node): Node {
  const { shape } = node.type;
  const dims = pattern.shape ?? [];
  const at = dims.findIndex((d) => d.kind === 'ellipsis');
  if (at < 0 ? dims.length !== shape.length : dims.length - 1 > shape.length) return node;
  const names = new Map<number, string>();
  const taken = new Set(shape.flatMap(({ name }) => name ?? []));
  dims.forEach((d, i) => {
    const axis = at >= 0 && i > at ? i + shape.length - dims.length : i;
    if (d.kind === 'ellipsis' || d.value.kind !== 'name' || shape[axis].name !== undefined) return;
    const { name } = d.value;
    if (frame.scope.own(name) || taken.has(name)) return;
    taken.add(name);
    names.set(axis, name);
  });
  const alike = ([axis]: [number, string]): boolean =>
    shape.some(({ size }, i) => i !== axis && size.key === shape[axis].size.key);
  if (![...names].some(alike)) return node;
  const named = shape.map((d, i): Dim => {
    const name = names.get(i);
    return name === undefined ? d : { ...d, name };
  });
  const { g } = frame.context;
  return g.make(reshape, [node], { shape: named, named: named.map(({ name }) => name ?? '').join() });
}

function matchElement(frame: Frame, { element }: TypeExpression, node: Node, what: string, span: Span): void {
  const own = node.type.element;
  if (!element) {
    if (own.kind !== 'f32')
      fail(
        frame,
        wrongElement({
          expected: `numbers (f32) for ${what}`,
          got: printType(node.type),
          span,
          help: 'f32(…) turns a bool or an index into a number',
        }),
      );
    return;
  }
  const kinds = { f32: 'numbers (f32)', bool: 'truths (bool)', index: 'indices' };
  if (element.kind !== own.kind)
    fail(frame, wrongElement({ expected: `${kinds[element.kind]} for ${what}`, got: printType(node.type), span }));
  if (element.kind !== 'index' || own.kind !== 'index') return;
  const name = element.size.kind === 'name' ? element.size.name : undefined;
  if (name !== undefined && !frame.scope.own(name)) {
    frame.scope.define(name, dimensionValue({ size: own.size }));
    return;
  }
  const wanted = dimOf(evaluate(element.size, frame));
  if (wanted && wanted.size.key !== own.size.key)
    fail(frame, wrongElement({ expected: `index(${printDim(wanted)}) for ${what}`, got: printType(node.type), span }));
}

function bindEllipsis(scope: Scope, dims: readonly Dim[]): void {
  if (!scope.own(ellipsis)) scope.define(ellipsis, listValue(dims.map(dimensionValue)));
}

function matchDim(
  frame: Frame,
  expression: Extract<DimExpression, { kind: 'size' }>,
  axis: number,
  pattern: TypeExpression,
  node: Node,
  what: string,
  span: Span,
): void {
  const { value } = expression;
  const own = node.type.shape[axis];
  if (value.kind === 'name' && !frame.scope.own(value.name)) {
    const bound = dimensionValue(own);
    frame.scope.define(value.name, bound);
    frame.context.note?.(value.span, bound);
    return;
  }
  const wanted = dimOf(evaluate(value, frame));
  if (wanted && wanted.size.key !== own.size.key)
    wrong(
      frame,
      pattern,
      node,
      what,
      span,
      value.kind === 'number'
        ? `its axis ${axis} is ${printDim(own)}, and should be ${printDim(wanted)}`
        : `its axis ${axis} is ${printDim(own)}, and ${print(value)} is ${printDim(wanted)}`,
    );
}

/** A dimension as a value that remembers being one, so that `axis = T` means it. */
function dimensionValue(d: Dim): Value {
  const known = constantOf(d.size);
  const name = d.name === undefined ? {} : { name: d.name };
  return known === undefined
    ? { kind: 'size', index: d.size, ...name }
    : { kind: 'number', value: known, dimension: true, ...name };
}

function wrong(frame: Frame, pattern: TypeExpression, node: Node, what: string, span: Span, note: string): never {
  return fail(
    frame,
    wrongShape({
      what,
      labels: [
        { span, text: `${what}: ${printType(node.type)}` },
        { span: pattern.span, text: 'what the signature says' },
      ],
      note,
    }),
  );
}

/** Supplies the dimension for a name at `span` that nothing binds. */
type Unbound = (name: string, span: Span) => Dim;

/** The type that an expression says: of an input, a parameter, a state. `unbound` supplies names that nothing binds. */
export function typeOf(frame: Frame, expression: TypeExpression, unbound?: Unbound): TensorType {
  return { element: elementOf(frame, expression), shape: shapeOf(frame, expression.shape ?? [], unbound) };
}

function elementOf(frame: Frame, { element }: TypeExpression): ElementType {
  if (!element) return f32;
  if (element.kind !== 'index') return element.kind === 'bool' ? bool : f32;
  const { size } = wantedDim(frame, evaluate(element.size, frame), element.size.span);
  const count = constantOf(size) ?? 1;
  if (count > mostClasses)
    fail(frame, tooManyClasses({ got: String(count), most: mostClasses, span: element.size.span }));
  return { kind: 'index', size };
}

export function shapeOf(frame: Frame, dims: readonly DimExpression[], unbound?: Unbound): Dim[] {
  return dims.flatMap((d) => {
    if (d.kind === 'ellipsis') {
      const bound = frame.scope.find(ellipsis);
      return bound?.kind === 'list' ? bound.items.map((item) => wantedDim(frame, item, d.span)) : [];
    }
    for (const name of unbound ? namesIn(d.value) : []) {
      // A dimension may bear the name of a function: `[batch, range]`.
      const known = frame.scope.find(name);
      if (known !== undefined && !isCallable(known)) continue;
      const made = unbound?.(name, d.span);
      if (made && d.value.kind === 'name') return [made];
    }
    const found = wantedDim(frame, evaluate(d.value, frame), d.span, divided(d.value));
    return [
      found.name === undefined && d.value.kind === 'name' && isDimensionName(frame, d.value.name)
        ? { ...found, name: d.value.name }
        : found,
    ];
  });
}

/** The names that arithmetic over dimensions is made of. */
function namesIn(value: Expression): string[] {
  if (value.kind === 'name') return [value.name];
  if (value.kind === 'unary') return namesIn(value.operand);
  return value.kind === 'binary' ? [...namesIn(value.left), ...namesIn(value.right)] : [];
}

/** A name that the model or a pattern introduced gives its name to the dimension; `n` bound to an unnamed 784 stays 784. */
function isDimensionName(frame: Frame, name: string): boolean {
  const value = frame.scope.find(name);
  return value?.kind === 'number' && !value.dimension && value.name === name;
}

/** The value as a dimension; an error where it is none, such as 2.5. */
export function wantedDim(frame: Frame, value: Value, span: Span, help?: string): Dim {
  const got = value.kind === 'number' ? String(value.value) : describe(value);
  const hint = value.kind === 'tensor' && help !== undefined ? { help } : {};
  return dimOf(value) ?? fail(frame, notADimension({ got, span, ...hint }));
}

/** What to do where a run-time size is divided, and nothing says that the division is exact. */
function divided(value: Expression): string | undefined {
  if (value.kind !== 'binary' || value.operator !== '/' || value.right.kind !== 'number') return undefined;
  return `run-time sizes are multiplied, not divided: with n for ${print(value)}, write ${value.right.value} * n for ${print(value.left)} wherever that stands`;
}
