// What a kernel needs from outside: run-time sizes, axes of loops around its calls, and buffers, in the order of its text.
import type { Axis, Index } from '../ir/index.js';
import type { Entry, Kernel, Program, Step } from '../ir/program.js';
import { actualOf, runsOf } from '../ir/runs.js';
import type { Buffer } from '../ir/scalar.js';
import { visitStatements } from '../ir/statements.js';

export interface Uses {
  readonly sizes: ReadonlySet<string>;
  /** Axes that the kernel reads and does not bind. */
  readonly axes: ReadonlySet<Axis>;
  readonly buffers: ReadonlySet<Buffer>;
}

const known = new WeakMap<Kernel, Uses>();

/** Everything the kernel's parameters must hold. */
export function usesOf(kernel: Kernel): Uses {
  let found = known.get(kernel);
  if (!found) {
    const search = { sizes: new Set<string>(), axes: new Set<Axis>(), buffers: new Set<Buffer>() };
    const bound = new Set<Axis>();
    visitStatements(kernel.body, {
      statement(s) {
        if (s.kind === 'loop' || s.kind === 'index') bound.add(s.axis);
        else if (s.kind === 'store') search.buffers.add(s.to);
      },
      scalar(value) {
        if (value.kind === 'load') search.buffers.add(value.from);
      },
      address: (index) => inIndex(index, search),
    });
    for (const axis of bound) search.axes.delete(axis);
    known.set(kernel, (found = search));
  }
  return found;
}

function inIndex(index: Index, search: { readonly sizes: Set<string>; readonly axes: Set<Axis> }): void {
  for (const { atoms } of index.terms)
    for (const part of atoms) {
      if (part.kind === 'size') search.sizes.add(part.name);
      else if (part.kind === 'axis') search.axes.add(part);
      else if (part.kind === 'sum') inIndex(part.of, search);
      else if (part.kind === 'quotient') {
        inIndex(part.of, search);
        inIndex(part.by, search);
      }
    }
}

/** The kernels that an entry runs, in order. */
export function kernelsOf(entry: Entry): Kernel[] {
  return runsOf(entry.steps).map((run) => run.kernel);
}

/** The kernels that JavaScript runs before an entry. */
export function hostKernels(program: Program): Set<Kernel> {
  const runs = runsOf(Object.values(program.entries).flatMap((entry) => entry.steps));
  return new Set(runs.flatMap((run) => (run.host ? [run.kernel] : [])));
}

/** The buffers of everything that the steps run. */
export function buffersIn(steps: readonly Step[]): Set<Buffer> {
  return new Set(
    runsOf(steps).flatMap((run) => [...usesOf(run.kernel).buffers].map((buffer) => actualOf(run, buffer))),
  );
}
