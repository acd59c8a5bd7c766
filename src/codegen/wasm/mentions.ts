// The run-time sizes and the axes of loops that a kernel or a whole program mentions, in its statements or in the offsets of its buffers.
import { axesOf, sizesOf, zero, type Axis, type Index } from '../../ir/index.js';
import type { Kernel, Program } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { usesOf } from '../uses.js';

/** The sizes that the kernel mentions, and those on which the offsets of its buffers depend. */
export function sizesOfKernel(kernel: Kernel, offsets: ReadonlyMap<Buffer, Index>): string[] {
  const { sizes, buffers } = usesOf(kernel);
  const found = new Set(sizes);
  for (const buffer of buffers) sizesOf(offsets.get(buffer) ?? zero, found);
  return [...found];
}

/** Axes of loops around its calls, and where the thread's own buffers begin. */
export function axesOfKernel(kernel: Kernel, offsets: ReadonlyMap<Buffer, Index>): Axis[] {
  const { axes, buffers } = usesOf(kernel);
  const found = new Set(axes);
  for (const buffer of buffers) axesOf(offsets.get(buffer) ?? zero, found);
  return [...found];
}

/** Every run-time size of the program, sorted. */
export function sizesIn(program: Program): string[] {
  const found = sizesOf(program.memory.length);
  if (program.memory.own) sizesOf(program.memory.own, found);
  for (const run of runsOf(Object.values(program.entries).flatMap((entry) => entry.steps))) {
    for (const name of usesOf(run.kernel).sizes) found.add(name);
    for (const buffer of usesOf(run.kernel).buffers)
      sizesOf(program.memory.offsets.get(actualOf(run, buffer)) ?? zero, found);
  }
  return [...found].sort();
}
