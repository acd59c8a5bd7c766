// From a model's graphs to gradients and updates, all simplified together: what `nnc grad` shows and fuse reads.
import { differentiate } from './differentiate.js';
import { simplify } from './simplify.js';
import { simplifyAlike } from './simplifyAlike.js';
import { substituteNodes } from './substituteNodes.js';
import type { Trace } from './trace.js';
import { update, type Becomes, type Updates } from './update.js';
import { markActivations } from '../../ir/activations.js';
import { markCotangent } from '../../ir/builder.js';
import { isOp, type Node, type NodeOf } from '../../ir/graph.js';
import { filled } from '../../ir/ops/calls.js';
import { stopGradient } from '../../ir/ops/control.js';
import { gradient, parameter } from '../../ir/ops/leaves.js';
import { parametersAmong, reachable } from '../../ir/reachable.js';
import { modeRoots, type ModelGraph } from '../../ir/model.js';

/** The graphs of a model after differentiation and simplification: what `nnc grad` shows and fuse reads. */
export interface Gradients {
  /** The model with every graph simplified. */
  readonly model: ModelGraph;
  /** The gradient of the total loss by trained parameter, in the model's order. */
  readonly gradients: ReadonlyMap<string, Node>;
  /** What the model's players do, in their order. */
  readonly players: readonly Played[];
  /** Updates are left out where gradients are not finite, since those are stored as halves. */
  readonly mixed?: true;
  /** Where memory is short: what the backward pass computes a second time, late, and apart from the first time. */
  readonly recomputed?: ReadonlySet<Node>;
}

/** A player's gradients, and what it makes of them. */
export interface Played extends Updates {
  /** Of its losses by the parameters that it trains: `gradients` of the model, where there is one player. */
  readonly gradients: ReadonlyMap<string, Node>;
  /** Of the tables among its parameters: which rows a step updates. */
  readonly tables?: ReadonlyMap<string, TableUpdate>;
}

/** What a step updates of a table: the rows that indices name, or all of them, and why. */
export type TableUpdate = { readonly kind: 'named' } | { readonly kind: 'all'; readonly why: string };

/** What becomes of parameters and slots in any call of step. */
export function becomesOf({ players }: Pick<Gradients, 'players'>): Becomes[] {
  return players.flatMap(({ step, accumulate }) => [...step, ...accumulate]);
}

/** What a step updates of each parameter whose rows indices choose. */
export function tablesOf({ players }: Pick<Gradients, 'players'>): ReadonlyMap<string, TableUpdate> {
  return new Map(players.flatMap(({ tables }) => [...(tables ?? [])]));
}

/** A model as it was checked, and with its graphs in simpler form. */
export interface Graphs {
  readonly written: ModelGraph;
  readonly model: ModelGraph;
}

/** The model's own graphs in simpler form. `trace` notes what became what. */
export function simplifyModel({ written, model }: Graphs, trace?: Trace): Graphs {
  return { written, model: withRoots(model, simplify(modeRoots(model), model.builder, 'value', [], trace)) };
}

/** The gradient of the training loss by every trained parameter, and of each player's by its own. `trace` notes how the first comes about. */
export function differentiateLoss({ written, model }: Graphs, trace?: Trace): Gradients {
  markActivations(modeRoots(model));
  const trained = model.parameters.flatMap((p) => (p.trained ? [p.name] : []));
  const gradients = gradientsOf([written.training.loss, model.training.loss], trained, model, trace);
  const players = model.players.map(({ name, updates }): Played => {
    const [before, total] = [written, model].map(({ training }) => training.totals.find((t) => t.name === name)?.node);
    const own = updates.map((u) => u.parameter);
    return { gradients: total ? gradientsOf([before, total], own, model) : gradients, step: [], accumulate: [] };
  });
  return { model: withoutGradient(model, players), gradients, players };
}

/** Of a loss, as it was checked and in simpler form, by those of the parameters that it depends on. */
function gradientsOf(
  [written, loss]: readonly (Node | undefined)[],
  parameters: readonly string[],
  { builder: g, ...model }: ModelGraph,
  trace?: Trace,
): ReadonlyMap<string, Node> {
  if (!written || !loss) return new Map();
  const leaves = leavesOf(written);
  const wrt = parameters.flatMap((name) => leaves.get(name) ?? []);
  const found = differentiate(loss, wrt, g, { trace });
  const byLeaf = new Map(wrt.map((leaf, i) => [leaf.attrs.name, found[i]]));
  // Behind round, sign and the like the gradient is 0: so it is given, and weights decay. What is stopped has none.
  const flat = new Set(parametersAmong(reachable([written], (n) => (n.op === stopGradient ? [] : n.inputs))));
  const types = new Map(model.parameters.map((p) => [p.name, p.type]));
  return new Map(
    parameters.flatMap((name): [string, Node][] => {
      const type = types.get(name);
      const node = byLeaf.get(name) ?? (flat.has(name) && type ? filled(g, 0, type) : undefined);
      return node ? [[name, node]] : [];
    }),
  );
}

/** Gradients in simpler form. What the model computes stays as it is. */
export function simplifyGradients(derived: Gradients, trace?: Trace): Gradients {
  const { model } = derived;
  return withGradients(derived, (nodes) =>
    simplify(nodes, model.builder, 'derived', reachable(modeRoots(model)), trace),
  );
}

/** Other gradients, all made at once. */
export function withGradients(derived: Gradients, change: (nodes: readonly Node[]) => readonly Node[]): Gradients {
  const maps = [...new Set([derived.gradients, ...derived.players.map((p) => p.gradients)])];
  const nodes = change(maps.flatMap((map) => [...map.values()]));
  let at = 0;
  const changed = new Map(maps.map((map) => [map, new Map([...map.keys()].map((name) => [name, nodes[at++]]))]));
  const of = (map: ReadonlyMap<string, Node>): ReadonlyMap<string, Node> => changed.get(map) ?? map;
  return {
    ...derived,
    gradients: of(derived.gradients),
    players: derived.players.map((player) => ({ ...player, gradients: of(player.gradients) })),
  };
}

/** What parameters and slots become, over leaves that stand for the gradients: updates are simplified around those, not into them. */
export function addUpdates(derived: Gradients, mixed = false): Gradients {
  const { model } = derived;
  const g = model.builder;
  const leaves = model.training.loss ? leavesOf(model.training.loss) : new Map<string, Node>();
  const markGradients = (gradients: ReadonlyMap<string, Node>): void => {
    for (const [name, node] of gradients) {
      const leaf = leaves.get(name);
      if (leaf) markCotangent(node, leaf);
    }
  };
  markGradients(derived.gradients);
  const players = derived.players.map((player, i): Played => {
    if (player.gradients !== derived.gradients) markGradients(player.gradients);
    const standIns = [...player.gradients].map(([parameter, { type }]): [string, Node] => [
      parameter,
      g.make(gradient, [], { parameter, type }),
    ]);
    const updates = g.at(
      undefined,
      () =>
        update(model.players[i], new Map(standIns), g, (name) => leaves.get(name)?.origin, {
          ema: model.train.ema,
          mixed,
        }),
      { kind: 'update' },
    );
    return { ...player, ...updates };
  });
  return { ...derived, players, ...(mixed && { mixed }) };
}

/** Updates in simpler form. Where nothing but the optimizer makes them of gradients, those of parameters that are alike are simplified once. */
export function simplifyUpdates(derived: Gradients): Gradients {
  const { model, players, mixed = false } = derived;
  return {
    ...derived,
    players: players.map((player, i) => {
      const { accumulate, clipNorm, clipValue } = model.players[i];
      if (mixed || accumulate > 1 || clipNorm !== undefined || clipValue !== undefined)
        return withUpdates(player, (nodes) => simplify(nodes, model.builder, 'derived'));
      return { ...player, step: simplifyAlike(player.step, model.builder) };
    }),
  };
}

/** Updates read what the backward pass has made. */
export function connectUpdates(derived: Gradients): Gradients {
  const { builder } = derived.model;
  const players = derived.players.map((player) =>
    withUpdates(player, (nodes) =>
      substituteNodes(
        nodes,
        (node) => (isOp(node, gradient) ? player.gradients.get(node.attrs.parameter) : undefined),
        builder,
      ),
    ),
  );
  return { ...derived, players };
}

/** Other updates of a player, all made at once. */
export function withUpdates(player: Played, change: (nodes: readonly Node[]) => readonly Node[]): Played {
  const { step, accumulate } = player;
  const updates = change([...step, ...accumulate].map((b) => b.node));
  return {
    ...player,
    step: step.map((b, i) => ({ ...b, node: updates[i] })),
    accumulate: accumulate.map((b, i) => ({ ...b, node: updates[step.length + i] })),
  };
}

/** A parameter that no gradient reaches (only an output depends on it) is not trained. */
function withoutGradient(model: ModelGraph, players: readonly Played[]): ModelGraph {
  const reached = new Set(players.flatMap(({ gradients }) => [...gradients.keys()]));
  return {
    ...model,
    parameters: model.parameters.map((p) => ({ ...p, trained: p.trained && reached.has(p.name) })),
    players: model.players.map((player, i) => ({
      ...player,
      updates: player.updates.filter((u) => players[i].gradients.has(u.parameter)),
    })),
  };
}

/** The parameters that a loss reads, by name. */
function leavesOf(loss: Node): ReadonlyMap<string, NodeOf<typeof parameter>> {
  return new Map(
    reachable([loss]).flatMap((node) => (isOp(node, parameter) ? [[node.attrs.name, node] as const] : [])),
  );
}

/** The model with other nodes instead of `modeRoots`. */
export function withRoots(model: ModelGraph, nodes: readonly Node[]): ModelGraph {
  let at = 0;
  const mode = (m: ModelGraph['training']): ModelGraph['training'] => {
    const loss = m.loss && nodes[at++];
    const each = (list: typeof m.outputs) => list.map((n) => ({ ...n, node: nodes[at++] }));
    return {
      ...m,
      loss,
      outputs: each(m.outputs),
      losses: each(m.losses),
      totals: each(m.totals),
      metrics: each(m.metrics),
      states: each(m.states),
    };
  };
  const training = mode(model.training);
  const evaluation = mode(model.evaluation);
  return { ...model, training, evaluation, observed: model.observed.map((n) => ({ ...n, node: nodes[at++] })) };
}
