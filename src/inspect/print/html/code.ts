// What the derivation became: the kernels of a step, and which of them compute a node of the graph.
import { follow } from '../../../compile.js';
import { printKernels } from '../../../codegen/emit.js';
import { accessOf } from '../../../ir/access.js';
import { through, type Node } from '../../../ir/graph.js';
import type { ModelGraph } from '../../../ir/model.js';
import { reshape } from '../../../ir/ops/movement.js';
import type { Kernel } from '../../../ir/program.js';
import { actualOf } from '../../../ir/runs.js';
import type { Step, UpdateStep } from '../../derivation/data.js';
import { drawnAs } from '../../graph/items.js';
import { kernelRunsOf } from '../../kernels.js';

export interface Code {
  /** In the order in which they first run. */
  readonly kernels: readonly { readonly kernel: Kernel; readonly text: string }[];
  /** The numbers of the kernels that compute what a step says. */
  kernelsOf(step: Step | UpdateStep): readonly number[];
}

/** The code of one step of the trainer in TypeScript. `alike`: the parameters for which the update of one stands. */
export async function codeOf(model: ModelGraph, alike: (parameter: string) => readonly string[]): Promise<Code> {
  const followed = follow(model, 'ts');
  // What the host computes for all kernels has no function of its own.
  const listed = new Set(followed.program.kernels);
  const runs = kernelRunsOf(followed).runs.filter(({ run }) => listed.has(run.kernel));
  const kernels = [...new Set(runs.map(({ run }) => run.kernel))];
  const numbers = new Map(kernels.map((kernel, i) => [kernel, i]));
  const texts = await printKernels(followed.program, new Set(kernels));
  const byNode = new Map<Node, Set<number>>();
  const byParameter = new Map<string, Set<number>>();
  const note = <K>(of: Map<K, Set<number>>, key: K, kernel: Kernel): void => {
    of.set(key, (of.get(key) ?? new Set()).add(numbers.get(kernel) ?? 0));
  };
  const parameters = new Map(followed.program.parameters.map(({ name, buffer }) => [buffer, name]));
  for (const { run, nodes } of runs) {
    for (const node of nodes) note(byNode, node, run.kernel);
    for (const buffer of accessOf(run.kernel.body).writes) {
      const parameter = parameters.get(actualOf(run, buffer));
      if (parameter !== undefined) note(byParameter, parameter, run.kernel);
    }
  }
  return {
    kernels: kernels.map((kernel) => ({ kernel, text: texts.get(kernel) ?? '' })),
    kernelsOf(step) {
      if ('parameter' in step && step.parameter !== undefined)
        return [...new Set(alike(step.parameter).flatMap((name) => [...(byParameter.get(name) ?? [])]))];
      const { node } = step;
      if (!node) return [];
      // What only lies differently in memory is computed where its elements are.
      const found = byNode.get(through(node, [reshape])) ?? byNode.get(node) ?? byNode.get(drawnAs(node));
      return [...(found ?? [])];
    },
  };
}
