// From derived graphs to the program an emitter prints: what each entry computes, its nests lowered to kernels, and its memory.
import { createBuffers } from './buffers.js';
import type { Gradients } from './derive.js';
import { expandIntrinsics } from './expandIntrinsics.js';
import type { Estimate } from './fuse/cost.js';
import { fuse, type Root } from './fuse/fuse.js';
import { keyOfNest } from './fuse/key.js';
import { singlesOf } from './fuse/singles.js';
import { lowerNest } from './lower/lower.js';
import { lowerWorkgroups } from './lower/workgroups.js';
import { shareFolds } from './plan/shareFolds.js';
import { buffersOf, planMemory } from './planMemory.js';
import { unique } from './unique.js';
import type { Becomes } from './update.js';
import type { Node } from '../ir/graph.js';
import { constantOf, sizesOf } from '../ir/index.js';
import { size } from '../ir/ops/constants.js';
import { isIndex } from '../ir/print.js';
import { reachable } from '../ir/reachable.js';
import { elementCount, type TensorType } from '../ir/types.js';
import { modeRoots, type ModelGraph } from '../ir/model.js';
import type { Entry, EntryName, Kernel, Provenance, Step, TargetTraits, TrainerProgram } from '../ir/program.js';

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
  const kernels = new Map<string, readonly Kernel[]>();
  const names = new Set<string>();

  const entry = (name: EntryName, roots: readonly Root[], results: readonly { name: string; node: Node }[]): Entry => {
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
    const steps = fused.flatMap(({ nest, host }): Step[] => {
      const key = keyOfNest(nest);
      let made = kernels.get(key);
      if (!made) {
        const inGroups = target.workgroups && !host;
        const parts = inGroups ? shareFolds(nest, target, estimate) : [nest];
        made = parts.map((part) => {
          const lowering = inGroups ? lowerWorkgroups : lowerNest;
          const lowered = lowering({ ...part, name: unique(part.name, names) }, target, estimate);
          return target.expandIntrinsics && !host ? expandIntrinsics(lowered) : lowered;
        });
        kernels.set(key, made);
      }
      return made.map((kernel) => (host ? { kind: 'run', kernel, host } : { kind: 'run', kernel }));
    });
    // Host scalars depend on counters alone, so they can come first.
    const ordered = [
      ...steps.filter((s) => s.kind === 'run' && s.host),
      ...steps.filter((s) => s.kind !== 'run' || !s.host),
    ];
    const all = [...results.map((r) => r.node), ...roots.map((r) => r.node)];
    return {
      name,
      steps: ordered,
      inputs: inputsOf(all, model),
      results: results.map((r) => ({ name: r.name, buffer: buffers.of(r.node) })),
    };
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
  const entries: Partial<Record<EntryName, Entry>> = {};
  if (derived.accumulate.length > 0)
    entries.accumulate = entry('accumulate', [...stored, ...becomes(derived.accumulate), ...states], losses(training));
  if (model.updates.length > 0)
    entries.step = entry('step', [...stored, ...becomes(derived.step), ...states], losses(training));
  entries.gradients = entry(
    'gradients',
    [],
    [{ name: 'loss', node: training.loss }, ...[...gradients].map(([name, node]) => ({ name, node }))],
  );
  entries.evaluate = entry('evaluate', [], losses(evaluation));
  entries.predict = entry('predict', [], evaluation.outputs);

  const order: Record<Provenance['phase'], number> = { forward: 0, backward: 1, update: 2 };
  const sorted = [...kernels.values()].flat().sort((a, b) => order[a.provenance.phase] - order[b.provenance.phase]);
  const list = Object.values(entries);
  // A result may be a literal that no kernel reads.
  const results = list.flatMap((e) => e.results.map((r) => r.buffer));
  const all = [...new Set([...buffers.all(), ...sorted.flatMap((k) => [...buffersOf(k)]), ...results])];
  return {
    model,
    entries,
    kernels: sorted,
    buffers: all,
    memory: planMemory(list, all, target, estimate),
    ...buffers.tables(entries.predict.inputs, derived),
    outputs: evaluation.outputs.map((o) => ({ name: o.name, type: o.node.type })),
  };
}

/** A network of so few parameters is one loop over its examples: its updates stand right behind it. */
const fewParameters = 64;

function isTiny({ parameters }: ModelGraph): boolean {
  return parameters.reduce((n, p) => n + (constantOf(elementCount(p.type)) ?? Infinity), 0) <= fewParameters;
}

/** The inputs that are read, and those that alone tell a size that is. */
function inputsOf(roots: readonly Node[], model: ModelGraph): string[] {
  const nodes = reachable(roots);
  const used = new Set(nodes.flatMap((n) => (n.op.name === 'input' ? [String(n.attrs.name)] : [])));
  const known = new Set<string>();
  for (const { name, type } of model.inputs) if (used.has(name)) sizesIn(type, known);
  const sizes = new Set<string>();
  for (const node of nodes) {
    sizesIn(node.type, sizes);
    const { of } = node.attrs;
    if (node.op.name === size.name && isIndex(of)) sizesOf(of, sizes);
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
