// Which kernels an entry of a trainer runs, and which nodes of the graph each of them computes.
import type { Followed } from '../compile.js';
import type { Node } from '../ir/graph.js';
import { evaluateSizes } from '../ir/index.js';
import type { Run, Step } from '../ir/program.js';
import { computedByNests } from '../passes/fuse/fuse.js';

export interface KernelRun {
  readonly run: Run;
  /** How often one call of the entry runs it. */
  readonly times: (sizeOf: (name: string) => number) => number;
  /** Inputs before what reads them. A node that several kernels compute is of each. */
  readonly nodes: readonly Node[];
  /** What the leaves of loops around stand for. */
  readonly leaves: ReadonlyMap<Node, Node>;
}

export interface EntryRuns {
  readonly steps: readonly Step[];
  /** Of the steps, in order. */
  readonly runs: readonly KernelRun[];
}

/** What one step runs; of a model that does not train, one prediction. */
export function kernelRunsOf({ nests: { entries }, program }: Followed): EntryRuns {
  const passes = entries.filter(({ name }) => name === 'step' || name.startsWith('step.'));
  const run = passes.length > 0 ? passes : [entries.find(({ name }) => name === 'gradients') ?? entries[0]];
  const steps = run.flatMap(({ name }) => program.entries[name]?.steps ?? []);
  const runs = runsIn(steps);
  const computed = run.flatMap(({ fusion }) => {
    const nests = computedByNests(fusion);
    // What JavaScript computes runs first.
    return [...nests.filter(({ host }) => host), ...nests.filter(({ host }) => !host)];
  });
  if (runs.length !== computed.length) throw new Error('kernels do not run as their nests do');
  return { steps, runs: runs.map((run, i) => ({ ...run, nodes: computed[i].nodes, leaves: computed[i].leaves })) };
}

function runsIn(steps: readonly Step[], times: KernelRun['times'] = () => 1): Omit<KernelRun, 'nodes' | 'leaves'>[] {
  return steps.flatMap((step): Omit<KernelRun, 'nodes' | 'leaves'>[] =>
    step.kind === 'run'
      ? [{ run: step, times }]
      : runsIn(step.steps, (sizeOf) => times(sizeOf) * evaluateSizes(step.axis.extent, sizeOf)),
  );
}
