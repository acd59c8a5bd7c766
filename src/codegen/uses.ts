// What a kernel needs from outside: run-time sizes, axes of loops around its calls, and buffers, in the order of its text.
import type { Axis, Index } from '../ir/index.js';
import type { Entry, Kernel, Program, Statement, Step } from '../ir/program.js';
import { actualOf, runsOf } from '../ir/runs.js';
import type { Buffer, Scalar } from '../ir/scalar.js';

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
    const seen = new Set<string>();
    for (const statement of kernel.body) inStatement(statement);
    for (const axis of bound) search.axes.delete(axis);
    known.set(kernel, (found = search));

    function inStatement(statement: Statement): void {
      switch (statement.kind) {
        case 'loop':
          bound.add(statement.axis);
          for (const bound of [statement.from, statement.to, statement.last]) if (bound) inIndex(bound);
          return statement.body.forEach(inStatement);
        case 'index':
          bound.add(statement.axis);
          return inIndex(statement.value);
        case 'let':
        case 'set':
          return inScalar(statement.value);
        case 'store':
          inScalar(statement.value);
          inIndex(statement.at);
          search.buffers.add(statement.to);
          return;
        case 'if':
          statement.less.forEach(inIndex);
          return [...statement.then, ...statement.else].forEach(inStatement);
        case 'transpose':
        case 'barrier':
          return;
        default:
          return statement satisfies never;
      }
    }

    function inScalar(value: Scalar): void {
      if (seen.has(value.key)) return;
      seen.add(value.key);
      if (value.kind === 'load') {
        search.buffers.add(value.from);
        inIndex(value.at);
      } else if (value.kind === 'index') inIndex(value.of);
      else if (value.kind === 'apply') value.args.forEach(inScalar);
      else if (value.kind === 'splat' || value.kind === 'lane') inScalar(value.of);
    }

    function inIndex(index: Index): void {
      for (const { atoms } of index.terms)
        for (const part of atoms) {
          if (part.kind === 'size') search.sizes.add(part.name);
          else if (part.kind === 'axis') search.axes.add(part);
          else if (part.kind === 'element') inScalar(part.of);
          else {
            inIndex(part.of);
            inIndex(part.by);
          }
        }
    }
  }
  return found;
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
