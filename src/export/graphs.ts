// The graphs that are exported: what `predict` computes, and a whole step, with the tensors that live across steps by their names in
// checkpoints.
import { differentiateModel } from '../compile.js';
import { isOp, type Node } from '../ir/graph.js';
import { everyNode } from '../ir/bodies.js';
import {
  average,
  initialOf,
  isAveraged,
  slotName,
  type Initial,
  type ModelGraph,
  type ModelInput,
  type Named,
  type Player,
} from '../ir/model.js';
import { counter, parameter, slot, state, type CounterName } from '../ir/ops/leaves.js';
import type { TensorType } from '../ir/types.js';
import { inputsFor, inputsToLearn, withAverages } from '../passes/entries.js';
import { passesOf, total } from '../passes/playerPasses.js';
import type { Gradients } from '../passes/derive/derive.js';
import type { Becomes } from '../passes/derive/update.js';

/** A tensor that lives across steps, as a checkpoint has it. */
export interface Held {
  /** In checkpoints: `logits.dense.W`, `optimizer/logits.dense.W/m`. */
  readonly name: string;
  readonly type: TensorType;
}

/** What `predict` computes: the model in evaluation. */
export interface PredictGraph {
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly Named[];
  /** The weights and states that outputs read, in the order of checkpoints. */
  readonly held: readonly Held[];
  /** What outputs read of what a trainer counts: seed and draw, where they draw. */
  readonly counters: Counters;
}

/** Leaves that read what a trainer counts, by what that is. */
export type Counters = ReadonlyMap<CounterName, Node>;

/** What becomes of a tensor of a checkpoint. */
export interface Next {
  /** The tensor's. */
  readonly name: string;
  readonly node: Node;
}

/** The pass of one train block within a step. */
export interface StepPass {
  /** The block, whose name only one of several has. */
  readonly player: Player;
  /** The total of its losses as `loss`, the named ones, the metrics. */
  readonly results: readonly Named[];
  /** What states become, whether the pass updates or accumulates. */
  readonly states: readonly Next[];
  readonly update: readonly Next[];
  /** What a pass does that only adds gradients up; empty where each updates. */
  readonly accumulate: readonly Next[];
}

/** A step: the passes of its train blocks in turn, each of which reads what the one before has left. */
export interface StepGraph {
  readonly inputs: readonly ModelInput[];
  /** All that `save({ optimizer: true })` writes, in its order. */
  readonly held: readonly (Held & { readonly initial?: Initial })[];
  readonly passes: readonly StepPass[];
  /** The names of losses and metrics, as `step` reports them: `loss` first. */
  readonly reported: readonly string[];
  /** The names of those that are losses. */
  readonly losses: readonly string[];
  readonly counters: Counters;
}

/** The graph of `predict`, simplified. */
export function predictGraph(model: ModelGraph): PredictGraph {
  const { model: simple } = derivedOf(model);
  const averaged = withAverages(simple);
  const { outputs } = averaged.evaluation;
  const roots = outputs.map(({ node }) => node);
  const names = leafNames(roots);
  return {
    inputs: inputsFor(roots, averaged),
    outputs,
    held: tensorsOf(simple, []).filter(({ name }) => names.has(name)),
    counters: countersIn(roots),
  };
}

/** The graph of a step: forward, backward and updates. The model has a train block. */
export function stepGraph(model: ModelGraph): StepGraph {
  const { model: simple, players } = derivedOf(model);
  const passes = passesOf(simple).map(({ player, results, states }): StepPass => {
    const own = simple.players[player];
    const nextOf = (list: readonly Becomes[]): Next[] =>
      list.map((b) => ({ name: heldName(b, own.name), node: b.node }));
    return {
      player: own,
      results,
      states,
      update: nextOf(players[player].step),
      accumulate: nextOf(players[player].accumulate),
    };
  });
  const slots = players.flatMap(({ step }, i) =>
    step.flatMap((b) => (b.slot === undefined || b.average ? [] : [{ becomes: b, player: simple.players[i] }])),
  );
  const roots = passes.flatMap((pass) =>
    [...pass.results, ...pass.states, ...pass.update, ...pass.accumulate].map(({ node }) => node),
  );
  return {
    inputs: inputsToLearn(simple),
    held: tensorsOf(simple, slots),
    passes,
    reported: ['loss', ...[...simple.training.losses, ...simple.training.metrics].map(({ name }) => name)],
    losses: simple.training.losses.map(({ name }) => name),
    counters: countersIn(roots),
  };
}

/** What evaluation reports: the loss, the named ones, the metrics. */
export function evaluationResults(model: ModelGraph): readonly Named[] {
  const { evaluation } = withAverages(derivedOf(model).model);
  return [...total(evaluation), ...evaluation.losses, ...evaluation.metrics];
}

/** What states become while the trainer looks at its data, before the first step. */
export function observedStates(model: ModelGraph): readonly Next[] {
  return derivedOf(model).model.observed;
}

const known = new WeakMap<ModelGraph, Gradients>();

/** The gradients and updates of a model, which its graphs have in common. */
function derivedOf(model: ModelGraph): Gradients {
  let derived = known.get(model);
  if (!derived) known.set(model, (derived = differentiateModel(plain(model))));
  return derived;
}

/** The model without what concerns memory alone: activations are kept, and all is f32. */
function plain({ train: { memory: _, mixed: __, ...train }, ...model }: ModelGraph): ModelGraph {
  return { ...model, train };
}

interface OptimizerSlot {
  readonly becomes: Becomes;
  readonly player: Player;
}

/** What a checkpoint holds, in its order: parameters, states, averages, slots. */
function tensorsOf(model: ModelGraph, slots: readonly OptimizerSlot[]): (Held & { readonly initial?: Initial })[] {
  const { parameters, states } = model;
  const types = new Map(parameters.map(({ name, type }) => [name, type]));
  return [
    ...[...parameters, ...states].map(({ name, type, initial }) => ({ name, type, initial })),
    ...parameters.filter((p) => isAveraged(model, p)).map(({ name, type }) => ({ name: averageName(name), type })),
    ...slots.map(({ becomes, player }) => ({
      name: heldName(becomes, player.name),
      type: types.get(becomes.parameter) ?? becomes.node.type,
      initial: { kind: 'fill', value: initialOf(player, becomes.parameter, becomes.slot ?? '') } as const,
    })),
  ];
}

function averageName(of: string): string {
  return `${of}.${average.name}`;
}

function heldName({ parameter: of, slot: name, average: isAverage }: Becomes, player: string | undefined): string {
  if (name === undefined) return of;
  return isAverage ? averageName(of) : slotName({ parameter: of, name, player });
}

/** What checkpoints call the tensor that a leaf reads; undefined where it reads none. */
export function heldBy(node: Node): string | undefined {
  if (isOp(node, parameter, state)) return node.attrs.name;
  if (!isOp(node, slot)) return undefined;
  const { parameter: of, name, player } = node.attrs;
  return name === average.name && player === average.player
    ? averageName(of)
    : slotName({ parameter: of, name, player });
}

function leafNames(roots: readonly Node[]): Set<string> {
  return new Set(everyNode(roots).flatMap((node) => heldBy(node) ?? []));
}

function countersIn(roots: readonly Node[]): Counters {
  return new Map(everyNode(roots).flatMap((node) => (isOp(node, counter) ? [[node.attrs.name, node]] : [])));
}
