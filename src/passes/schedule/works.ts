// From the nests of all entries to kernels: what several have in common is made once, planned, and lowered.
import type { EntryNests, Nests, Plant, Signature } from '../entries.js';
import { nestsOf, type Fused } from '../fuse/fuse.js';
import { shapeOfNest } from '../../ir/nest/key.js';
import { unique } from '../unique.js';
import { findCopies, type Copy } from './copies.js';
import { expandIntrinsics } from './expandIntrinsics.js';
import { lower } from './lower/lower.js';
import { plan } from './plan/plan.js';
import { shareFolds } from './plan/shareFolds.js';
import type { PlannedNest } from '../../ir/nest/plans.js';
import type { AnyNest, Kernel, Run, Step, Work } from '../../ir/program.js';
import { mapRuns, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';

/** A nest that becomes one kernel, however many calls there are. Identity is the object. */
export interface Unit {
  readonly nest: AnyNest;
  readonly host: boolean;
}

/** The same with a name of its own, and what was decided about it. */
export interface PlannedUnit {
  readonly nest: PlannedNest;
  readonly host: boolean;
}

/** One call of what becomes a kernel. */
export interface Call<U = Unit> extends Pick<Run, 'given' | 'numbers' | 'copy' | 'provenance'> {
  readonly kind: 'run';
  readonly unit: U;
}

/** What every entry calls, planned. */
export interface Plans extends Plant {
  readonly units: readonly PlannedUnit[];
  readonly entries: readonly (Signature & { readonly calls: readonly Work<Call<PlannedUnit>>[] })[];
}

/** What every entry runs. */
export interface Kernels extends Plant {
  readonly kernels: readonly Kernel[];
  readonly entries: readonly (Signature & { readonly steps: readonly Step[] })[];
}

/** What several entries compute alike is one nest. */
export function uniteNests(nests: Nests): Nests {
  // By the text of the nest, which copies of a layer have in common and is long, and by its buffers.
  const known = new Map<string, Map<string, Unit>>();
  const callOf = ({ nest, host }: Fused): Call => {
    const { text, own } = shapeOfNest(nest);
    const key = `${host ? 'host ' : ''}${own}`;
    const alike = known.get(text) ?? new Map<string, Unit>();
    known.set(text, alike);
    const unit = alike.get(key) ?? { nest, host };
    alike.set(key, unit);
    return { kind: 'run', unit };
  };
  return {
    ...nests,
    entries: nests.entries.map((entry) => ({
      ...entry,
      calls: mapRuns(nestsOf(entry.fusion), (fused) => [callOf(fused)]),
    })),
  };
}

/** Copies of a layer are one nest over parameters. */
export function shareCopies(nests: Nests): Nests {
  const { target, entries } = nests;
  const device = unitsOf(entries).flatMap(({ nest, host }) => (host ? [] : [nest]));
  const copies = findCopies(device, target.parameters ?? 0);
  const shared = new Map<AnyNest, Unit>();
  const callOf = (call: Call, { nest, ...rest }: Copy): Call => {
    const unit = shared.get(nest) ?? { nest, host: call.unit.host };
    shared.set(nest, unit);
    return { kind: 'run', unit, ...rest };
  };
  return withCalls(nests, (call) => {
    const copy = call.unit.host ? undefined : copies.get(call.unit.nest);
    return [copy ? callOf(call, copy) : call];
  });
}

/** Long folds to few elements are two nests: shares of them side by side, and what those come to. */
export function splitFolds(nests: Nests): Nests {
  const { target, estimate } = nests;
  const known = new Map<Unit, readonly Unit[]>();
  return withCalls(nests, (call) => {
    const { unit } = call;
    const parts = known.get(unit) ?? (unit.host ? [unit] : shared(unit));
    known.set(unit, parts);
    const own = parts.length > 1 && call.given ? ownShares(call.given, parts[0]) : undefined;
    return parts.map((part) => ({ ...call, ...(own && { given: own }), unit: part }));
  });

  /** The calls of one kernel each have their own shares: what comes of them can wait. */
  function ownShares(given: ReadonlyMap<Buffer, Buffer>, { nest }: Unit): ReadonlyMap<Buffer, Buffer> {
    const made = nest.kind === 'nest' ? nest.stores.map(({ to }) => to) : [];
    const room = (target.parameters ?? 0) - given.size;
    return made.length > room ? given : new Map([...given, ...made.map((to) => [to, { ...to }] as const)]);
  }

  function shared(unit: Unit): Unit[] {
    const parts = shareFolds(unit.nest, target, estimate);
    return parts.length === 1 ? [unit] : parts.map((nest) => ({ ...unit, nest }));
  }
}

function withCalls(nests: Nests, change: (call: Call) => readonly Call[]): Nests {
  return { ...nests, entries: nests.entries.map((entry) => ({ ...entry, calls: mapRuns(entry.calls ?? [], change) })) };
}

function unitsOf(entries: readonly EntryNests[]): Unit[] {
  return [...new Set(entries.flatMap(({ calls = [] }) => runsOf(calls).map(({ unit }) => unit)))];
}

/** Gives each nest a name that no other has, and chooses its loops: tiles, staging, lanes, or what threads of a workgroup do. */
export function planWorks({ derived, target, estimate, buffers, entries }: Nests): Plans {
  const names = new Set<string>();
  // What JavaScript computes is in no workgroup.
  const onHost = { ...target, workgroups: false };
  const units = new Map(
    unitsOf(entries).map((unit): [Unit, PlannedUnit] => {
      const nest = { ...unit.nest, name: unique(unit.nest.name, names) };
      return [unit, { nest: plan(nest, unit.host ? onHost : target, estimate), host: unit.host }];
    }),
  );
  const list = entries.map(({ name, inputs, results, calls = [] }) => ({
    name,
    inputs,
    results,
    calls: mapRuns(calls, (call): Call<PlannedUnit>[] => {
      const unit = units.get(call.unit);
      return unit ? [{ ...call, unit }] : [];
    }),
  }));
  return { derived, target, estimate, buffers, units: [...units.values()], entries: list };
}

/** Writes each nest as its plan says: loops, lets, ifs and stores. */
export function lowerWorks({ derived, target, estimate, buffers, units, entries }: Plans): Kernels {
  const kernels = new Map(units.map((unit) => [unit, lower(unit.nest, target)]));
  const list = entries.map(({ calls, ...entry }) => {
    const steps = mapRuns(calls, ({ unit, ...of }): Run[] => {
      const kernel = kernels.get(unit);
      return kernel ? [{ ...of, kernel, ...(unit.host && { host: true as const }) }] : [];
    });
    // Host scalars depend on counters alone, so they can come first.
    const isHost = (step: Step): boolean => step.kind === 'run' && step.host === true;
    return { ...entry, steps: [...steps.filter(isHost), ...steps.filter((step) => !isHost(step))] };
  });
  return { derived, target, estimate, buffers, kernels: [...kernels.values()], entries: list };
}

/** Writes exp, log, tanh and the like with arithmetic. */
export function expandFunctions(all: Kernels): Kernels {
  return mapKernels(all, expandIntrinsics);
}

/** Other kernels, but for those that the host runs. */
export function mapKernels(all: Kernels, change: (kernel: Kernel) => Kernel): Kernels {
  const { entries } = all;
  const runs = entries.flatMap((e) => runsOf(e.steps));
  const hosts = new Set(runs.flatMap((run) => (run.host ? [run.kernel] : [])));
  const expanded = new Map(all.kernels.map((kernel) => [kernel, hosts.has(kernel) ? kernel : change(kernel)]));
  const inSteps = (steps: readonly Step[]): Step[] =>
    mapRuns(steps, (run) => [{ ...run, kernel: expanded.get(run.kernel) ?? run.kernel }]);
  return {
    ...all,
    kernels: [...expanded.values()],
    entries: entries.map((entry) => ({ ...entry, steps: inSteps(entry.steps) })),
  };
}
