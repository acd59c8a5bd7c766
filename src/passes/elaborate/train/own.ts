// What is a train block's own: what it minimises, and the parameters that it trains.
import * as messages from '../../../diagnostics/training.js';
import type { Builder, Node } from '../../../ir/graph.js';
import type { ModelParameter, Named } from '../../../ir/model.js';
import { add } from '../../../ir/ops/arithmetic.js';
import { differentiable, parametersAmong, reachable } from '../../../ir/reachable.js';
import type { Identifier } from '../../../parser/tree.js';
import { fail } from '../frame.js';
import { matches } from './patterns.js';
import type { Block, Run } from './settings.js';

/** What a model without errors has to train. */
export interface ToTrain {
  readonly builder: Builder;
  readonly name: Identifier;
  readonly parameters: readonly ModelParameter[];
  /** Those that have names. */
  readonly losses: readonly Named[];
  /** The sum of all. */
  readonly loss?: Node;
}

export interface Own {
  readonly total?: Node;
  readonly parameters: readonly ModelParameter[];
}

/** Those that its patterns match; of a block with a name and no patterns, those that its losses depend on. */
export function ownOf({ run: { trained }, role, only, losses }: Block, model: ToTrain | undefined): Own {
  const free = trained.filter((p) => p.trained);
  if (!model) return { parameters: [] };
  const [first, ...rest] = model.losses.flatMap(({ name, node }) => (losses?.includes(name) ? [node] : []));
  const g = model.builder;
  const sum = losses ? first && rest.reduce((before, node) => g.make(add, [before, node], {}), first) : model.loss;
  const total = sum && { total: sum };
  if (role === 'whole') return { ...total, parameters: free };
  if (only) return { ...total, parameters: free.filter((p) => only.some((pattern) => matches(pattern, p.name))) };
  const reached = new Set(parametersAmong(reachable(sum ? [sum] : [])));
  return { ...total, parameters: free.filter((p) => reached.has(p.name)) };
}

/** A block has something to train; parameters that its losses do not depend on stay as they are. */
export function checkOwn(
  { run: { frame }, role, name: block, span }: Block,
  { total, parameters }: Own,
  model: ToTrain,
): void {
  const roots = total ? [total] : [];
  const reached = new Set(parametersAmong(reachable(roots)));
  const learning = new Set(parametersAmong(reachable(roots, differentiable)));
  const { name, span: place } = model.name;
  const of = role === 'whole' ? `the loss of ${name}` : `the loss of ${block}`;
  if (role === 'player' && parameters.length === 0)
    fail(frame, messages.blockTrainsNothing({ name: block ?? '', span }));
  const flat = parameters.some((p) => reached.has(p.name));
  if (reached.size === 0 || (parameters.length > 0 && !parameters.some((p) => learning.has(p.name)))) {
    const others = !flat && reached.size > 0;
    fail(frame, messages.parameterNotTrained({ of, span: role === 'whole' ? place : span, flat, others }));
  }
  const idle = parameters.filter((p) => !reached.has(p.name)).map((p) => p.name);
  if (idle.length > 0)
    frame.context.report(messages.notReached({ names: idle, of: role === 'whole' ? 'the loss' : of, span }));
}

/** Each parameter that is not frozen is some block's. */
export function requireTrained(owns: readonly Own[], { trained, frame }: Run, { name: { span } }: ToTrain): void {
  const own = new Set(owns.flatMap(({ parameters }) => parameters.map((p) => p.name)));
  const names = trained.filter((p) => p.trained && !own.has(p.name)).map((p) => p.name);
  if (names.length > 0) fail(frame, messages.noBlockTrains({ names, span }));
}
