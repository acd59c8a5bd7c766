// The calls of kernels in a list of steps, and what a kernel's parameters stand for in one of them.
import type { Kernel, Run, Step, Work } from './program.js';
import type { Buffer } from './scalar.js';

/** Everything that runs in these steps, in order; what is in a loop once. */
export function runsOf<R extends { readonly kind: 'run' }>(steps: readonly Work<R>[]): R[] {
  return steps.flatMap((step) => (step.kind === 'repeat' ? runsOf(step.steps) : [step]));
}

/** The same steps with others in the place of each that runs. */
export function mapRuns<R extends { readonly kind: 'run' }, S extends { readonly kind: 'run' }>(
  steps: readonly Work<R>[],
  change: (run: R) => readonly S[],
): Work<S>[] {
  return steps.flatMap((step): readonly Work<S>[] =>
    step.kind === 'repeat' ? [{ ...step, steps: mapRuns(step.steps, change) }] : change(step),
  );
}

/** The buffer that one of the kernel's stands for in this call. */
export function actualOf(run: Run, buffer: Buffer): Buffer {
  return run.given?.get(buffer) ?? buffer;
}

/** The same by kernel. */
export function runsByKernel(steps: readonly Step[]): Map<Kernel, Run[]> {
  const calls = new Map<Kernel, Run[]>();
  for (const run of runsOf(steps)) {
    const known = calls.get(run.kernel);
    if (known) known.push(run);
    else calls.set(run.kernel, [run]);
  }
  return calls;
}
