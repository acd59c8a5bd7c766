// Kernels that JavaScript runs itself before an entry, whatever the target: scalars of counters, in double precision.
import type { Kernel, Step, TrainerProgram } from '../../ir/program.js';
import type { Definition } from '../text/definition.js';
import { printKernel } from '../typescript/kernel.js';
import { hostKernels } from '../uses.js';
import { sizeFields, type Layout } from './layout.js';

export interface Host {
  readonly kernels: readonly Kernel[];
  readonly definitions: readonly Definition[];
  readonly names: ReadonlyMap<string, Kernel>;
  /** The statement that runs the step's kernel; undefined where the step is the device's. */
  call(step: Step): string | undefined;
}

/** Prints them as functions over arrays of `m`. */
export function printHost(program: TrainerProgram, layout: Layout): Host {
  const kernels = [...hostKernels(program)];
  const functions = new Map(kernels.map((kernel) => [kernel, printKernel(kernel, layout.module.take(kernel.name))]));
  return {
    kernels,
    definitions: [...functions.values()].map((f) => f.definition),
    names: new Map([...functions].map(([kernel, { name }]) => [name, kernel])),
    call: (step) => {
      const called = step.kind === 'run' ? functions.get(step.kernel) : undefined;
      if (!called) return undefined;
      const given = called.arguments.map((a) => {
        if (a.kind === 'axis') throw new Error(`${called.name} stands in a loop and cannot run in JavaScript`);
        return a.kind === 'size' ? `m.${sizeFields(layout, a.name).now}` : layout.array(a.buffer);
      });
      return `${called.name}(${given.join(', ')});`;
    },
  };
}
