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
  /** Where memory is short: what the backward pass computes a second time, late, and apart from the first time. */
  readonly recomputed?: ReadonlySet<Node>;
}

/** A player's gradients, and what it makes of them. */
export interface Played extends Updates {
  /** Of its losses by the parameters that it trains: `gradients` of the model, where there is one player. */
  readonly gradients: ReadonlyMap<string, Node>;
}

/** What becomes of parameters and slots in any call of step. */
export function becomesOf({ players }: Pick<Gradients, 'players'>): Becomes[] {
  return players.flatMap(({ step, accumulate }) => [...step, ...accumulate]);
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

/** The gradient of the training loss by every trained parameter. `trace` notes how it comes about. */
export function differentiateLoss({ written, model }: Graphs, trace?: Trace): Gradients {
  const g = model.builder;
  markActivations(modeRoots(model));
  const trained = model.parameters.filter((p) => p.trained);
  const leaves = leavesOf(written);
  const wrt = trained.flatMap((p) => leaves.get(p.name) ?? []);
  const { loss } = model.training;
  const found = loss ? differentiate(loss, wrt, g, { trace }) : [];
  const byLeaf = new Map(wrt.map((leaf, i) => [leaf.attrs.name, found[i]]));
  // Behind round, sign and the like the gradient is 0: so it is given, and weights decay. What is stopped has none.
  const flat = new Set(parametersAmong(reachable(lossOf(written), (n) => (n.op === stopGradient ? [] : n.inputs))));
  const gradients = trained.flatMap((p): [string, Node][] => {
    const node = byLeaf.get(p.name) ?? (flat.has(p.name) ? filled(g, 0, p.type) : undefined);
    return node ? [[p.name, node]] : [];
  });
  return withPlayers(withoutGradient(model, new Map(gradients)), new Map(gradients));
}

function withPlayers(model: ModelGraph, gradients: ReadonlyMap<string, Node>): Gradients {
  return { model, gradients, players: model.players.map(() => ({ gradients, step: [], accumulate: [] })) };
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
export function addUpdates(derived: Gradients): Gradients {
  const { model } = derived;
  const g = model.builder;
  const leaves = leavesOf(model);
  const players = derived.players.map((player, i): Played => {
    for (const [name, node] of player.gradients) {
      const leaf = leaves.get(name);
      if (leaf) markCotangent(node, leaf);
    }
    const standIns = [...player.gradients].map(([parameter, { type }]): [string, Node] => [
      parameter,
      g.make(gradient, [], { parameter, type }),
    ]);
    const updates = g.at(
      undefined,
      () => update(model.players[i], new Map(standIns), g, (name) => leaves.get(name)?.origin),
      { kind: 'update' },
    );
    return { ...player, ...updates };
  });
  return { ...derived, players };
}

/** Updates in simpler form. Where nothing but the optimizer makes them of gradients, those of parameters that are alike are simplified once. */
export function simplifyUpdates(derived: Gradients): Gradients {
  const { model, players } = derived;
  return {
    ...derived,
    players: players.map((player, i) => {
      const { accumulate, clipNorm, clipValue } = model.players[i];
      if (accumulate > 1 || clipNorm !== undefined || clipValue !== undefined)
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
function withoutGradient(model: ModelGraph, gradients: ReadonlyMap<string, Node>): ModelGraph {
  return {
    ...model,
    parameters: model.parameters.map((p) => ({ ...p, trained: p.trained && gradients.has(p.name) })),
    players: model.players.map((p) => ({ ...p, updates: p.updates.filter((u) => gradients.has(u.parameter)) })),
  };
}

/** The parameters that the training loss reads, by name. */
function leavesOf(model: ModelGraph): ReadonlyMap<string, NodeOf<typeof parameter>> {
  return new Map(
    reachable(lossOf(model)).flatMap((node) => (isOp(node, parameter) ? [[node.attrs.name, node] as const] : [])),
  );
}

function lossOf({ training: { loss } }: ModelGraph): readonly Node[] {
  return loss ? [loss] : [];
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
      metrics: each(m.metrics),
      states: each(m.states),
    };
  };
  const training = mode(model.training);
  return { ...model, training, evaluation: mode(model.evaluation) };
}
