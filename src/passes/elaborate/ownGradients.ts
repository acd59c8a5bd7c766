// Derivatives that authors declare beside a function: `gradient f(x, d) = …`, put together once for each kind of arguments.
import * as messages from '../../diagnostics/gradients.js';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import { wrongShape } from '../../diagnostics/types.js';
import type { Node } from '../../ir/graph.js';
import { spread } from '../../ir/ops/calls.js';
import { argument, keyOfOwnGradient, ownGradient, type OwnGradient } from '../../ir/ops/ownGradient.js';
import { printType, sameElement, sameShape, type TensorType } from '../../ir/types.js';
import type { Declaration, Definition } from '../../parser/tree.js';
import { runBody } from './bodies.js';
import { fail, type Frame } from './frame.js';
import { nearest } from './names.js';
import { match } from './patterns.js';
import { asF32, toNode } from './tensors.js';
import {
  describe,
  listValue,
  Scope,
  tensorValue,
  unknown,
  type FunctionValue,
  type GradientDeclaration,
  type MadeGradient,
  type Manner,
  type Value,
} from './values.js';

/** The gradients that a file declares, by the function that each is of; what is wrong with one is reported. */
export function gradientsIn(
  declarations: readonly Declaration[],
  report: (diagnostic: Diagnostic) => void,
): ReadonlyMap<string, GradientDeclaration> {
  const found = new Map<string, GradientDeclaration>();
  for (const declaration of declarations) {
    if (declaration.kind !== 'gradient') continue;
    const { name, span } = declaration.name;
    const first = found.get(name)?.name.span;
    const fault = first ? messages.gradientTwice({ name, span, first }) : faultOf(declaration, declarations);
    if (fault) report(fault);
    else found.set(name, declaration);
  }
  return found;
}

/** A gradient is of a function of its own file, and takes what that takes and the cotangent. */
function faultOf(
  { name: { name, span }, parameters }: GradientDeclaration,
  declarations: readonly Declaration[],
): Diagnostic | undefined {
  const definition = declarations.find((d): d is Definition & Declaration => d.kind === 'fn' && d.name.name === name);
  if (definition) {
    const wanted = definition.parameters.map((p) => p.name.name);
    const spare = parameters.find((p) => p.default)?.span;
    if (parameters.length === wanted.length + 1 && !spare) return undefined;
    return messages.gradientParameters({ name, wanted, got: parameters.length, span: spare ?? span });
  }
  const other = declarations.find((d) => d.kind !== 'import' && d.kind !== 'gradient' && d.name.name === name);
  const imported = declarations.find((d) => d.kind === 'import' && d.names.some((n) => n.name === name));
  const functions = declarations.flatMap((d) => (d.kind === 'fn' ? [d.name.name] : []));
  return messages.gradientOfNone({
    name,
    span,
    ...(other && { other: other.kind }),
    ...(imported?.kind === 'import' && { path: imported.path.value }),
    nearest: nearest(name, functions),
  });
}

/** What a function was called with. */
interface Arguments {
  readonly names: readonly string[];
  /** The data, then the configuration. */
  readonly values: readonly Value[];
  /** How many of them are data. */
  readonly data: number;
}

/** What a call of a function gives: its value, with the derivative that is declared of it. `bound` has its arguments by name. */
export function withOwnGradient(callee: FunctionValue, result: Value, bound: Scope, frame: Frame, span: Span): Value {
  const { gradient: declaration, definition } = callee;
  if (!declaration || result.kind === 'unknown') return result;
  const name = definition.name.name;
  const names = [...definition.parameters, ...(definition.configuration ?? [])].map((p) => p.name.name);
  const values = names.map((each) => bound.find(each) ?? unknown);
  const given: Arguments = { names, values, data: definition.parameters.length };
  if (values.some((value) => value.kind === 'unknown')) return unknown;
  if (!values.slice(0, given.data).some(isDifferentiable)) return result;
  if (result.kind === 'tuple')
    return fail(frame, messages.gradientResult({ name, got: `${result.items.length} values`, span }));
  // A number does not depend on what is given.
  if (result.kind !== 'tensor') return result;
  const { node } = result;
  if (node.type.element.kind !== 'f32')
    return fail(frame, messages.gradientResult({ name, got: printType(node.type), span }));
  const gradient = gradientFor(declaration, callee, given, node.type, frame);
  return tensorValue(frame.context.g.make(ownGradient, [node, ...values.flatMap(tensorsIn)], { gradient }));
}

function isDifferentiable(value: Value): boolean {
  return value.kind === 'tensor' && value.node.type.element.kind === 'f32';
}

/** The derivative for arguments of this kind: one that is at hand, which may be the one that is being made, or a new one. */
function gradientFor(
  declaration: GradientDeclaration,
  callee: FunctionValue,
  given: Arguments,
  result: TensorType,
  frame: Frame,
): OwnGradient {
  const { made } = frame.context;
  const known = made.find((m) => m.declaration === declaration && sameValues(m.given, given.values));
  if (!known) return makeGradient(declaration, callee, given, result, frame);
  if (known.underWay) known.usesItself = true;
  return known.gradient;
}

function makeGradient(
  declaration: GradientDeclaration,
  callee: FunctionValue,
  given: Arguments,
  result: TensorType,
  frame: Frame,
): OwnGradient {
  const { context } = frame;
  const leaves: Node[] = [];
  const leaf = (name: string, type: TensorType): Node =>
    context.g.make(argument, [], { depth: context.gradientDepth, number: leaves.length, name, type });
  const standing = given.values.map((value, i) =>
    mapTensors(value, ({ type }) => {
      const found = leaf(given.names[i], type);
      leaves.push(found);
      return found;
    }),
  );
  const cotangent = leaf(declaration.parameters[given.data].name.name, result);
  const making: MadeGradient = {
    declaration,
    given: given.values,
    underWay: true,
    // Until it is made, it is told from others by its number, and from that of the other mode.
    gradient: {
      name: declaration.name.name,
      leaves,
      cotangent,
      parts: leaves.map(() => undefined),
      key: `own ${context.made.length} ${context.mode.name}`,
    },
  };
  context.made.push(making);
  const scope = new Scope(callee.scope);
  const inner: Frame = { ...frame, scope, binding: undefined };
  given.names.slice(given.data).forEach((name, i) => scope.define(name, standing[given.data + i]));
  const taken = [...standing.slice(0, given.data), tensorValue(cotangent)];
  declaration.parameters.forEach(({ name, type }, i) => {
    const value = taken[i];
    if (type && value.kind === 'tensor') match(inner, type, value.node, name.name, name.span);
    scope.define(name.name, value);
  });
  context.gradientDepth++;
  try {
    const value = runBody(declaration.body, inner, `the gradient of ${declaration.name.name}`);
    making.gradient.parts = partsOf(value, declaration, given, leaves, inner);
  } finally {
    context.gradientDepth--;
    making.underWay = false;
  }
  if (!making.usesItself) making.gradient.key = keyOfOwnGradient(making.gradient);
  return making.gradient;
}

/** The cotangents that a body gives, by leaf: one for each argument, or one for each that is a tensor of numbers. */
function partsOf(
  value: Value,
  declaration: GradientDeclaration,
  given: Arguments,
  leaves: readonly Node[],
  frame: Frame,
): (Node | undefined)[] {
  if (value.kind === 'unknown') return leaves.map(() => undefined);
  const found = value.kind === 'tuple' ? value.items : [value];
  const data = given.values.slice(0, given.data);
  const tensors = data.flatMap((v, i) => (isDifferentiable(v) ? [i] : []));
  const { name } = declaration.name;
  const written = declaration.body.statements.find((s) => s.kind === 'return')?.values ?? [];
  if (found.length !== data.length && found.length !== tensors.length)
    return fail(
      frame,
      messages.gradientValues({
        name,
        wanted: tensors.map((i) => given.names[i]),
        got: found.length,
        span: written[0]?.span ?? declaration.name.span,
      }),
    );
  const placeOf = (i: number): number => (found.length === data.length ? i : tensors.indexOf(i));
  let at = 0;
  return given.values.flatMap((v, i) =>
    tensorsIn(v).map(() => {
      const of = leaves[at++];
      if (!tensors.includes(i)) return undefined;
      const place = placeOf(i);
      return cotangentOf(found[place], of.type, given.names[i], written[place]?.span ?? declaration.name.span, frame);
    }),
  );
}

/** The cotangent of an argument: of its shape, or one number for all of its elements. */
function cotangentOf(value: Value, type: TensorType, name: string, span: Span, frame: Frame): Node {
  const node = asF32(frame, toNode(frame, value, span), span);
  if (sameShape(node.type, type)) return node;
  if (node.type.shape.length === 0) return spread(frame.context.g, node, type);
  return fail(
    frame,
    wrongShape({
      what: `the cotangent of ${name}`,
      labels: [{ span, text: printType(node.type) }],
      note: `${name} is ${printType(type)}`,
    }),
  );
}

/** The tensors that a value holds, in order. */
function tensorsIn(value: Value): readonly Node[] {
  const found: Node[] = [];
  mapTensors(value, (node) => {
    found.push(node);
    return node;
  });
  return found;
}

/** The value with others instead of its tensors. */
function mapTensors(value: Value, become: (node: Node) => Node): Value {
  const inside = (part: Value): Value => mapTensors(part, become);
  switch (value.kind) {
    case 'tensor':
      return tensorValue(become(value.node));
    case 'list':
      return listValue(value.items.map(inside));
    case 'tuple':
      return { ...value, items: value.items.map(inside) };
    case 'function': {
      const { configuration } = value;
      if (!configuration) return value;
      return { ...value, configuration: configuration.map((g) => ({ ...g, value: inside(g.value) })) };
    }
    case 'composition':
      return { ...value, parts: value.parts.map(inside) };
    case 'repeat':
      return { ...value, copies: value.copies.map(inside) };
    case 'wrapped':
      return { ...value, block: inside(value.block) };
    default:
      return value;
  }
}

function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => sameKind(value, b[i]));
}

/** Are two arguments the same but for what tensors hold? */
function sameKind(a: Value, b: Value): boolean {
  if (a.kind === 'tensor' && b.kind === 'tensor')
    return sameShape(a.node.type, b.node.type) && sameElement(a.node.type.element, b.node.type.element);
  if (a.kind === 'list' && b.kind === 'list') return sameValues(a.items, b.items);
  if (a.kind === 'size' && b.kind === 'size') return a.index.key === b.index.key;
  if (a.kind === 'function' && b.kind === 'function') {
    const [mine, theirs] = [a, b].map((f) => (f.configuration ?? []).map((g) => g.value));
    return a.definition === b.definition && a.instance === b.instance && sameValues(mine, theirs);
  }
  if (a.kind === 'wrapped' && b.kind === 'wrapped') return sameManner(a.manner, b.manner) && sameKind(a.block, b.block);
  if (a.kind === 'builtin' && b.kind === 'builtin') return a.builtin === b.builtin;
  const plain = ['number', 'boolean', 'string', 'none', 'all'];
  return a === b || (plain.includes(a.kind) && a.kind === b.kind && describe(a) === describe(b));
}

function sameManner(a: Manner, b: Manner): boolean {
  if (a.kind === 'weights' && b.kind === 'weights') return sameKind(a.by, b.by);
  return a.kind === 'beside' && b.kind === 'beside' ? sameKind(a.other, b.other) : a.kind === b.kind;
}
