// The calls of kernels in a list of steps, and what a kernel's parameters stand for in one of them.
import type { Kernel, Run, Step } from './program.js';
import type { Buffer } from './scalar.js';

/** Every call in these steps, in order; one in a loop once. */
export function runsOf(steps: readonly Step[]): Run[] {
  return steps.flatMap((step) => (step.kind === 'run' ? [step] : runsOf(step.steps)));
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
