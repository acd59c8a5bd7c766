// Bodies of functions and layers: bindings, parameters, state, and what they return.
import * as messages from '../../diagnostics/elaboration.js';
import { Fault, type Diagnostic, type Span } from '../../diagnostics/diagnostic.js';
import { runtimeSize, wrongShape } from '../../diagnostics/types.js';
import { nameNode } from '../../ir/builder.js';
import { constantOf } from '../../ir/index.js';
import { isOp, type Node } from '../../ir/graph.js';
import type { Initial } from '../../ir/model.js';
import { stopGradient } from '../../ir/ops/control.js';
import { parameter as parameterLeaf, state as stateLeaf } from '../../ir/ops/leaves.js';
import { elementCount, printType, sameShape, type TensorType } from '../../ir/types.js';
import type { Body, Expression, Identifier, Scan, Started, Statement } from '../../parser/tree.js';
import { commonShape, stretch } from './broadcasting.js';
import { apply, configured } from './calls.js';
import { evaluate } from './expressions.js';
import { enterAll } from './loops.js';
import { checkRequirement } from './requirements.js';
import { nextOf, runScan } from './scan.js';
import { atStatement, fail, Follows, joinPath, placed, traced, type Frame } from './frame.js';
import { typeOf } from './patterns.js';
import { asF32, toNode } from './tensors.js';
import { isBeside, isFrozen, noteParameter, ownersIn, weightOf } from './wrapped.js';
import {
  describe,
  instanceOf,
  listValue,
  sizeValue,
  tensorValue,
  unknown,
  type Value,
  type Variable,
} from './values.js';
import { literal } from '../../ir/ops/constants.js';

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** Runs a body and gives what it returns: a tuple for several values. */
export function runBody(body: Body, frame: Frame, name: string): Value {
  announce(body.statements, frame);
  for (const statement of body.statements) {
    if (statement.kind === 'return') {
      const values = statement.values.map((v) => evaluate(v, atStatement(frame, v.span)));
      return values.length === 1 ? values[0] : { kind: 'tuple', items: values };
    }
    runStatement(statement, frame, name);
  }
  return fail(frame, messages.noReturn({ name, span: body.span }));
}

/** The names that a body will have, so that a use before the definition is told from an unknown name. */
export function announce(statements: readonly Statement[], frame: Frame): void {
  for (const statement of statements) for (const { name, span } of boundBy(statement)) frame.scope.announce(name, span);
}

/** The names that a statement defines. */
export function boundBy(statement: Statement): readonly Identifier[] {
  switch (statement.kind) {
    case 'binding':
      return statement.value.kind === 'scan' ? [...statement.names, ...carriedBy(statement.value)] : statement.names;
    case 'loop':
      return carriedBy(statement.scan);
    case 'input':
    case 'param':
    case 'state':
    case 'slot':
    case 'metric':
      return [statement.name];
    case 'output':
      return statement.value ? [statement.name] : [];
    case 'loss':
      return statement.name ? [statement.name] : [];
    default:
      return [];
  }
}

function carriedBy({ carried }: Scan): readonly Identifier[] {
  return carried.map(({ name }) => name);
}

/** What every body may hold; `where` is the body for a message about the rest. */
export function runStatement(statement: Statement, frame: Frame, where: string): void {
  switch (statement.kind) {
    case 'binding':
      return bind(statement, frame);
    case 'param':
      return declareParameter(statement, frame);
    case 'state':
      return declareState(statement, frame);
    case 'observe':
      return observe(statement, frame);
    case 'replace':
      return replace(statement, frame);
    case 'loop':
      return runScan(statement.scan, frame);
    case 'require':
      return checkRequirement(statement, frame, where);
    default:
      return fail(frame, messages.misplaced({ what: statement.kind, where, span: statement.span }));
  }
}

/** `a = e`, `a, b = e`. */
export function bind({ names, value, span }: Of<'binding'>, frame: Frame): void {
  for (const name of names) checkNew(name, frame);
  const naming = frame.naming.inside(names[0].name);
  const origin = frame.origin && (frame.inFunction ? frame.origin : { ...frame.origin, path: naming.prefix });
  const inner = atStatement({ ...frame, naming, origin, binding: names[0].name }, span);
  const result = placed(frame, inner.naming.prefix, () =>
    frame.context.g.at(inner.origin, () => evaluate(value, inner)),
  );
  if (names.length === 1) return define(names[0], result, frame);
  const items =
    result.kind === 'tuple' || result.kind === 'list'
      ? result.items
      : result.kind === 'unknown'
        ? names.map(() => unknown)
        : [result];
  if (items.length !== names.length)
    return fail(frame, messages.wrongCount({ names: names.length, got: items.length, span: value.span }));
  names.forEach((name, i) => define(name, items[i], frame));
}

/** A name stands for one value in its body. */
export function checkNew({ name, span }: Identifier, frame: Frame): void {
  const known = frame.scope.own(name);
  if (known) fail(frame, messages.definedTwice({ name, span, first: known.span }));
}

/** Gives a value its name: nodes carry it on, and instances bound to it are called by it. */
export function define({ name, span }: Identifier, value: Value, frame: Frame): void {
  const path = joinPath(frame.naming.prefix, name);
  if (value.kind === 'tensor' && value.node.inputs.length > 0 && !frame.context.isLibrary(span.file))
    nameNode(value.node, name, path);
  const bound = withInstance(value);
  const instance = instanceOf(bound);
  if (instance) instance.path ??= path;
  frame.scope.define(name, bound.kind === 'number' && bound.name === undefined ? { ...bound, name } : bound, span);
  frame.context.note?.(span, bound);
}

/** A layer written in one step becomes an instance where it is bound to a name. */
function withInstance(value: Value): Value {
  if (
    value.kind !== 'function' ||
    value.instance ||
    value.definition.kind !== 'layer' ||
    value.definition.configuration
  )
    return value;
  return { ...value, instance: {} };
}

/** `param W: [n, units] ~ glorot_uniform()` */
function declareParameter(statement: Of<'param'>, frame: Frame): void {
  const { name, initial } = statement;
  const trained = !statement.frozen && !isFrozen(frame);
  const { context } = frame;
  checkNew(name, frame);
  const type = typeOf(frame, statement.type);
  const full = joinPath(frame.naming.prefix, name.name);
  noteParameter(frame, full);
  const known = context.parameters.get(full);
  if (known) {
    // The names of a scan's body are its own, those of its parameters are the model's.
    const { file, start } = known.declared;
    if (frame.scope.isPart && (file !== name.span.file || start !== name.span.start))
      fail(frame, messages.definedTwice({ name: full, span: name.span, first: known.declared }));
    if (!sameShape(known.type, type))
      fail(
        frame,
        wrongShape({
          what: full,
          labels: [{ span: statement.span, text: printType(type) }],
          note: `it is shared, and was ${printType(known.type)} before`,
        }),
      );
    if (!trained) context.parameters.set(full, { ...known, trained });
    context.note?.(name.span, tensorValue(known.node));
    frame.scope.define(name.name, tensorValue(weightOf(known.node, full, frame, apply)), name.span);
    return;
  }
  requireKept(type, full, 'a parameter', statement, frame);
  const start = startOf(initial, type, full, frame);
  const { origin } = atStatement(frame, statement.span);
  const node = context.g.at(origin, () => context.g.make(parameterLeaf, [], { name: full, type }));
  const optional = isBeside(frame) && { optional: true as const };
  const kept = { name: full, type, initial: start, trained, ...optional, owners: ownersIn(frame) };
  context.parameters.set(full, { ...kept, node, declared: name.span });
  context.note?.(name.span, tensorValue(node));
  frame.scope.define(name.name, tensorValue(weightOf(node, full, frame, apply)), name.span);
}

/** `state mean: [c] = 0` */
function declareState(statement: Of<'state'>, frame: Frame): void {
  const { name } = statement;
  const { context } = frame;
  checkNew(name, frame);
  const type = typeOf(frame, statement.type);
  const full = joinPath(frame.naming.prefix, name.name);
  requireKept(type, full, 'a state', statement, frame);
  let known = context.states.get(full);
  if (!known) {
    const node = context.g.make(stateLeaf, [], { name: full, type });
    const optional = isBeside(frame) && { optional: true as const };
    known = {
      kind: 'state',
      name: full,
      type,
      initial: startOf(statement.initial, type, full, frame),
      ...optional,
      owners: ownersIn(frame),
      now: node,
    };
    context.states.set(full, known);
    enterAll(context, known);
  }
  frame.scope.defineVariable(name.name, known, name.span);
  context.note?.(name.span, tensorValue(known.now));
}

/** `mean := e` replaces a state, or what a scan carries, from here on; in evaluation it does nothing to a state. */
function replace({ name, value }: Of<'replace'>, frame: Frame): void {
  const { context } = frame;
  const variable = frame.scope.variable(name.name);
  if (!variable) return fail(frame, messages.notAState({ name: name.name, span: name.span }));
  if (variable.kind === 'state' && !context.mode.isTraining()) return;
  assign(variable, name.name, value, frame);
}

/** `observe mean := e` replaces a state while the trainer looks at its data, and does nothing otherwise. */
function observe({ name, value, span }: Of<'observe'>, frame: Frame): void {
  const { mode, observed } = frame.context;
  const variable = frame.scope.variable(name.name);
  if (variable?.kind !== 'state') return fail(frame, messages.notAState({ name: name.name, span: name.span }));
  const here = { ...frame, context: { ...frame.context, calls: [...frame.context.calls] } };
  if (!observed.has(variable.name)) observed.set(variable.name, { span, said: (of) => traced(here, of) });
  if (mode.name === 'observation') assign(variable, name.name, value, frame);
}

function assign(variable: Variable, name: string, value: Expression, frame: Frame): void {
  const { context } = frame;
  const inner = atStatement(frame, value.span);
  context.g.at(inner.origin, () => {
    const found = evaluate(value, inner);
    if (found.kind === 'unknown') throw new Follows();
    if (variable.kind === 'carried') {
      variable.now = nextOf(frame, variable, found, value.span);
      return;
    }
    const node = filling(frame, found, value.span, variable.now.type, name);
    // No gradient flows through a `:=` of a state.
    variable.now = context.g.make(stopGradient, [node], {});
  });
}

/** A value in a given shape: of a state, a weight or a slot that it replaces. */
export function filling(frame: Frame, value: Value, span: Span, type: TensorType, name: string): Node {
  const node = asF32(frame, toNode(frame, value, span), span);
  const common = commonShape([node.type.shape, type.shape]);
  if (!common || !sameShape({ ...type, shape: common }, type))
    return fail(
      frame,
      wrongShape({
        what: 'this',
        labels: [{ span, text: printType(node.type) }],
        note: `${name} is ${printType(type)}`,
      }),
    );
  return stretch(frame.context.g, node, type.shape);
}

/** What lives across steps has a size, a name that checkpoints can keep, and a place in memory. */
function requireKept(
  type: TensorType,
  name: string,
  what: string,
  statement: Of<'param'> | Of<'state'>,
  frame: Frame,
): void {
  const { span } = statement.type;
  if (reservedInCheckpoints.has(name)) fail(frame, messages.reservedName({ name, what, span: statement.name.span }));
  const count = constantOf(elementCount(type));
  if (count === undefined) return fail(frame, runtimeSize({ name, type: printType(type), span }));
  const { memoryLimit: limit } = frame.context;
  const bytes = 4 * count;
  if (bytes > limit) fail(frame, messages.tooLarge({ name, type: printType(type), bytes, limit, span }));
}

/** The safetensors format keeps its metadata by this name. */
const reservedInCheckpoints: ReadonlySet<string> = new Set(['__metadata__']);

function startOf({ kind, value }: Started, type: TensorType, name: string, frame: Frame): Initial {
  return kind === 'draw' ? drawOf(value, type, frame) : valuesOf(value, type, name, frame);
}

/** `= value`: a number fills, a nested list gives every element. */
function valuesOf(expression: Expression, type: TensorType, name: string, frame: Frame): Initial {
  const value = evaluate(expression, frame);
  if (value.kind === 'number') return { kind: 'fill', value: value.value };
  if (value.kind === 'boolean') return { kind: 'fill', value: Number(value.value) };
  const node = toNode(frame, value, expression.span);
  if (!isOp(node, literal))
    return fail(
      frame,
      messages.wrongKind({ expected: 'numbers known while compiling', got: describe(value), span: expression.span }),
    );
  if (!sameShape(node.type, type))
    return fail(
      frame,
      wrongShape({
        what: name,
        labels: [{ span: expression.span, text: printType(node.type) }],
        note: `it is declared as ${printType(type)}`,
      }),
    );
  return { kind: 'values', values: node.attrs.values };
}

/** `~ initializer`: a draw, or a function of the shape that gives one. */
function drawOf(expression: Expression, type: TensorType, frame: Frame): Initial {
  const written = evaluate(expression, frame);
  let value = written;
  const shape = listValue(type.shape.map((d) => sizeValue(d.size)));
  if (value.kind === 'function')
    value = apply(
      configured(value, frame, expression.span),
      [{ value: shape, span: expression.span }],
      expression.span,
      frame,
    );
  if (value.kind === 'builtin') value = apply(value, [], expression.span, frame);
  if (value.kind === 'initial') return value.initial;
  if (value.kind === 'number') return { kind: 'fill', value: value.value };
  return fail(
    frame,
    messages.wrongKind({
      expected: 'an initialiser, such as glorot_uniform()',
      got: describe(written),
      span: expression.span,
    }),
  );
}

/** Runs `step`; what goes wrong inside is reported, and the names get an unknown value so that nothing follows from it. */
export function guarded(frame: Frame, names: readonly Identifier[], step: () => void): void {
  try {
    step();
  } catch (fault) {
    if (fault instanceof Fault) report(frame, fault.diagnostic);
    else if (!(fault instanceof Follows)) throw fault;
    for (const { name, span } of names) if (!frame.scope.own(name)) frame.scope.define(name, unknown, span);
  }
}

function report(frame: Frame, diagnostic: Diagnostic): void {
  frame.context.report(traced(frame, diagnostic));
}
