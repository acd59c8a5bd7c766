// Kernels of workgroups that do not wait for one another, made one: each workgroup belongs to one of them.
import { add, axis, constantOf, sub, toIndex } from '../../ir/index.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';
import type { Kernel, Run, Statement, Step } from '../../ir/program.js';
import { isLanes, type Buffer } from '../../ir/scalar.js';
import { visitStatements } from '../../ir/statements.js';
import { unique } from '../unique.js';
import { accessOfSteps, conflict, withBuffers, type Access } from './order.js';

/** One with more workgroups keeps a processor busy by itself, and gains nothing from another like it. */
const busyGroups = 1_024;
/** So far from one another in the order: what is made earlier than it would be takes memory longer. */
const mostBetween = 8;
/** The text of a kernel grows with each of its parts. */
const mostParts = 4;
/** The memory of a workgroup in elements that are there everywhere, less what totals take. */
const groupMemory = 4_096 - 3 * 256;

type Groups = Extract<Statement, { kind: 'loop' }>;

/** A call that can be a part: lets, and one loop over workgroups. */
interface Part {
  readonly run: Run;
  readonly lets: readonly Statement[];
  readonly loop: Groups;
  readonly threads: number;
  /** Stores nothing but vectors of four outside. */
  readonly vectors: boolean;
  readonly busy: boolean;
}

/** A step in its place, with what is done beside it. */
interface Place {
  readonly step: Step;
  readonly parts: readonly Part[];
  readonly access: Access;
}

/** By the kernels of the parts, what they are together: copies of a layer share it as they share those. */
type Made = Map<string, Kernel>;

/** A call goes to the nearest one before it, or that one to the call, where nothing between waits for either. */
export function gatherGroups(estimate: Estimate, names: Set<string>): (steps: readonly Step[]) => Step[] {
  const made: Made = new Map();
  const numbers = new Map<Kernel, number>();
  const keyOf = (parts: readonly Part[]): string =>
    parts
      .map(({ run: { kernel } }) => {
        const known = numbers.get(kernel) ?? numbers.size;
        numbers.set(kernel, known);
        return known;
      })
      .join(' ');
  const gather = (steps: readonly Step[]): Step[] => {
    const places: Place[] = [];
    for (const step of steps) {
      const inside: Step = step.kind === 'repeat' ? { ...step, steps: gather(step.steps) } : step;
      const part = partOf(step, estimate);
      place(places, { step: inside, parts: part ? [part] : [], access: accessOfSteps([step]) });
    }
    return places.map(({ step, parts }) => (parts.length < 2 ? step : together(parts, keyOf(parts), made, names)));
  };
  return gather;
}

/** Puts it at the end, or beside one that is there. */
function place(places: Place[], one: Place): void {
  const far = Math.max(0, places.length - mostBetween);
  for (let at = places.length - 1; at >= far && one.parts.length > 0; at--) {
    const other = places[at];
    const between = places.slice(at + 1);
    const apart = (a: Place): boolean => between.every((b) => !conflict(a.access, b.access));
    if (conflict(other.access, one.access) || !fit([...other.parts, ...one.parts])) continue;
    const parts = [...other.parts, ...one.parts];
    const both: Place = { step: other.step, parts, access: union(other.access, one.access) };
    if (apart(one)) {
      places[at] = both;
      return;
    }
    if (apart(other)) {
      places.splice(at, 1);
      places.push(both);
      return;
    }
  }
  places.push(one);
}

function union(a: Access, b: Access): Access {
  return { reads: new Set([...a.reads, ...b.reads]), writes: new Set([...a.writes, ...b.writes]) };
}

/** Can these be one kernel, and is there something to gain? */
function fit(parts: readonly Part[]): boolean {
  const [first, ...others] = parts;
  if (others.length === 0) return false;
  return (
    parts.length <= mostParts &&
    others.every(({ threads, vectors }) => threads === first.threads && vectors === first.vectors) &&
    parts.filter(({ busy }) => busy).length <= 1 &&
    new Set(parts.map(({ run: { kernel } }) => kernel)).size === parts.length &&
    inGroup(sharedMemory(parts).scratch).reduce((sum, { length }) => sum + (constantOf(length) ?? Infinity), 0) <=
      groupMemory
  );
}

function partOf(step: Step, estimate: Estimate): Part | undefined {
  if (step.kind !== 'run' || step.host || step.numbers) return undefined;
  const { body, threads, scratch } = step.kernel;
  const loop = body[body.length - 1];
  const lets = body.slice(0, -1);
  if (loop.kind !== 'loop' || loop.as !== 'group' || !threads || lets.some((s) => s.kind !== 'let')) return undefined;
  if (inGroup(scratch).some(({ dtype }) => dtype !== 'f32')) return undefined;
  let [numbers, quads] = [false, false];
  visitStatements(body, {
    statement(s) {
      if (s.kind !== 'store' || s.to.space === 'workgroup') return;
      if (isLanes(s.value)) quads = true;
      else numbers = true;
    },
  });
  const busy = estimated(loop.to, estimate) > busyGroups;
  return { run: step, lets, loop, threads: threads[0], vectors: quads && !numbers, busy };
}

function inGroup(scratch: readonly Buffer[]): Buffer[] {
  return scratch.filter(({ space }) => space === 'workgroup');
}

/** What the parts have in a workgroup's memory is the same memory, for each workgroup is of one part. */
function sharedMemory(parts: readonly Part[]) {
  const shared: Buffer[] = [];
  const others = parts.map(({ run: { kernel } }) => {
    const own = inGroup(kernel.scratch);
    own.forEach((buffer, i) => {
      const room = (b: Buffer | undefined): number => (b && constantOf(b.length)) ?? 0;
      if (room(buffer) > room(shared[i])) shared[i] = { ...buffer };
    });
    return (): Map<Buffer, Buffer> => new Map(own.map((buffer, i) => [buffer, shared[i]]));
  });
  const arena = parts.flatMap(({ run: { kernel } }) => kernel.scratch.filter(({ space }) => space !== 'workgroup'));
  return { scratch: [...shared, ...arena], others };
}

/** The call of one kernel, whose workgroups are each of one of these. */
function together(parts: readonly Part[], key: string, made: Made, names: Set<string>): Run {
  const kernel = made.get(key) ?? kernelOf(parts, names);
  made.set(key, kernel);
  const runs = parts.map(({ run }) => run);
  const given = runs.flatMap((run) => [...(run.given ?? [])]);
  const copies = [...new Set(runs.flatMap(({ copy }) => (copy === undefined ? [] : [copy])))];
  return {
    kind: 'run',
    kernel,
    ...(given.length > 0 && { given: new Map(given) }),
    ...(copies.length > 0 && { copy: copies.join(', ') }),
    ...(runs.some(({ provenance }) => provenance) && { provenance: provenanceOf(runs) }),
  };
}

function provenanceOf(runs: readonly Run[]): Kernel['provenance'] {
  const all = runs.map(({ kernel, provenance = kernel.provenance }) => provenance);
  return {
    ...all[0],
    formulas: all.flatMap((p) => p.formulas),
    sources: all.flatMap((p) => p.sources),
    results: all.flatMap((p) => p.results),
  };
}

function kernelOf(parts: readonly Part[], names: Set<string>): Kernel {
  const { scratch, others } = sharedMemory(parts);
  const extents = parts.map(({ loop }) => loop.to);
  const total = extents.reduce((sum, extent) => add(sum, extent));
  const group = axis('group', total);
  let from = total;
  const body = [...parts.keys()].reverse().reduce<readonly Statement[]>((after, i) => {
    const { lets, loop } = parts[i];
    const end = from;
    from = sub(from, extents[i]);
    const at: Statement = { kind: 'index', axis: loop.axis, value: sub(toIndex(group), from) };
    const own = withBuffers([...lets, at, ...loop.body], others[i]());
    return after.length === 0 ? own : [{ kind: 'if', less: [toIndex(group), end], then: own, else: after }];
  }, []);
  const kernels = parts.map(({ run }) => run.kernel);
  const [first, second] = kernels;
  const rest = kernels.length === 2 ? second.name : `${kernels.length - 1}_more`;
  return {
    name: unique(`${first.name}_and_${rest}`, names),
    body: [{ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body }],
    scratch,
    plan: `side by side: ${kernels.map(({ plan }) => plan).join(' | ')}`,
    provenance: provenanceOf(parts.map(({ run: { kernel } }) => ({ kind: 'run', kernel }))),
    grid: [total],
    threads: [parts[0].threads],
  };
}
