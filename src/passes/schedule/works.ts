// From the nests of all entries to kernels: what several have in common is made once, planned, and lowered.
import type { EntryNests, Nests, Plant, Signature } from '../entries.js';
import { nestsOf } from '../fuse/fuse.js';
import { keyOfNest } from '../fuse/key.js';
import { unique } from '../unique.js';
import { findCopies, type Copy } from './copies.js';
import { expandIntrinsics } from './expandIntrinsics.js';
import { lower } from './lower/lower.js';
import { lowerWork } from './lower/workgroups.js';
import { plan } from './plan/plan.js';
import { shareFolds } from './plan/shareFolds.js';

import { planWorkgroups } from './plan/workgroups.js';
import type { Plan, WorkPlan } from '../../ir/nest/plans.js';
import type { AnyNest, Kernel, Run, Step } from '../../ir/program.js';

/** A nest that becomes one kernel, however many calls there are. Identity is the object. */
export interface Work {
  readonly nest: AnyNest;
  readonly host: boolean;
}

/** One call of what becomes a kernel. */
export interface Call extends Pick<Run, 'given' | 'numbers' | 'copy'> {
  readonly work: Work;
}

/** A nest with a name of its own, and how it becomes a kernel. */
export interface Planned extends Work {
  readonly plan: { readonly kind: 'loops'; readonly of: Plan } | { readonly kind: 'workgroups'; readonly of: WorkPlan };
}

interface PlannedEntry extends Signature {
  readonly calls: readonly (Call & { readonly work: Planned })[];
}

/** What every entry calls, planned. */
export interface Plans extends Plant {
  readonly works: readonly Planned[];
  readonly entries: readonly PlannedEntry[];
}

/** What every entry runs. */
export interface Kernels extends Plant {
  readonly kernels: readonly Kernel[];
  readonly entries: readonly (Signature & { readonly steps: readonly Step[] })[];
}

/** What several entries compute alike is one nest. */
export function uniteNests(nests: Nests): Nests {
  const known = new Map<string, Work>();
  return {
    ...nests,
    entries: nests.entries.map(({ fusion, ...entry }) => {
      const calls = nestsOf(fusion).map(({ nest, host }): Call => {
        const key = `${host ? 'host ' : ''}${keyOfNest(nest)}`;
        const work = known.get(key) ?? { nest, host };
        known.set(key, work);
        return { work };
      });
      return { ...entry, fusion, calls };
    }),
  };
}

/** Copies of a layer are one nest over parameters. */
export function shareCopies(nests: Nests): Nests {
  const { target, entries } = nests;
  const device = worksOf(entries).filter(({ host }) => !host);
  const keys = new Map(device.map((work) => [work, keyOfNest(work.nest)]));
  const copies = findCopies(new Map(device.map((work) => [keys.get(work) ?? '', work.nest])), target.parameters ?? 0);
  const shared = new Map<AnyNest, Work>();
  const callOf = (call: Call, { nest, ...rest }: Copy): Call => {
    const work = shared.get(nest) ?? { nest, host: call.work.host };
    shared.set(nest, work);
    return { work, ...rest };
  };
  return withCalls(nests, (call) => {
    const copy = copies.get(keys.get(call.work) ?? '');
    return [copy ? callOf(call, copy) : call];
  });
}

/** Long folds to few places are two nests: shares of them side by side, and what those come to. */
export function splitFolds(nests: Nests): Nests {
  const { target, estimate } = nests;
  const known = new Map<Work, readonly Work[]>();
  return withCalls(nests, (call) => {
    const { work } = call;
    const parts = known.get(work) ?? (work.host ? [work] : shared(work));
    known.set(work, parts);
    return parts.map((part) => ({ ...call, work: part }));
  });

  function shared(work: Work): Work[] {
    const parts = shareFolds(work.nest, target, estimate);
    return parts.length === 1 ? [work] : parts.map((nest) => ({ ...work, nest }));
  }
}

function withCalls(nests: Nests, change: (call: Call) => readonly Call[]): Nests {
  const entries = nests.entries.map((entry) => ({ ...entry, calls: (entry.calls ?? []).flatMap(change) }));
  return { ...nests, entries };
}

function worksOf(entries: readonly EntryNests[]): Work[] {
  return [...new Set(entries.flatMap(({ calls = [] }) => calls.map(({ work }) => work)))];
}

/** Gives each nest a name that no other has, and chooses its loops: tiles, staging, lanes, or what threads of a workgroup do. */
export function planWorks({ derived, target, estimate, buffers, entries }: Nests): Plans {
  const names = new Set<string>();
  const planned = new Map(
    worksOf(entries).map((work): [Work, Planned] => {
      const nest = { ...work.nest, name: unique(work.nest.name, names) };
      const inGroups = target.workgroups && !work.host;
      return [
        work,
        {
          nest,
          host: work.host,
          plan: inGroups
            ? { kind: 'workgroups', of: planWorkgroups(nest, target, estimate) }
            : { kind: 'loops', of: plan(nest, target, estimate) },
        },
      ];
    }),
  );
  const list = entries.map(({ name, inputs, results, calls = [] }) => ({
    name,
    inputs,
    results,
    calls: calls.flatMap((call) => {
      const work = planned.get(call.work);
      return work ? [{ ...call, work }] : [];
    }),
  }));
  return { derived, target, estimate, buffers, works: [...planned.values()], entries: list };
}

/** Writes each nest as its plan says: loops, lets, ifs and stores. */
export function lowerWorks({ derived, target, estimate, buffers, works, entries }: Plans): Kernels {
  const kernels = new Map(
    works.map((work): [Planned, Kernel] => {
      const { nest, plan: chosen } = work;
      return [work, chosen.kind === 'workgroups' ? lowerWork(nest, chosen.of, target) : lower(nest, chosen.of, target)];
    }),
  );
  const list = entries.map(({ calls, ...entry }) => {
    const runs = calls.flatMap(({ work, ...of }): Run[] => {
      const kernel = kernels.get(work);
      return kernel ? [{ kind: 'run', kernel, ...(work.host && { host: true as const }), ...of }] : [];
    });
    // Host scalars depend on counters alone, so they can come first.
    return { ...entry, steps: [...runs.filter((r) => r.host), ...runs.filter((r) => !r.host)] };
  });
  return { derived, target, estimate, buffers, kernels: [...kernels.values()], entries: list };
}

/** Writes exp, log, tanh and the like with arithmetic. */
export function expandFunctions(all: Kernels): Kernels {
  const { entries } = all;
  const hosts = new Set(entries.flatMap((e) => e.steps.flatMap((s) => (s.kind === 'run' && s.host ? [s.kernel] : []))));
  const expanded = new Map(
    all.kernels.map((kernel) => [kernel, hosts.has(kernel) ? kernel : expandIntrinsics(kernel)]),
  );
  const inSteps = (steps: readonly Step[]): Step[] =>
    steps.map((step) =>
      step.kind === 'run'
        ? { ...step, kernel: expanded.get(step.kernel) ?? step.kernel }
        : { ...step, steps: inSteps(step.steps) },
    );
  return {
    ...all,
    kernels: [...expanded.values()],
    entries: entries.map((entry) => ({ ...entry, steps: inSteps(entry.steps) })),
  };
}
