// From derived graphs to the program an emitter prints: what each entry computes, its nests lowered to kernels, and its memory.
import { createBuffers } from '../buffers.js';
import type { Gradients } from '../derive/derive.js';
import { expandIntrinsics } from './expandIntrinsics.js';
import type { Estimate } from '../fuse/cost.js';
import { fuse, type Root } from '../fuse/fuse.js';
import { keyOfNest } from '../fuse/key.js';
import { singlesOf } from '../fuse/singles.js';
import { lowerNest } from './lower/lower.js';
import { lowerWorkgroups } from './lower/workgroups.js';
import { shareFolds } from './plan/shareFolds.js';
import { findCopies, type Copy } from './copies.js';
import { buffersOfRun, planMemory } from './planMemory.js';
import { unique } from '../unique.js';
import type { Becomes } from '../derive/update.js';
import { isOp, type Node } from '../../ir/graph.js';
import { constantOf, sizesOf } from '../../ir/index.js';
import { size } from '../../ir/ops/constants.js';
import { reachable } from '../../ir/reachable.js';
import { elementCount, type TensorType } from '../../ir/types.js';
import { modeRoots, type ModelGraph } from '../../ir/model.js';
import type {
  AnyNest,
  Entry,
  EntryName,
  Kernel,
  Provenance,
  Run,
  Step,
  TargetTraits,
  TrainerProgram,
} from '../../ir/program.js';
import { runsByKernel } from '../../ir/runs.js';
import { input } from '../../ir/ops/leaves.js';

/** Everything from the derived graphs to a program for one target. */
export function assemble(derived: Gradients, traits: TargetTraits): TrainerProgram {
  const { model, gradients } = derived;
  const target: TargetTraits = isTiny(model) ? { ...traits, storeGradients: false } : traits;
  const estimate: Estimate = () => model.train.batch;
  const buffers = createBuffers(model);
  const phaseOf = phases(model, gradients);
  const updates = [...derived.accumulate, ...derived.step].map((b) => b.node);
  const singles =
    target.doubles && singlesOf(reachable([...modeRoots(model), ...gradients.values(), ...updates]), phaseOf);
  const fusedEntries: FusedEntry[] = [];
  const entry = (name: EntryName, roots: readonly Root[], results: readonly { name: string; node: Node }[]): void => {
    const fused = fuse({
      roots: [...results.map((r) => ({ node: r.node })), ...roots],
      bufferOf: buffers.of,
      phaseOf,
      estimate,
      separateUpdates: target.storeGradients,
      serialRows: !target.workgroups,
      compact: derived.recomputed !== undefined || target.flatMemory,
      ...(singles && { singles }),
      recomputed: derived.recomputed ?? new Set(),
    });
    const all = [...results.map((r) => r.node), ...roots.map((r) => r.node)];
    fusedEntries.push({
      name,
      nests: fused.map(({ nest, host }) => ({ nest, host, key: keyOfNest(nest) })),
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
  const losses = (m: typeof training) => [{ name: 'loss', node: m.loss }, ...m.losses, ...m.metrics];
  const stored = target.storeGradients ? [...gradients.values()].map((node) => ({ node })) : [];
  if (derived.accumulate.length > 0)
    entry('accumulate', [...stored, ...becomes(derived.accumulate), ...states], losses(training));
  if (model.updates.length > 0) entry('step', [...stored, ...becomes(derived.step), ...states], losses(training));
  entry(
    'gradients',
    [],
    [{ name: 'loss', node: training.loss }, ...[...gradients].map(([name, node]) => ({ name, node }))],
  );
  entry('evaluate', [], losses(evaluation));
  entry('predict', [], evaluation.outputs);

  const { stepsOf, kernels: lowered } = lowering(fusedEntries, target, estimate);
  const list = fusedEntries.map(({ nests, ...rest }): Entry & { readonly name: EntryName } => ({
    ...rest,
    steps: stepsOf(nests),
  }));
  const entries: Partial<Record<EntryName, Entry>> = Object.fromEntries(list.map((e) => [e.name, e]));

  const kernels = inReadingOrder(lowered());
  // A result may be a literal that no kernel reads.
  const results = list.flatMap((e) => e.results.map((r) => r.buffer));
  const calls = runsByKernel(list.flatMap((e) => e.steps));
  const used = kernels.flatMap((kernel) => (calls.get(kernel) ?? []).flatMap(buffersOfRun));
  const all = [...new Set([...buffers.all(), ...used, ...results])];
  const forOutputs = list.find((e) => e.name === 'predict')?.inputs ?? [];
  return {
    model,
    entries,
    kernels,
    buffers: all,
    memory: planMemory(list, all, target, estimate),
    ...buffers.tables(forOutputs, derived),
    outputs: evaluation.outputs.map((o) => ({ name: o.name, type: o.node.type })),
  };
}

interface FusedNest {
  readonly nest: AnyNest;
  readonly host: boolean;
  readonly key: string;
}

/** An entry whose nests are not yet lowered. */
interface FusedEntry extends Omit<Entry, 'name' | 'steps'> {
  readonly name: EntryName;
  readonly nests: readonly FusedNest[];
}

/** Lowers each nest once for all entries, and the copies of a layer once for all of them. */
function lowering(
  entries: readonly FusedEntry[],
  target: TargetTraits,
  estimate: Estimate,
): { readonly stepsOf: (nests: readonly FusedNest[]) => Step[]; readonly kernels: () => Kernel[] } {
  const known = new Map<AnyNest | string, readonly Kernel[]>();
  const names = new Set<string>();
  const device = entries.flatMap(({ nests }) =>
    nests.flatMap(({ nest, host, key }) => (host ? [] : [[key, nest] as const])),
  );
  const copies = target.parameters ? findCopies(new Map(device), target.parameters) : new Map<string, Copy>();
  const kernelsOf = (nest: AnyNest, host: boolean): readonly Kernel[] => {
    const inGroups = target.workgroups && !host;
    const parts = inGroups ? shareFolds(nest, target, estimate) : [nest];
    return parts.map((part) => {
      const lower = inGroups ? lowerWorkgroups : lowerNest;
      const lowered = lower({ ...part, name: unique(part.name, names) }, target, estimate);
      return target.expandIntrinsics && !host ? expandIntrinsics(lowered) : lowered;
    });
  };
  const runsFor = ({ nest, host, key }: FusedNest): Run[] => {
    const shared = host ? undefined : copies.get(key);
    const made = known.get(shared?.nest ?? key) ?? kernelsOf(shared?.nest ?? nest, host);
    known.set(shared?.nest ?? key, made);
    return made.map((kernel) => ({
      kind: 'run',
      kernel,
      ...(host && { host }),
      ...(shared && { given: shared.given, numbers: shared.numbers, copy: shared.copy }),
    }));
  };
  return {
    stepsOf: (nests) => {
      const runs = nests.flatMap(runsFor);
      // Host scalars depend on counters alone, so they can come first.
      return [...runs.filter((r) => r.host), ...runs.filter((r) => !r.host)];
    },
    kernels: () => [...known.values()].flat(),
  };
}

/** Forward, backward, update; within each as entries come to them. */
function inReadingOrder(kernels: readonly Kernel[]): Kernel[] {
  const order: Record<Provenance['phase'], number> = { forward: 0, backward: 1, update: 2 };
  return [...kernels].sort((a, b) => order[a.provenance.phase] - order[b.provenance.phase]);
}

/** A network of so few parameters is one loop over its examples: its updates stand right behind it. */
const fewParameters = 64;

function isTiny({ parameters }: ModelGraph): boolean {
  return parameters.reduce((n, p) => n + (constantOf(elementCount(p.type)) ?? Infinity), 0) <= fewParameters;
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
