// The profiling variant of a program: every kernel of one entry can be run on its own, between the same loops.
import { stepOf, type Entry, type EntryName, type Step, type TrainerProgram } from '../../ir/program.js';

/** Each step that runs a kernel, in order, inside the loops that stand around it. */
export function separateSteps(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) =>
    step.kind === 'run' ? [step] : separateSteps(step.steps).map((inner): Step => ({ ...step, steps: [inner] })),
  );
}

/** Adds an entry for each kernel that the named one runs: `kernel0`, `kernel1`, …. */
export function withKernelEntries(program: TrainerProgram, name: EntryName): TrainerProgram {
  const whole = name === 'step' ? stepOf(program) : program.entries[name];
  const alone = whole?.alone && { alone: whole.alone };
  const entries = separateSteps(whole?.steps ?? []).map((step, i): Entry => ({
    name: `kernel${i}`,
    steps: [step],
    inputs: [],
    results: [],
    ...alone,
  }));
  return { ...program, entries: { ...program.entries, ...Object.fromEntries(entries.map((e) => [e.name, e])) } };
}

/** The entries that were added, in order. */
export function kernelEntries(program: TrainerProgram): Entry['name'][] {
  return Object.values(program.entries).flatMap(({ name }) => (name.startsWith('kernel') ? [name] : []));
}
