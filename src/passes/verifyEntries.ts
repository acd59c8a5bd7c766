// What must hold of entries on their way from nests to kernels: each nest, each plan, each kernel, and the order in which they run.
import type { EntryNests, Nests, Signature } from './entries.js';
import { draftedNests } from './fuse/fuse.js';
import type { Axis } from '../ir/index.js';
import type { ModelGraph } from '../ir/model.js';
import type { Sizes } from '../ir/nest/bounds.js';
import { linksOfNest } from '../ir/nest/links.js';
import { faultsOfNest, faultsOfOverwriting } from '../ir/nest/verifyNest.js';
import type { AnyNest, Work } from '../ir/program.js';
import { conditionsOf, holdsAt } from '../ir/requirements.js';
import { mapRuns, runsOf } from '../ir/runs.js';
import type { Buffer } from '../ir/scalar.js';
import { faultsOfOrder, type Access } from '../ir/verifyOrder.js';

/** A nest on its way, and what its parameters stand for. */
interface Running {
  readonly kind: 'run';
  readonly nest: AnyNest;
  readonly host: boolean;
  readonly given?: ReadonlyMap<Buffer, Buffer>;
  readonly numbers?: ReadonlyMap<Axis, number>;
}

/** What is wrong with nests, a sentence each. */
export function verifyNests({ derived, entries }: Nests): string[] {
  const sizes = sizesFor(derived.model);
  return entries.flatMap((entry) => {
    const work = workOf(entry);
    const ordered = entry.calls !== undefined || entry.fusion.ordered === true;
    const faults = ordered
      ? [...faultsOfNests(work, sizes), ...faultsOfNests(work), ...faultsOfEntry(entry, work)]
      : faultsOfNests(work, sizes);
    return faults.map((fault) => `${entry.name}: ${fault}`);
  });
}

/** Until entries are united, which nests share a loop is a list: its nests are written, and verified as such, when they are. */
function workOf({ fusion, calls }: EntryNests): Work<Running>[] {
  if (!calls) return draftedNests(fusion);
  return mapRuns(calls, ({ unit, ...call }): Running[] => [{ ...call, nest: unit.nest, host: unit.host }]);
}

/** Of each nest, by itself; without sizes, whether it overwrites what it reads. */
function faultsOfNests(
  work: readonly Work<Running>[],
  sizes?: readonly Sizes[],
  around: readonly Axis[] = [],
): string[] {
  return work.flatMap((step) => {
    if (step.kind === 'repeat') return faultsOfNests(step.steps, sizes, [...around, step.axis]);
    const outer = new Set([...around, ...(step.numbers?.keys() ?? [])]);
    return sizes ? faultsOfNest(step.nest, outer, sizes) : faultsOfOverwriting(step.nest, outer);
  });
}

/** JavaScript computes what depends on counters alone, before all else; the rest runs in its order. */
function faultsOfEntry({ results }: Pick<Signature, 'results'>, work: readonly Work<Running>[]): string[] {
  const links = new Map(runsOf(work).map((run) => [run, linksOfNest(run.nest)]));
  const onHost = new Set<Buffer>();
  for (const [{ host }, { writes }] of links) if (host) for (const buffer of writes) onHost.add(buffer);
  const reachable = (buffer: Buffer): boolean =>
    buffer.space === 'counter' || buffer.space === 'constant' || onHost.has(buffer);
  const faults = [...links].flatMap(([{ host, nest }, { reads }]) =>
    [...(host ? reads : [])].flatMap((buffer) =>
      reachable(buffer) ? [] : [`${nest.name}: runs on the host, and reads ${buffer.name}`],
    ),
  );
  const accesses = mapRuns(work, (run): Access[] => {
    const { reads, writes } = links.get(run) ?? linksOfNest(run.nest);
    const actual = (buffers: ReadonlySet<Buffer>): Buffer[] => [...buffers].map((b) => run.given?.get(b) ?? b);
    return [{ kind: 'run', name: run.nest.name, reads: actual(reads), writes: actual(writes) }];
  });
  return [...faults, ...faultsOfOrder(accesses, results)];
}

/** Run-time sizes at which addresses are tried: one, few, and each another; as far as the model allows them. */
function sizesFor(model: ModelGraph): Sizes[] {
  const conditions = conditionsOf(model);
  const ranks = new Map<string, number>();
  const rank = (name: string): number => {
    if (!ranks.has(name)) ranks.set(name, ranks.size);
    return ranks.get(name) ?? 0;
  };
  const all: readonly Sizes[] = [() => 1, () => 7, (name) => 16 + 5 * rank(name)];
  return all.filter((sizes) => conditions.every((condition) => holdsAt(condition, sizes)));
}
