// A model after elaboration: graphs for training and for evaluation, and how to train. Knows neither syntax nor targets.
import type { Builder, Node } from './graph.js';
import type { Index } from './index.js';
import type { TensorType } from './types.js';

/** How a parameter or a state starts. Draws are made by the trainer from its seed. */
export type Initial =
  | { readonly kind: 'fill'; readonly value: number }
  /** Row-major. */
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number }
  /** Orthonormal rows or columns times gain; a tensor of more dimensions counts as [first, rest]. */
  | { readonly kind: 'orthogonal'; readonly gain: number };

export interface ModelInput {
  readonly name: string;
  readonly type: TensorType;
}

/** A layer that was under way where a parameter or a state was declared. */
export interface Owner {
  /** What its definition is called. */
  readonly layer: string;
  /** Of the instance: `h.dense`. */
  readonly path: string;
  /** It is one of the library's. */
  readonly library: boolean;
}

export interface ModelParameter {
  /** The full dotted name: `logits.dense.W`. */
  readonly name: string;
  readonly type: TensorType;
  readonly initial: Initial;
  /** False where declared frozen or frozen by the train block. */
  readonly trained: boolean;
  /** It is beside a layer, without which it may be in a checkpoint. */
  readonly optional?: true;
  /** The layers it belongs to, from the outermost in; none where the model itself declares it. */
  readonly owners: readonly Owner[];
}

/** An update of low rank beside a weight, which may be added to it: scale * down @ up. */
export interface Adapter {
  /** Absent: what it stands beside is no product with a weight. */
  readonly weight?: string;
  readonly down: string;
  readonly up: string;
  readonly scale: number;
}

export interface ModelState {
  readonly name: string;
  readonly type: TensorType;
  readonly initial: Initial;
  /** As of a parameter. */
  readonly optional?: true;
  readonly owners: readonly Owner[];
}

export interface Named {
  readonly name: string;
  readonly node: Node;
}

/** A condition over run-time sizes. */
export type SizeCondition =
  | {
      readonly kind: 'compare';
      readonly operator: '<' | '<=' | '>' | '>=' | '==' | '!=';
      readonly left: Index;
      readonly right: Index;
    }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly [SizeCondition, SizeCondition] }
  | { readonly kind: 'not'; readonly of: SizeCondition };

/** What a body requires of run-time sizes: checked at each call, before anything is written. */
export interface Requirement {
  /** The path of the layer, or the function's name; absent where the model itself requires it. */
  readonly owner?: string;
  readonly text: string;
  readonly condition: SizeCondition;
}

/** The model's graph in one of its two modes. */
export interface Mode {
  readonly outputs: readonly Named[];
  /** Scalar: the sum of the losses. Absent where the model has none: it only predicts. */
  readonly loss?: Node;
  /** The named losses, in order. */
  readonly losses: readonly Named[];
  /** training only: what each of several players minimises, by its name. */
  readonly totals: readonly Named[];
  readonly metrics: readonly Named[];
  /** training only: what each state becomes at the end of the step. */
  readonly states: readonly Named[];
  readonly requirements: readonly Requirement[];
}

/**
 * What an optimizer does to one parameter, over the leaves parameter(w), gradient(w), slot(w, name) and the counter `update`
 * (the number of this update, from 1).
 */
export interface Update {
  readonly parameter: string;
  /** Rows of a table that a step does not reach stay as they are, whatever the optimizer does with a gradient of 0. */
  readonly lazy?: true;
  readonly weight: Node;
  readonly slots: readonly { readonly name: string; readonly initial: number; readonly node: Node }[];
}

/** How one train block makes updates of gradients. */
export interface Rule {
  /** So many passes average their gradients, and the last of them updates. */
  readonly accumulate: number;
  readonly clipNorm?: number;
  readonly clipValue?: number;
  /** Left out but at each so many-th call of step. */
  readonly every: number;
}

/** What one train block trains in a step. */
export interface Player extends Rule {
  /** Absent: the only one. */
  readonly name?: string | undefined;
  /** The names of its losses; absent: all of the model. */
  readonly losses?: readonly string[];
  /** One for each parameter that it trains. */
  readonly updates: readonly Update[];
}

export interface Plateau {
  readonly factor: number;
  readonly patience: number;
}

/** What the train block says of the whole run. */
export interface Training {
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  /** small: computes activations again in the backward pass instead of keeping them. */
  readonly memory?: 'fast' | 'small';
  /** Activations and gradients are stored as halves where a target can: where that is said. Absent: all is f32. */
  readonly mixed?: { readonly file: string; readonly start: number; readonly end: number };
  /** Shares of the data between 0 and 1 that are held back. */
  readonly validation: number;
  readonly test: number;
  /** Data of their own for them. */
  readonly others?: { readonly validation?: DataSource; readonly test?: DataSource };
  /** Evaluation and prediction use a moving average of each trained weight: this share of the average before, the rest of the weight. */
  readonly ema?: number;
  /** What decides which epoch is the best: a loss or metric, `-NAME` where lower is better. Absent: the loss. */
  readonly monitor?: string;
  /** Ends a run after so many epochs without a better one. */
  readonly patience?: number;
  /** Where a learning rate falls on plateaus: what it is multiplied with after more than `patience` epochs without a better one. */
  readonly plateau?: Plateau;
  /** false: rows stay in the source's order. */
  readonly shuffle?: boolean;
  readonly data?: DataSource;
}

/** `csv("digits.csv", image = 0..63)`: read by the command line only. */
export interface DataSource {
  readonly kind: 'csv' | 'parquet' | 'npz' | 'npy' | 'idx' | 'safetensors' | 'images' | 'text' | 'module';
  readonly path?: string;
  readonly fields: Readonly<Record<string, DataField>>;
}

export type DataField =
  number | string | boolean | { readonly from: number; readonly to: number } | readonly DataField[];

export interface ModelGraph {
  /** What made the nodes, and makes those that follow from them. */
  readonly builder: Builder;
  readonly name: string;
  /** The file the model stands in, and its text. */
  readonly file: string;
  readonly text: string;
  /** The user's files, by what they are called where lines of them are named: that of the model, then what it imports. */
  readonly sources: ReadonlyMap<string, string>;
  /** Where its name stands in that file. */
  readonly place: { readonly start: number; readonly end: number };
  readonly inputs: readonly ModelInput[];
  /** In elaboration order: the order of listings and checkpoints. */
  readonly parameters: readonly ModelParameter[];
  readonly adapters: readonly Adapter[];
  readonly states: readonly ModelState[];
  readonly training: Mode;
  readonly evaluation: Mode;
  /** What states become while the trainer looks at its data, before the first step. */
  readonly observed: readonly Named[];
  /** In the order in which a step runs them; empty where the model has no train block. */
  readonly players: readonly Player[];
  readonly train: Training;
}

/** As much of a model as has a meaning, where errors stand in the way of the rest: values by the names they have in training. */
export interface ModelPart extends Pick<ModelGraph, 'name' | 'file' | 'text' | 'place'> {
  readonly values: readonly Named[];
  readonly parameters: readonly Pick<ModelParameter, 'name' | 'trained'>[];
}

const byParameter = new WeakMap<Player['updates'], ReadonlyMap<string, Player['updates'][number]>>();

/** What a slot starts from. */
export function initialOf({ updates }: Player, parameter: string, slot: string): number {
  let known = byParameter.get(updates);
  if (!known) byParameter.set(updates, (known = new Map(updates.map((u) => [u.parameter, u]))));
  return known.get(parameter)?.slots.find((s) => s.name === slot)?.initial ?? 0;
}

/** The player of this name, or the only one. */
export function playerOf({ players }: ModelGraph, name: string | undefined): Player | undefined {
  return players.find((player) => player.name === name);
}

/** The model as if a train block were its only one: its losses, and of the parameters those that it trains. */
export function onlyPlayer(model: ModelGraph, name: string): ModelGraph {
  const { training } = model;
  const player = playerOf(model, name);
  const trained = new Set(player?.updates.map((u) => u.parameter));
  const loss = training.totals.find((total) => total.name === name)?.node;
  const losses = training.losses.filter((l) => player?.losses?.includes(l.name) ?? true);
  return {
    ...model,
    parameters: model.parameters.map((p) => ({ ...p, trained: trained.has(p.name) })),
    training: { ...training, ...(loss && { loss }), losses, totals: [] },
    players: player ? [{ ...player, name: undefined }] : [],
  };
}

/** The slot of a parameter that holds the moving average of its weights, whichever player updates them. */
export const average = { name: 'ema', player: '' } as const;

/** Do evaluation and prediction use an average of its weights? */
export function isAveraged({ train, players }: ModelGraph, { name, trained }: ModelParameter): boolean {
  return train.ema !== undefined && trained && players.some(({ updates }) => updates.some((u) => u.parameter === name));
}

/**
 * The scale of the loss, by which gradients are multiplied where they are stored as halves: two numbers beside the optimizer's slots. A
 * step whose gradients are not finite is left out and halves the scale; so many good ones in a row double it. `steps` counts those, and is
 * -1 after one that was left out.
 */
export const lossScale = {
  parameter: 'loss scale',
  slots: { value: 2 ** 16, steps: 0 },
  interval: 2000,
  least: 2 ** -24,
  most: 2 ** 24,
} as const;

/** What checkpoints call a slot. */
export function slotName({ parameter, name, player }: SlotOf): string {
  return `optimizer/${player === undefined ? '' : `${player}/`}${parameter}/${name}`;
}

interface SlotOf {
  readonly parameter: string;
  readonly name: string;
  readonly player?: string | undefined;
}

/** Every node that one of the two modes reports or stores, or that is observed. */
export function modeRoots(model: ModelGraph): Node[] {
  return [...[model.training, model.evaluation].flatMap(rootsOf), ...model.observed.map((n) => n.node)];
}

/** The same of one mode. */
export function rootsOf({ loss, outputs, losses, totals, metrics, states }: Mode): Node[] {
  return [...(loss ? [loss] : []), ...[...outputs, ...losses, ...totals, ...metrics, ...states].map((n) => n.node)];
}
