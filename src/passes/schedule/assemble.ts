// From kernels and entries to the program an emitter prints: its buffers, its memory, and what they are to the user.
import { buffersOfRun } from './lifetimes.js';
import { planMemory } from './planMemory.js';
import type { Kernels } from './works.js';
import type { Entries, Kernel, Provenance, TrainerProgram } from '../../ir/program.js';
import { runsByKernel } from '../../ir/runs.js';

/** Places every buffer, and puts the program together. */
export function assemble({ derived, target, estimate, buffers, kernels: list, entries }: Kernels): TrainerProgram {
  const { model } = derived;
  const byName: Entries = Object.fromEntries(entries.map((e) => [e.name, e]));
  const kernels = inReadingOrder(list);
  // A result may be a literal that no kernel reads.
  const results = entries.flatMap((e) => e.results.map((r) => r.buffer));
  const calls = runsByKernel(entries.flatMap((e) => e.steps));
  const used = kernels.flatMap((kernel) => (calls.get(kernel) ?? []).flatMap(buffersOfRun));
  const all = [...new Set([...buffers.all(), ...used, ...results])];
  const forOutputs = entries.find((e) => e.name === 'predict')?.inputs ?? [];
  return {
    model,
    entries: byName,
    kernels,
    buffers: all,
    memory: planMemory(entries, all, target, estimate),
    ...buffers.tables(forOutputs, derived),
    outputs: model.evaluation.outputs.map((o) => ({ name: o.name, type: o.node.type })),
  };
}

/** Forward, backward, update; within each as entries come to them. */
function inReadingOrder(kernels: readonly Kernel[]): Kernel[] {
  const order: Record<Provenance['phase'], number> = { forward: 0, backward: 1, update: 2 };
  return [...kernels].sort((a, b) => order[a.provenance.phase] - order[b.provenance.phase]);
}
