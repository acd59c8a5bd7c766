// Values as tensors: static numbers become constants where a tensor is wanted.

import { nameLetters } from '../../diagnostics/name.js';
import { cannotCombine, crossed, wrongElement } from '../../diagnostics/types.js';
import { appliedAsConfiguration, wrongKind } from '../../diagnostics/elaboration.js';
import type { Diagnostic, Label, Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { constant as whole, constantOf, type Index } from '../../ir/index.js';
import { add, mul } from '../../ir/ops/arithmetic.js';
import { spread } from '../../ir/ops/calls.js';
import { constant, literal, size } from '../../ir/ops/constants.js';
import { toF32 } from '../../ir/ops/logic.js';
import { bool, dim, printType, type Dim, type TensorType } from '../../ir/types.js';
import { print } from '../../parser/print.js';
import type { Definition, Expression } from '../../parser/tree.js';
import { commonShape, stretch } from './broadcasting.js';
import { fail, traced, type Frame } from './frame.js';
import { describe, isCallable, type Given, type Value } from './values.js';

/** An operand with the place it stands at, for messages. */
export interface Operand {
  readonly value: Value;
  readonly span: Span;
  /** How its author wrote it, for messages. */
  readonly written?: Expression;
}

/** More than this of an expression is not repeated in a message. */
const longest = 40;

/** The operand as messages speak of it: what its author wrote, where that is short. */
export function brief({ written }: Operand, otherwise = 'it'): string {
  const text = written && print(written);
  return text !== undefined && text.length <= longest ? text : otherwise;
}

/** An operand's place with its type: `h: [batch, hidden=128]`. */
export function labelled(operand: Operand, { type }: Node): Label {
  const text = brief(operand, '');
  return { span: operand.span, text: text === '' ? printType(type) : `${text}: ${printType(type)}` };
}

/** The value as a graph node; an error where it has no tensor form. */
export function toNode(frame: Frame, value: Value, span: Span): Node {
  const { g } = frame.context;
  switch (value.kind) {
    case 'tensor':
      return value.node;
    case 'number':
      return g.make(constant, [], { value: value.value });
    case 'size':
      return g.make(size, [], { of: value.index });
    case 'boolean':
      return g.make(literal, [], { values: [Number(value.value)], type: { element: bool, shape: [] } });
    case 'list':
      return literalOf(frame, value, span);
    default:
      return fail(
        frame,
        configuredByData(value) ??
          wrongKind({ expected: 'a tensor or a number', got: describe(value), span, help: applicationHint(value) }),
      );
  }
}

/** `elu(x)` where `elu()(x)` was meant: said where x is given, not where the function is taken for its result. */
export function configuredByData(value: Value): Diagnostic | undefined {
  if (value.kind !== 'function' || !value.configuredAt) return undefined;
  return misapplied(value.definition, value.configuration ?? [], value.configuredAt);
}

export function misapplied(definition: Definition, list: readonly Given[], span: Span): Diagnostic | undefined {
  const data = list.find((g) => g.value.kind === 'tensor');
  if (!data) return undefined;
  const name = definition.name.name;
  const required = (definition.configuration ?? []).filter((p) => !p.default).map((p) => p.name.name);
  const configured = required.length === 0 ? name : `${name}(${required.join(', ')})`;
  return appliedAsConfiguration({ name, given: brief(data, '…'), configured, span });
}

function applicationHint(value: Value): string | undefined {
  if (!isCallable(value)) return undefined;
  const layer = value.kind !== 'builtin' && (value.kind !== 'function' || value.definition.kind === 'layer');
  const name = value.kind === 'function' ? value.definition.name.name : undefined;
  if (name === undefined) return layer ? 'apply it to a tensor: x |> …' : undefined;
  return value.kind === 'function' && value.configuration
    ? `apply it to a tensor: x |> ${name}(…)`
    : `apply it to a tensor: ${name}(x)`;
}

/** Nested lists of numbers or truths as a constant tensor; run-time sizes may be among them. */
function literalOf(frame: Frame, list: Extract<Value, { kind: 'list' }>, span: Span): Node {
  const values: number[] = [];
  const sizes: { readonly of: Index; readonly at: number }[] = [];
  const shape: number[] = [];
  let truths = 0;
  const visit = (value: Value, depth: number): void => {
    if (value.kind === 'list') {
      if (value.items.length === 0)
        fail(frame, wrongKind({ expected: 'a list of numbers', got: 'an empty list', span }));
      if (values.length > 0 && depth >= shape.length)
        fail(frame, wrongKind({ expected: 'nested lists of one depth', got: 'a list among numbers', span }));
      if (shape.length === depth) shape.push(value.items.length);
      if (shape[depth] !== value.items.length)
        fail(
          frame,
          wrongKind({
            expected: 'rows of one length',
            got: `a row of ${value.items.length} among rows of ${shape[depth]}`,
            span,
          }),
        );
      for (const item of value.items) visit(item, depth + 1);
      return;
    }
    if (value.kind !== 'number' && value.kind !== 'boolean' && value.kind !== 'size')
      fail(
        frame,
        configuredByData(value) ??
          wrongKind({
            expected: 'nested lists of numbers',
            got: describe(value),
            span,
            help: value.kind === 'tensor' ? 'stack([a, b], axis = 0) puts tensors side by side' : undefined,
          }),
      );
    if (depth !== shape.length)
      fail(frame, wrongKind({ expected: 'nested lists of one depth', got: 'a number among lists', span }));
    if (value.kind === 'boolean') truths++;
    if (value.kind === 'size') sizes.push({ of: value.index, at: values.length });
    values.push(value.kind === 'number' || value.kind === 'boolean' ? Number(value.value) : 0);
  };
  visit(list, 0);
  const type: TensorType = {
    element: truths === values.length && truths > 0 ? bool : { kind: 'f32' },
    shape: shape.map((n) => dim(whole(n))),
  };
  const { g } = frame.context;
  // Run-time sizes are put in their places, which are 0 till then.
  return sizes.reduce<Node>(
    (sum, { of, at }) => {
      const place = g.make(literal, [], { values: values.map((_, i) => Number(i === at)), type });
      return g.make(add, [sum, g.make(mul, [spread(g, g.make(size, [], { of }), type), place], {})], {});
    },
    g.make(literal, [], { values, type }),
  );
}

/** The nodes in one shape; an error that shows both where they do not broadcast. */
export function together(frame: Frame, nodes: readonly Node[], operands: readonly Operand[]): Node[] {
  const shape = commonShape(nodes.map((n) => n.type.shape));
  if (!shape) return fail(frame, mismatch(nodes, operands));
  const across = crossedDimension(nodes, shape);
  if (across) warnOfCrossing(frame, across, nodes, operands, shape);
  return nodes.map((n) => stretch(frame.context.g, n, shape));
}

/**
 * The run-time dimension that the result has twice and no operand does, where alignment alone brought it about: `[batch, 1] - [batch]`
 * is `[batch, batch]`. Who means it writes the axes: `x[:, none] - x[none, :]`.
 */
function crossedDimension(nodes: readonly Node[], shape: readonly Dim[]): Dim | undefined {
  const times = (all: readonly Dim[], d: Dim): number => all.filter(({ size }) => size.key === d.size.key).length;
  const own = nodes.map((n) => n.type.shape);
  const short = own.filter((s) => s.length > 0 && s.length < shape.length);
  return shape.find(
    (d) =>
      constantOf(d.size) === undefined &&
      times(shape, d) > 1 &&
      own.every((s) => times(s, d) < 2) &&
      short.some((s) => times(s, d) > 0),
  );
}

function warnOfCrossing(
  frame: Frame,
  across: Dim,
  nodes: readonly Node[],
  operands: readonly Operand[],
  shape: readonly Dim[],
): void {
  const name = printDimension(across);
  const warning = crossed({
    name,
    result: printType({ element: { kind: 'f32' }, shape }),
    labels: nodes.map((node, i) => labelled(operands[i], node)),
    note: `trailing dimensions align: each place along ${name} meets all of them`,
    help: nodes.length === 2 ? alignmentHint(nodes, operands) : undefined,
  });
  frame.context.report(traced(frame, warning));
}

function mismatch(nodes: readonly Node[], operands: readonly Operand[]) {
  const labels = nodes.map((node, i) => labelled(operands[i], node));
  const [first, second] = apart(nodes);
  const [a, b] = [nodes[first].type.shape, nodes[second].type.shape];
  const rank = Math.max(a.length, b.length);
  for (let i = rank - 1; i >= 0; i--) {
    const [x, y]: (Dim | undefined)[] = [a[i - rank + a.length], b[i - rank + b.length]];
    if (!x || !y || commonShape([[x], [y]])) continue;
    const note = `trailing dimensions align, and ${printDimension(x)} meets ${printDimension(y)}`;
    return cannotCombine({
      labels,
      note,
      help: alignmentHint([nodes[first], nodes[second]], [operands[first], operands[second]]),
    });
  }
  return cannotCombine({ labels });
}

/** The first two that do not fit together. */
function apart(nodes: readonly Node[]): [number, number] {
  for (let second = 1; second < nodes.length; second++)
    for (let first = 0; first < second; first++)
      if (!commonShape([nodes[first].type.shape, nodes[second].type.shape])) return [first, second];
  return [0, 1];
}

function printDimension(d: Dim): string {
  return printType({ element: { kind: 'f32' }, shape: [d] }).slice(1, -1);
}

/** `[batch, 10] + [batch]`: the shorter one wants a new last axis. */
function alignmentHint(nodes: readonly Node[], operands: readonly Operand[]): string | undefined {
  const [long, short] = nodes[0].type.shape.length >= nodes[1].type.shape.length ? [0, 1] : [1, 0];
  const [a, b] = [nodes[long].type.shape, nodes[short].type.shape];
  if (b.length === 0 || a.length !== b.length + 1 || !commonShape([a, [...b, dim(whole(1))]])) return undefined;
  const all = b.map(() => ':').join(', ');
  const text = brief(operands[short], '');
  if (text === '') return `to repeat the shorter one along the last axis, write (…)[${all}, none]`;
  const plain = plainOperand.test(text) ? text : `(${text})`;
  return `to repeat ${text} along the last axis, write ${plain}[${all}, none]`;
}

const plainOperand = new RegExp(`^[${nameLetters}]+(\\(.*\\))?$`, 'u');

/** The node as f32; an error names what it is where it is not. `mean` and `sum` take bools by themselves. */
export function asF32(frame: Frame, node: Node, span: Span): Node {
  if (node.type.element.kind === 'f32') return node;
  return fail(
    frame,
    wrongElement({
      expected: 'numbers (f32)',
      got: printType(node.type),
      span,
      help: 'f32(…) turns a bool or an index into a number',
    }),
  );
}

export function toNumbers(frame: Frame, node: Node): Node {
  return node.type.element.kind === 'f32' ? node : frame.context.g.make(toF32, [node], {});
}
