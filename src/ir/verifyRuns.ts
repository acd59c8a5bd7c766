// What must hold of what an entry runs: its kernels, what calls give them, and their order.
import { accessOf } from './access.js';
import type { Axis } from './index.js';
import type { Entry, Kernel, Run, Step } from './program.js';
import { actualOf, mapRuns, runsOf } from './runs.js';
import type { Buffer } from './scalar.js';
import { ownMemory, thread, threads } from './threads.js';
import { faultsOfKernel } from './verifyKernel.js';
import { faultsOfOrder, type Access } from './verifyOrder.js';

const ofThreads: readonly Axis[] = [thread, threads, ownMemory];

/** What is wrong with entries, a sentence each. */
export function faultsOfEntries(entries: readonly Pick<Entry, 'name' | 'steps' | 'results'>[]): string[] {
  return [
    ...faultsOfCalls(entries.flatMap(({ steps }) => steps)),
    ...entries.flatMap(({ name, steps, results }) =>
      [...new Set([...faultsOfKernels(steps, ofThreads), ...faultsOfOrder(mapRuns(steps, accessesOf), results)])].map(
        (fault) => `${name}: ${fault}`,
      ),
    ),
  ];
}

/** Every call of a kernel gives the same parameters. */
function faultsOfCalls(steps: readonly Step[]): string[] {
  const known = new Map<Kernel, ReadonlySet<object>>();
  return runsOf(steps).flatMap(({ kernel, given, numbers }) => {
    const parameters = new Set<object>([...(given?.keys() ?? []), ...(numbers?.keys() ?? [])]);
    const before = known.get(kernel) ?? parameters;
    known.set(kernel, before);
    const differ = parameters.size !== before.size || [...parameters].some((parameter) => !before.has(parameter));
    return differ ? [`a call of ${kernel.name} gives other parameters than the one before`] : [];
  });
}

function faultsOfKernels(steps: readonly Step[], outer: readonly Axis[]): string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'repeat') return faultsOfKernels(step.steps, [...outer, step.axis]);
    return faultsOfKernel(step.kernel, new Set([...outer, ...(step.numbers?.keys() ?? [])]));
  });
}

interface Links {
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
}

const links = new WeakMap<Kernel, Links>();

/** What a kernel has for itself is nobody else's, also where it lies in the arena. */
function linksOf(kernel: Kernel): Links {
  let known = links.get(kernel);
  if (!known) {
    const own = new Set([...kernel.scratch, ...(kernel.sharing?.own ?? [])]);
    const theirs = (buffers: ReadonlySet<Buffer>): Buffer[] => [...buffers].filter((buffer) => !own.has(buffer));
    const { exposed, writes } = accessOf(kernel.body);
    known = { reads: theirs(exposed), writes: theirs(writes) };
    links.set(kernel, known);
  }
  return known;
}

function accessesOf(run: Run): Access[] {
  const { reads, writes } = linksOf(run.kernel);
  const actual = (buffers: readonly Buffer[]): Buffer[] => buffers.map((buffer) => actualOf(run, buffer));
  return [{ kind: 'run', name: run.kernel.name, reads: actual(reads), writes: actual(writes) }];
}
