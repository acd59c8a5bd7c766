// Optimizers: from their statements to the graph of one parameter's update.
import * as messages from '../../diagnostics/elaboration.js';
import { Fault, type Diagnostic, type Span } from '../../diagnostics/diagnostic.js';
import { wrongShape } from '../../diagnostics/types.js';
import { everyNode } from '../../ir/bodies.js';
import { isOp, type Node } from '../../ir/graph.js';
import { overLeaves, reachable } from '../../ir/reachable.js';
import type { ModelParameter, Update } from '../../ir/model.js';
import { counter, gradient, parameter as parameterLeaf, slot as slotLeaf } from '../../ir/ops/leaves.js';
import { random } from '../../ir/ops/random.js';
import { toF32 } from '../../ir/ops/logic.js';
import { mul, sub } from '../../ir/ops/arithmetic.js';
import { constant } from '../../ir/ops/constants.js';
import { printType } from '../../ir/types.js';
import type { Statement } from '../../parser/tree.js';
import { filling } from './bodies.js';
import { apply, bindConfiguration, bindDefaults } from './calls.js';
import { evaluate } from './expressions.js';
import { atStatement, fail, traced, type Frame } from './frame.js';
import { checkRequirement } from './requirements.js';
import { describe, isCallable, Scope, tensorValue, type Given, type Value } from './values.js';

type Optimizer = Extract<Value, { kind: 'optimizer' }>;
type SlotStatement = Extract<Statement, { kind: 'slot' }>;

/** What an optimizer does to a parameter; `player`: for which of several train blocks. */
export function updateOf(
  optimizer: Optimizer,
  parameter: ModelParameter,
  span: Span,
  outer: Frame,
  player?: string,
): Update {
  const { calls } = outer.context;
  const given = optimizer.arguments ?? [];
  calls.push({
    name: optimizer.declaration.name.name,
    path: parameter.name,
    span: optimizer.configuredAt ?? span,
    arguments: given.map((g) => g.span),
    definition: optimizer.declaration,
  });
  try {
    return runOptimizer(optimizer, parameter, span, outer, player);
  } catch (error) {
    throw error instanceof Fault ? new Fault(whileUpdating(error.diagnostic, parameter)) : error;
  } finally {
    calls.pop();
  }
}

/** Of a parameter whose shape an optimizer is not for: which, and that another may be chosen for it. */
function whileUpdating(diagnostic: Diagnostic, { name, type }: ModelParameter): Diagnostic {
  if (diagnostic.code !== wrongShape.code) return diagnostic;
  const last = name.split('.').length > 1 ? `*.${name.split('.').at(-1)}` : name;
  return {
    ...diagnostic,
    notes: [...(diagnostic.notes ?? []), `this is the update of ${name}: ${printType(type)}`],
    help: `another optimizer is for what has other shapes: optimizer ${JSON.stringify(last)} = adamw()`,
  };
}

/** Is something in the update drawn? */
export function isDrawn(update: Update): boolean {
  return everyNode(rootsOf(update)).some((node) => isOp(node, random));
}

function rootsOf({ weight, slots }: Update): Node[] {
  return [weight, ...slots.map(({ node }) => node)];
}

/** What the optimizer does to another parameter of the same type: the same over its own leaves. */
export function updateLike(update: Update, { name, type }: ModelParameter, { context: { g } }: Frame): Update {
  const ownLeaf = (leaf: Node): Node | undefined => {
    if (isOp(leaf, parameterLeaf))
      return leaf.attrs.name === update.parameter ? g.make(parameterLeaf, [], { name, type }) : undefined;
    if (isOp(leaf, gradient)) return g.make(gradient, [], { parameter: name, type });
    return isOp(leaf, slotLeaf) ? g.make(slotLeaf, [], { ...leaf.attrs, parameter: name, type }) : undefined;
  };
  const [weight, ...nodes] = overLeaves(rootsOf(update), ownLeaf, g);
  return { ...update, parameter: name, weight, slots: update.slots.map((slot, i) => ({ ...slot, node: nodes[i] })) };
}

/** An optimizer's body while it runs for one parameter. */
interface Run {
  readonly declaration: Optimizer['declaration'];
  readonly parameter: ModelParameter;
  readonly player: string | undefined;
  readonly frame: Frame;
  /** The same, where the learning rate is what the trainer scales it to: what is required of it holds for what the model says. */
  readonly rated: Frame;
  /** What w and the slots are by now. */
  readonly now: Map<string, Node>;
  readonly replaced: Set<string>;
  readonly slots: { readonly name: string; readonly initial: number }[];
}

/** w, g, t and the slots are leaves; statements run in order. */
function runOptimizer(
  optimizer: Optimizer,
  parameter: ModelParameter,
  span: Span,
  outer: Frame,
  player: string | undefined,
): Update {
  const { declaration } = optimizer;
  const { g } = outer.context;
  const scope = new Scope(optimizer.scope);
  const origin = outer.origin && { ...outer.origin, calls: [declaration.name.name], sites: [declaration.name.name] };
  const frame: Frame = { ...outer, scope, origin, inFunction: true };
  const t = g.make(toF32, [g.make(counter, [], { name: 'update' })], {});
  const given = givenByName(optimizer, t, span, frame);
  bindConfiguration(declaration.parameters, given, frame);
  bindDefaults(declaration.parameters, given, frame);
  const rated = { ...frame, scope: ratedScope(scope, frame) };
  const w = g.make(parameterLeaf, [], { name: parameter.name, type: parameter.type });
  scope.define('w', tensorValue(w));
  scope.define('g', tensorValue(g.make(gradient, [], { parameter: parameter.name, type: parameter.type })));
  scope.define('t', tensorValue(t));
  const run: Run = {
    declaration,
    parameter,
    player,
    frame,
    rated,
    now: new Map([['w', w]]),
    replaced: new Set(),
    slots: [],
  };
  for (const statement of declaration.body) runStatement(statement, run);
  const weight = run.now.get('w') ?? w;
  if (weight === w || !run.replaced.has('w')) fail(frame, messages.weightNotReplaced(declaration.name));
  const slots = readBy(
    weight,
    run.slots.map((slot) => ({ ...slot, node: run.now.get(slot.name) ?? w })),
  );
  const read = reachable([weight, ...slots.map(({ node }) => node)]);
  if (!read.some((node) => isOp(node, gradient)))
    frame.context.report(traced(frame, messages.gradientNotRead(declaration.name)));
  const lazy = scope.own('lazy') ? scope.find('lazy') : undefined;
  return { parameter: parameter.name, ...(lazy?.kind === 'boolean' && lazy.value && { lazy: true }), weight, slots };
}

function runStatement(statement: Statement, run: Run): void {
  const { declaration, parameter, frame, rated, now } = run;
  const { scope } = frame;
  const inner = atStatement(rated, statement.span);
  switch (statement.kind) {
    case 'slot':
      return startSlot(statement, run, inner);
    case 'replace': {
      const { name, span } = statement.name;
      if (!now.has(name)) return fail(frame, messages.notAState({ name, span }));
      const node = filling(frame, evaluate(statement.value, inner), statement.value.span, parameter.type, name);
      now.set(name, node);
      run.replaced.add(name);
      scope.define(name, tensorValue(node), span);
      return;
    }
    case 'binding': {
      const [{ name, span }] = statement.names;
      const value = evaluate(statement.value, inner);
      // What is the same for every parameter is called by the optimizer.
      if (value.kind === 'tensor' && value.node.type.shape.length === 0 && value.node.inputs.length > 0)
        value.node.place ??= `${declaration.name.name}_${name}`;
      scope.define(name, value, span);
      return;
    }
    case 'require':
      return checkRequirement(statement, atStatement(frame, statement.span), declaration.name.name);
    default:
      fail(frame, messages.misplaced({ what: statement.kind, where: 'an optimizer', span: statement.span }));
  }
}

function startSlot({ name: { name, span }, initial }: SlotStatement, run: Run, inner: Frame): void {
  const { parameter, player, frame } = run;
  const start = evaluate(initial, inner);
  if (start.kind !== 'number')
    return fail(
      frame,
      messages.wrongKind({
        expected: 'a number that a slot starts from',
        got: describe(start),
        span: initial.span,
      }),
    );
  const attrs = { parameter: parameter.name, name, ...(player !== undefined && { player }), type: parameter.type };
  const leaf = frame.context.g.make(slotLeaf, [], attrs);
  run.slots.push({ name, initial: start.value });
  run.now.set(name, leaf);
  frame.scope.define(name, tensorValue(leaf), span);
  frame.context.note?.(span, tensorValue(leaf));
}

/** The slots on which the weight depends: momentum = 0 needs no velocity. */
function readBy(weight: Node, slots: Update['slots']): Update['slots'] {
  const read = new Set<string>();
  const follow = (root: Node): void => {
    for (const node of reachable([root])) {
      const found = isOp(node, slotLeaf) ? slots.find(({ name }) => name === node.attrs.name) : undefined;
      if (!found || read.has(found.name)) continue;
      read.add(found.name);
      follow(found.node);
    }
  };
  follow(weight);
  return slots.filter(({ name }) => read.has(name));
}

/** Where `lr`, a learning rate, is multiplied with the trainer's scale; what the body binds stands in `scope`. */
function ratedScope(scope: Scope, { context: { g } }: Frame): Scope {
  const rated = new Scope(scope);
  const scaled = (): Value => {
    const lr = scope.find('lr') ?? { kind: 'unknown' };
    const rate = lr.kind === 'number' ? g.make(constant, [], { value: lr.value }) : lr.kind === 'tensor' && lr.node;
    if (!rate || rate.type.shape.length > 0) return lr;
    return tensorValue(g.make(mul, [rate, g.make(counter, [], { name: 'learning_rate_scale' })], {}));
  };
  if (scope.own('lr')) rated.defineLazily('lr', scaled);
  return rated;
}

/** The arguments by name; a schedule becomes its value after t - 1 updates. */
function givenByName(optimizer: Optimizer, t: Node, span: Span, frame: Frame): Map<string, Given> {
  const { g } = frame.context;
  const names = optimizer.declaration.parameters.map((p) => p.name.name);
  const given = new Map<string, Given>();
  let position = 0;
  for (const argument of optimizer.arguments ?? []) {
    const name = argument.name ?? names[position++];
    let { value } = argument;
    if (isCallable(value)) {
      const k = g.make(sub, [t, g.make(constant, [], { value: 1 })], {});
      value = apply(value, [{ value: tensorValue(k), span: argument.span }], argument.span, frame);
    }
    given.set(name, { ...argument, value });
  }
  const missing = optimizer.declaration.parameters.find((p) => !p.default && !given.has(p.name.name));
  if (missing)
    fail(frame, messages.missingArgument({ callee: optimizer.declaration.name.name, name: missing.name.name, span }));
  return given;
}
