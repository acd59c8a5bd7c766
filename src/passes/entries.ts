// The entries of a trainer: what each must have computed when it has run, and its nests on their way to kernels.
import { createBuffers } from './buffers.js';
import type { Gradients } from './derive/derive.js';
import type { Becomes } from './derive/update.js';
import { draftNests, nestsOf, type Fusion, type Root } from './fuse/fuse.js';
import { singlesOf } from './fuse/singles.js';
import type { Call, Unit } from './schedule/works.js';
import { isOp, type Node } from '../ir/graph.js';
import { constantOf, sizesOf } from '../ir/index.js';
import type { Estimate } from '../ir/nest/sizes.js';
import { modeRoots, type ModelGraph } from '../ir/model.js';
import { size } from '../ir/ops/constants.js';
import { input } from '../ir/ops/leaves.js';
import type { Entry, EntryName, Policy, Provenance, TargetTraits, Work } from '../ir/program.js';
import { runsOf } from '../ir/runs.js';
import { reachable } from '../ir/reachable.js';
import { elementCount, type TensorType } from '../ir/types.js';

/** What the entries of a trainer on one target are made from. */
export interface Plant {
  readonly derived: Gradients;
  readonly target: TargetTraits;
  readonly estimate: Estimate;
  readonly buffers: ReturnType<typeof createBuffers>;
}

/** An entry without its steps. */
export type Signature = Omit<Entry, 'name' | 'steps'> & { readonly name: EntryName };

/** An entry while its nests are made; `calls` from the moment on that they are whole. */
export interface EntryNests extends Signature {
  readonly fusion: Fusion;
  readonly calls?: readonly Work<Call>[];
}

/** The nests of every entry. */
export interface Nests extends Plant {
  readonly entries: readonly EntryNests[];
}

/** What an entry computes, nest by nest, wherever it is on its way. */
export function nestsOfEntry({ fusion, calls }: EntryNests): readonly Unit[] {
  return calls ? runsOf(calls).map(({ unit }) => unit) : runsOf(nestsOf(fusion));
}

/** Every entry of the model, with a nest for each node that it stores. */
export function openEntries(derived: Gradients, target: TargetTraits): Nests {
  const { model, gradients } = derived;
  const policy = policyFor(model, target);
  const estimate: Estimate = () => model.train.batch;
  const buffers = createBuffers(model);
  const phaseOf = phases(model, gradients);
  const updates = [...derived.accumulate, ...derived.step].map((b) => b.node);
  const singles =
    target.doubles && singlesOf(reachable([...modeRoots(model), ...gradients.values(), ...updates]), phaseOf);
  const entries: EntryNests[] = [];
  const entry = (name: EntryName, roots: readonly Root[], results: readonly { name: string; node: Node }[]): void => {
    const fusion = draftNests({
      roots: [...results.map((r) => ({ node: r.node })), ...roots],
      bufferOf: buffers.of,
      phaseOf,
      estimate,
      separateUpdates: policy.separateUpdates,
      ...(singles && { singles }),
      recomputed: derived.recomputed ?? new Set(),
    });
    const all = [...results.map((r) => r.node), ...roots.map((r) => r.node)];
    entries.push({
      name,
      fusion,
      inputs: inputsOf(all, model),
      results: results.map((r) => ({ name: r.name, buffer: buffers.of(r.node) })),
    });
  };

  const { training, evaluation } = model;
  const becomes = (list: readonly Becomes[]): Root[] =>
    list.map((b) => ({
      node: b.node,
      to: b.slot === undefined ? buffers.parameter(b.parameter) : buffers.slot(b.parameter, b.slot),
    }));
  const states = training.states.map((s) => ({ node: s.node, to: buffers.state(s.name) }));
  const total = ({ loss }: typeof training) => (loss ? [{ name: 'loss', node: loss }] : []);
  const losses = (m: typeof training) => [...total(m), ...m.losses, ...m.metrics];
  const stored = policy.storeGradients ? [...gradients.values()].map((node) => ({ node })) : [];
  if (derived.accumulate.length > 0)
    entry('accumulate', [...stored, ...becomes(derived.accumulate), ...states], losses(training));
  if (model.updates.length > 0) entry('step', [...stored, ...becomes(derived.step), ...states], losses(training));
  if (training.loss) {
    entry('gradients', [], [...total(training), ...[...gradients].map(([name, node]) => ({ name, node }))]);
    entry('evaluate', [], losses(evaluation));
  }
  entry('predict', [], evaluation.outputs);
  return { derived, target, estimate, buffers, entries };
}

/** A network of so few parameters is one loop over its examples: its updates stand right behind it. */
const fewParameters = 64;

function policyFor({ parameters }: ModelGraph, { policy }: TargetTraits): Policy {
  const count = parameters.reduce((n, p) => n + (constantOf(elementCount(p.type)) ?? Infinity), 0);
  return count <= fewParameters ? { ...policy, storeGradients: false, separateUpdates: false } : policy;
}

/** The inputs that are read, and those that alone tell a size that is. */
function inputsOf(roots: readonly Node[], model: ModelGraph): string[] {
  const nodes = reachable(roots);
  const used = new Set(nodes.flatMap((n) => (isOp(n, input) ? [n.attrs.name] : [])));
  const known = new Set<string>();
  for (const { name, type } of model.inputs) if (used.has(name)) sizesIn(type, known);
  const sizes = new Set<string>();
  for (const node of nodes) {
    sizesIn(node.type, sizes);
    if (isOp(node, size)) sizesOf(node.attrs.of, sizes);
  }
  for (const { name, type } of model.inputs) {
    if (![...sizesIn(type)].some((name) => sizes.has(name) && !known.has(name))) continue;
    used.add(name);
    sizesIn(type, known);
  }
  return model.inputs.map((i) => i.name).filter((n) => used.has(n));
}

function sizesIn({ shape }: TensorType, into: Set<string> = new Set()): Set<string> {
  for (const dim of shape) sizesOf(dim.size, into);
  return into;
}

/** Forward: what the model's own graphs reach; backward: what gradients need beyond that; update: the rest. */
function phases(model: ModelGraph, gradients: ReadonlyMap<string, Node>): (node: Node) => Provenance['phase'] {
  const forward = new Set(reachable(modeRoots(model)));
  const backward = new Set(reachable([...gradients.values()]));
  return (node) => (forward.has(node) ? 'forward' : backward.has(node) ? 'backward' : 'update');
}
