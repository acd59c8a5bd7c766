// The body of a model: inputs, outputs, losses and metrics around the bindings that every body has.
import * as messages from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import { nameNode } from '../../ir/builder.js';
import type { Node } from '../../ir/graph.js';
import { size } from '../../ir/index.js';
import type { ModelInput, Named } from '../../ir/model.js';
import { add } from '../../ir/ops/arithmetic.js';
import { input as inputLeaf } from '../../ir/ops/leaves.js';
import { missing, toldBy } from '../../ir/toldSizes.js';
import { dim, printType, type Dim } from '../../ir/types.js';
import type { Expression, Identifier, Statement } from '../../parser/tree.js';
import { announce, bind, boundBy, checkNew, define, guarded, runStatement } from './bodies.js';
import { evaluate } from './expressions.js';
import { checkExtent } from './extent.js';
import { atStatement, fail, type Frame } from './frame.js';
import { typeOf } from './patterns.js';
import { toNode, toNumbers } from './tensors.js';
import { tensorValue, type Value } from './values.js';

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** What a model's body says in one mode. */
export interface Written {
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly Named[];
  /** The sum of all losses; absent where there is none. */
  readonly total?: Node;
  /** Those that have a name. */
  readonly losses: readonly Named[];
  readonly metrics: readonly Named[];
}

interface Body {
  readonly frame: Frame;
  readonly inputs: ModelInput[];
  readonly outputs: Named[];
  readonly losses: Named[];
  readonly metrics: Named[];
  /** Where each name that is reported stands. */
  readonly reported: Map<string, Span>;
  /** The names of train blocks. */
  readonly blocks: readonly string[];
  total?: Node;
  train?: Span;
}

/** Runs a model's body; a statement that fails is reported, and what it would have bound is unknown from there on. */
export function runModel(statements: readonly Statement[], frame: Frame): Written {
  const blocks = statements.flatMap((s) => (s.kind === 'train' && s.name ? [s.name.name] : []));
  const body: Body = { frame, inputs: [], outputs: [], losses: [], metrics: [], reported: new Map(), blocks };
  announce(statements, frame);
  for (const statement of statements) guarded(frame, boundBy(statement), () => run(statement, body));
  checkTold(statements, body);
  return body;
}

/** Each call solves the run-time sizes from the shapes that it is given. */
function checkTold(statements: readonly Statement[], { frame, inputs }: Body): void {
  const known = toldBy(inputs.map(({ type }) => type.shape));
  for (const { name, type } of inputs)
    for (const [axis, { size: of }] of type.shape.entries())
      for (const size of missing(of, known)) {
        const declared = statements.find((s) => s.kind === 'input' && s.name.name === name);
        const span = declared?.kind === 'input' ? (declared.type.shape?.[axis]?.span ?? declared.span) : undefined;
        if (span) frame.context.report(messages.sizeUntold({ size, input: name, type: printType(type), span }));
        return;
      }
}

function run(statement: Statement, body: Body): void {
  const { frame } = body;
  switch (statement.kind) {
    case 'input':
      return declareInput(statement, body);
    case 'output':
      return declareOutput(statement, body);
    case 'loss':
      return declareLoss(statement, body);
    case 'metric':
      return declareMetric(statement, body);
    case 'train':
      // Its settings are read when all parameters are known.
      return;
    default:
      return runStatement(statement, frame, 'a model');
  }
}

/** `input image: [batch, 784]`: a name that nothing binds is a run-time dimension. */
function declareInput({ name, type: expression }: Of<'input'>, { frame, inputs }: Body): void {
  checkNew(name, frame);
  const type = typeOf(frame, expression, (dimension, span): Dim => {
    const found = dim(size(dimension, frame.context.sizes++), dimension);
    const value: Value = { kind: 'size', index: found.size, name: dimension };
    frame.scope.defineUsed(dimension, value, span);
    frame.context.note?.(span, value);
    return found;
  });
  checkExtent(frame, type, expression.span);
  inputs.push({ name: name.name, type });
  define(name, tensorValue(frame.context.g.make(inputLeaf, [], { name: name.name, type })), frame);
}

function declareOutput({ name, value, span }: Of<'output'>, body: Body): void {
  const { frame, outputs } = body;
  if (value && name.name === 'loss') fail(frame, messages.reservedReport({ what: 'an output', span: name.span }));
  const known = outputs.some((o) => o.name === name.name);
  if (known)
    fail(frame, messages.definedTwice({ name: name.name, span: name.span, first: body.reported.get(name.name) }));
  const found = value
    ? named(name, value, span, frame)
    : evaluate({ kind: 'name', name: name.name, span: name.span }, frame);
  if (found.kind === 'unknown') return;
  body.reported.set(name.name, name.span);
  outputs.push({ name: name.name, node: toNode(frame, found, value?.span ?? name.span) });
  frame.scope.find(name.name);
}

/** Binds a name as `name = e` does; its value. */
function named(name: Identifier, value: Expression, span: Span, frame: Frame): Value {
  bind({ kind: 'binding', names: [name], value, span }, frame);
  return frame.scope.find(name.name) ?? { kind: 'unknown' };
}

/** Several losses are summed; `loss` means their sum so far. */
function declareLoss({ name, value, span }: Of<'loss'>, body: Body): void {
  const { frame, losses, blocks } = body;
  const { g } = frame.context;
  if (name?.name === 'loss') fail(frame, messages.reservedReport({ what: 'a loss', span: name.span, blocks }));
  if (name) requireNew(name, body);
  else if (!body.total) checkNew({ name: 'loss', span: { ...span, end: span.start + 'loss'.length } }, frame);
  const node = scalarOf(name ?? { name: 'loss', span }, value, span, body, 'a loss');
  if (!node) return;
  if (name) losses.push({ name: name.name, node });
  const before = body.total;
  body.total = before ? g.at(atStatement(frame, span).origin, () => g.make(add, [before, node], {})) : node;
  frame.scope.define('loss', tensorValue(body.total));
  if (!name) frame.context.note?.({ ...span, end: span.start + 'loss'.length }, tensorValue(node));
}

function declareMetric({ name, value, span }: Of<'metric'>, body: Body): void {
  if (name.name === 'loss') fail(body.frame, messages.reservedReport({ what: 'a metric', span: name.span }));
  requireNew(name, body);
  const node = scalarOf(name, value, span, body, 'a metric');
  if (node) body.metrics.push({ name: name.name, node });
}

/** What is reported beside one another has names of its own; `loss` is the total's. */
function requireNew({ name, span }: Identifier, { frame, reported }: Body): void {
  const first = reported.get(`reported ${name}`);
  if (first) fail(frame, messages.definedTwice({ name, span, first }));
  reported.set(`reported ${name}`, span);
}

/** The value as a number; undefined where it follows from an error. The name is bound to it. */
function scalarOf(name: Identifier, value: Expression, span: Span, { frame }: Body, what: string): Node | undefined {
  const inner = atStatement({ ...frame, naming: frame.naming.inside(name.name) }, span);
  const found = frame.context.g.at(inner.origin, () => evaluate(value, inner));
  if (found.kind === 'unknown') return undefined;
  const written = toNode(frame, found, value.span);
  if (written.type.shape.length > 0)
    return fail(frame, messages.lossNotScalar({ what, type: printType(written.type), span: value.span }));
  const node = toNumbers(frame, written);
  if (name.name !== 'loss') {
    checkNew(name, frame);
    define(name, tensorValue(node), frame);
    frame.scope.find(name.name);
  } else if (node.inputs.length > 0) nameNode(node, name.name);
  return node;
}
