// From a model's graphs to gradients and updates, all simplified together: what `nnc grad` shows and fuse reads.
import { differentiate } from './differentiate.js';
import { simplify } from './simplify.js';
import { simplifyAlike } from './simplifyAlike.js';
import { substituteNodes } from './substituteNodes.js';
import type { Trace } from './trace.js';
import { update, type Becomes } from './update.js';
import { markActivations } from '../../ir/activations.js';
import { markCotangent } from '../../ir/builder.js';
import { isOp, type Builder, type Node, type NodeOf } from '../../ir/graph.js';
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
  readonly step: readonly Becomes[];
  readonly accumulate: readonly Becomes[];
  /** Where memory is short: what the backward pass computes a second time, late, and apart from the first time. */
  readonly recomputed?: ReadonlySet<Node>;
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
  return { model: withoutGradient(model, new Map(gradients)), gradients: new Map(gradients), step: [], accumulate: [] };
}

/** Gradients in simpler form. What the model computes stays as it is. */
export function simplifyGradients(derived: Gradients, trace?: Trace): Gradients {
  const { model, gradients } = derived;
  const nodes = simplify([...gradients.values()], model.builder, 'derived', reachable(modeRoots(model)), trace);
  return { ...derived, gradients: new Map([...gradients.keys()].map((name, i) => [name, nodes[i]])) };
}

/** What parameters and slots become, over leaves that stand for the gradients: updates are simplified around those, not into them. */
export function addUpdates(derived: Gradients): Gradients {
  const g = derived.model.builder;
  const leaves = leavesOf(derived.model);
  for (const [name, node] of derived.gradients) {
    const leaf = leaves.get(name);
    if (leaf) markCotangent(node, leaf);
  }
  const standIns = [...derived.gradients].map(([parameter, { type }]): [string, Node] => [
    parameter,
    g.make(gradient, [], { parameter, type }),
  ]);
  return {
    ...derived,
    ...g.at(undefined, () => update(derived.model, new Map(standIns), g, (name) => leaves.get(name)?.origin), {
      kind: 'update',
    }),
  };
}

/** Updates in simpler form. Where nothing but the optimizer makes them of gradients, those of parameters that are alike are simplified once. */
export function simplifyUpdates(derived: Gradients): Gradients {
  const { accumulate, clipNorm, clipValue } = derived.model.train;
  if (accumulate > 1 || clipNorm !== undefined || clipValue !== undefined)
    return withUpdates(derived, (nodes, g) => simplify(nodes, g, 'derived'));
  return { ...derived, step: simplifyAlike(derived.step, derived.model.builder) };
}

/** Updates read what the backward pass has made. */
export function connectUpdates(derived: Gradients): Gradients {
  const { gradients } = derived;
  return withUpdates(derived, (nodes, g) =>
    substituteNodes(nodes, (node) => (isOp(node, gradient) ? gradients.get(node.attrs.parameter) : undefined), g),
  );
}

function withUpdates(derived: Gradients, change: (nodes: readonly Node[], g: Builder) => Node[]): Gradients {
  const { step, accumulate, model } = derived;
  const updates = change(
    [...step, ...accumulate].map((b) => b.node),
    model.builder,
  );
  return {
    ...derived,
    step: step.map((b, i) => ({ ...b, node: updates[i] })),
    accumulate: accumulate.map((b, i) => ({ ...b, node: updates[step.length + i] })),
  };
}

/** A parameter that no gradient reaches (only an output depends on it) is not trained. */
function withoutGradient(model: ModelGraph, gradients: ReadonlyMap<string, Node>): ModelGraph {
  return {
    ...model,
    parameters: model.parameters.map((p) => ({ ...p, trained: p.trained && gradients.has(p.name) })),
    updates: model.updates.filter((u) => gradients.has(u.parameter)),
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
