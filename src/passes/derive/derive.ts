// From a model's graphs to gradients and updates, all simplified together: what `nnc grad` shows and fuse reads.
import { differentiate } from './differentiate.js';
import { simplify } from './simplify.js';
import { substituteNodes } from './substituteNodes.js';
import { update, type Becomes } from './update.js';
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
  readonly step: readonly Becomes[];
  readonly accumulate: readonly Becomes[];
  /** Where memory is short: what the backward pass computes a second time, late, and apart from the first time. */
  readonly recomputed?: ReadonlySet<Node>;
}

/** Differentiates the training loss by every trained parameter, puts the gradients into the optimizers, and simplifies all of it together. */
export function derive(model: ModelGraph): Gradients {
  const g = model.builder;
  const trained = model.parameters.filter((p) => p.trained);
  const leaves = new Map<string, NodeOf<typeof parameter>>();
  for (const node of reachable([model.training.loss])) if (isOp(node, parameter)) leaves.set(node.attrs.name, node);
  const simplified = simplify(modeRoots(model), g, 'value');
  const clean = withRoots(model, simplified);
  const wrt = trained.flatMap((p) => leaves.get(p.name) ?? []);
  const found = differentiate(clean.training.loss, wrt, g);
  const byLeaf = new Map(wrt.map((leaf, i) => [leaf.attrs.name, found[i]]));
  // Behind round, sign and the like the gradient is 0: so it is given, and weights decay. What is stopped has none.
  const flat = new Set(
    parametersAmong(reachable([model.training.loss], (n) => (n.op === stopGradient ? [] : n.inputs))),
  );
  const raw = trained.flatMap((p): [string, Node][] => {
    const node = byLeaf.get(p.name) ?? (flat.has(p.name) ? filled(g, 0, p.type) : undefined);
    return node ? [[p.name, node]] : [];
  });
  const nodes = simplify(
    raw.map(([, node]) => node),
    g,
    'derived',
    reachable(simplified),
  );
  const gradients = new Map(raw.map(([name], i) => [name, gradientBy(leaves.get(name), nodes[i])]));
  const kept = withoutGradient(clean, gradients);
  // Updates are simplified around their gradients, not into them: they read what the backward pass has made.
  const standIns = [...gradients].map(([parameter, { type }]): [string, Node] => [
    parameter,
    g.make(gradient, [], { parameter, type }),
  ]);
  const { step, accumulate } = g.at(undefined, () => update(kept, new Map(standIns), g), { kind: 'update' });
  const updates = substituteNodes(
    simplify(
      [...step, ...accumulate].map((b) => b.node),
      g,
      'derived',
    ),
    (node) => (isOp(node, gradient) ? gradients.get(node.attrs.parameter) : undefined),
    g,
  );
  return {
    model: kept,
    gradients,
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

function gradientBy(leaf: Node | undefined, node: Node): Node {
  if (leaf) markCotangent(node, leaf);
  return node;
}

function withRoots(model: ModelGraph, nodes: readonly Node[]): ModelGraph {
  let at = 0;
  const mode = (m: ModelGraph['training']): ModelGraph['training'] => {
    const loss = nodes[at++];
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
