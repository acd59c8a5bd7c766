// Lowering for targets with workgroups: which thread computes which elements, and what threads of a group tell one another.
import { add, axis as newAxis, constantOf, div, mul, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { AnyNest, Kernel, Nest, Rows, Statement, TargetTraits } from '../../../ir/program.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../../ir/rewrite.js';
import { load, type Buffer, type Scalar } from '../../../ir/scalar.js';
import type { NestPlan, SharedPart, WorkPlan } from '../../../ir/nest/plans.js';
import { storesInQuads } from '../../../ir/nest/quads.js';
import { reshape } from '../../../ir/nest/reshape.js';
import type { Indices } from './loops.js';
import { namesIn } from '../../../ir/nest/traverse.js';
import { rowLets } from './rowLets.js';
import { bufferNames, Names } from './names.js';
import { writeNest } from './nest.js';
import { writeRun, writeSharedRun } from './ordered.js';
import { bindAxes, together } from './indices.js';
import { writeScatterThreads } from './scatterThreads.js';
import { writeShares } from './shares.js';
import { writeStores, writeTiled } from './tiles.js';
import { Writer } from './writer.js';

export function lowerWork(nest: AnyNest, plan: WorkPlan, { blocks }: TargetTraits): Kernel {
  const { name, provenance } = nest;
  const text = { name, plan: plan.text, provenance };
  const { buffers, sizes } = namesIn(nest);
  const lets = nest.kind === 'rows' && plan.kind === 'threads' ? rowLets(nest, plan.parts) : new Set<Buffer>();
  for (const buffer of lets) buffers.delete(buffer);
  const writer = new Writer(new Names([...bufferNames(buffers), ...sizes]), blocks);
  const task = { writer, nest: nest.kind === 'rows' ? moveLocals(nest, plan, lets) : { nest, scratch: [] } };
  const written = write(task, plan, lets);
  return {
    ...text,
    body: writer.close(),
    scratch: written.scratch,
    grid: [written.groups],
    threads: [written.threads],
  };
}

function write(task: Task, plan: WorkPlan, lets: ReadonlySet<Buffer>): Written {
  switch (plan.kind) {
    case 'threads':
      return writeThreads(task, plan, lets);
    case 'groups':
      return writeGroups(task, plan);
    case 'ordered':
      return writeOrderedRuns(task, plan);
    case 'scatter':
      return writeScatterThreads(task.writer, plainNest(task), plan);
    case 'tiles':
      return writeTiled(task.writer, plainNest(task), plan);
    default:
      return plan satisfies never;
  }
}

function plainNest({ nest: { nest } }: Task): Nest {
  if (nest.kind !== 'nest') throw new Error(`${nest.name}: a plan for a nest, and it is rows`);
  return nest;
}

interface Task {
  readonly writer: Writer;
  /** With the row buffers where the plan wants them. */
  readonly nest: { readonly nest: Nest | Rows; readonly scratch: readonly Buffer[] };
}

interface Written {
  readonly groups: Index;
  readonly threads: number;
  readonly scratch: readonly Buffer[];
}

/** A thread for each element, or each row. */
function writeThreads(
  { writer, nest: { nest, scratch } }: Task,
  { parts, threads, quads }: Extract<WorkPlan, { kind: 'threads' }>,
  lets: ReadonlySet<Buffer>,
): Written {
  const axes = nest.kind === 'rows' ? [nest.row] : parts[0].loops.map((l) => l.axis);
  if (nest.kind === 'nest' && axes.length === 0) {
    writeNest(writer, nest, parts[0]);
    return { groups: toIndex(1), threads, scratch };
  }
  if (nest.kind === 'nest' && quads) return writeQuads(writer, reshape(nest, parts[0].shape), axes, quads, threads);
  const [place] = writer.open(together(axes));
  const outer = bindAxes(writer, axes, place);
  if (nest.kind === 'nest') writeNest(writer, nest, { ...parts[0], loops: [] }, outer);
  else writeParts(writer, nest, (part, i, made) => writeNest(writer, part, parts[i], outer, lets, made));
  const body = writer.close();
  writer.push({ kind: 'loop', axis: place, to: place.extent, step: 1, as: 'thread', body });
  return { groups: groupsOf(place.extent, threads), threads, scratch };
}

/** A thread for each run along the ordered axis, or a workgroup. */
function writeOrderedRuns(task: Task, { axes, threads, by }: Extract<WorkPlan, { kind: 'ordered' }>): Written {
  const [{ writer }, nest] = [task, plainNest(task)];
  const [place] = writer.open(together(axes));
  const places = bindAxes(writer, axes, place);
  if (by === 'thread') {
    writeRun(writer, nest, places);
    const body = writer.close();
    writer.push({ kind: 'loop', axis: place, to: place.extent, step: 1, as: 'thread', body });
    return { groups: groupsOf(place.extent, threads), threads, scratch: task.nest.scratch };
  }
  const [thread] = writer.open(newAxis('thread', threads));
  const totals = writeSharedRun(writer, nest, places, thread, threads);
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: place, to: place.extent, step: 1, as: 'group', body });
  return { groups: place.extent, threads, scratch: [...task.nest.scratch, totals] };
}

/** A thread for each four neighbours along the last of the axes. */
function writeQuads(writer: Writer, nest: Nest, axes: readonly Axis[], last: Axis, threads: number): Written {
  const stores = storesInQuads(nest, last, new Map());
  if (!stores) throw new Error(`${nest.name} cannot be stored by four`);
  const quad = newAxis(last.name, div(last.extent, toIndex(4)));
  const counted = axes.map((a) => (a === last ? quad : a));
  const [place] = writer.open(together(counted));
  const bound = bindAxes(writer, counted, place);
  const first = mul(bound.get(quad)?.base ?? 0, 4);
  writeStores(writer, stores, new Map([...bound, [last, { base: first, count: 1 }]]));
  const body = writer.close();
  writer.push({ kind: 'loop', axis: place, to: place.extent, step: 1, as: 'thread', body });
  return { groups: groupsOf(place.extent, threads), threads, scratch: [] };
}

function groupsOf(places: Index, threads: number): Index {
  return div(add(places, threads - 1), toIndex(threads));
}

/** After each part that a later one needs: what other threads have stored is there after a barrier. */
function barriersOf(parts: readonly Nest[]): (Statement | undefined)[] {
  const lastUse = new Map<Buffer, number>();
  parts.forEach((part, i) => {
    for (const buffer of namesIn(part).buffers) lastUse.set(buffer, i);
  });
  // Up to which part something of what is stored so far is in use, and something that lies in storage.
  let [used, usedInStorage] = [-1, -1];
  return parts.map((part, i) => {
    for (const { to } of part.stores) {
      used = Math.max(used, lastUse.get(to) ?? -1);
      if (to.space !== 'workgroup') usedInStorage = Math.max(usedInStorage, lastUse.get(to) ?? -1);
    }
    return used > i ? { kind: 'barrier', ...(usedInStorage > i && { storage: true }) } : undefined;
  });
}

/** A workgroup for each row, or each element of a reduction: its threads do the parts together, one after another. */
function writeGroups({ writer, nest: { nest, scratch } }: Task, plan: Extract<WorkPlan, { kind: 'groups' }>): Written {
  const [first] = plan.parts;
  const axes = nest.kind === 'rows' ? [nest.row] : first.plan.loops.map((l) => l.axis);
  const [group] = writer.open(together(axes));
  const outer = bindAxes(writer, axes, group);
  const [thread] = writer.open(newAxis('thread', plan.threads));
  const write = (part: Nest, shared: SharedPart): void => {
    if (shared.kind === 'shares') writeShares(writer, part, shared.plan, outer, thread);
    else writePlaces(writer, part, shared.plan, outer, thread);
  };
  if (nest.kind === 'nest') write(nest, first);
  else {
    const barriers = barriersOf(nest.parts);
    writeParts(writer, nest, (part, i) => {
      write(part, plan.parts[i]);
      const barrier = barriers[i];
      if (barrier) writer.push(barrier);
    });
  }
  const inGroup = writer.close();
  writer.push({ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body: inGroup });
  const body = writer.close();
  writer.push({ kind: 'loop', axis: group, to: group.extent, step: 1, as: 'group', body });
  return { groups: group.extent, threads: plan.threads, scratch };
}

/** Each part in a scope of its own; what it has made of lets stays visible to those after it. */
function writeParts(
  writer: Writer,
  nest: Rows,
  write: (part: Nest, i: number, made: Map<string, Scalar>) => void,
): void {
  for (const part of nest.parts) for (const { to } of part.stores) writer.pins.set(to, writer.depth + 1);
  nest.parts.forEach((part, i) => {
    const made = new Map<string, Scalar>();
    writer.open();
    write(part, i, made);
    writer.flatten();
    for (const [key, value] of made) writer.remember(writer.depth, key, value);
  });
}

/** The elements of a part, each thread taking every so many-th. */
function writePlaces(
  writer: Writer,
  part: Nest,
  plan: NestPlan,
  outer: ReadonlyMap<Axis, Indices>,
  thread: Axis,
): void {
  const axes = plan.loops.map((l) => l.axis);
  const whole = together(axes);
  const known = constantOf(whole.extent);
  const threads = constantOf(thread.extent) ?? 1;
  const inside = (place: Axis): void => {
    const inner = bindAxes(writer, axes, place);
    writeNest(writer, part, { ...plan, loops: [] }, new Map([...outer, ...inner]));
  };
  if (known !== undefined && known <= threads) {
    writer.open();
    inside(writer.index(writer.depth, `place ${thread.id}`, whole.name, toIndex(thread), whole.extent));
    const body = writer.close();
    writer.push({ kind: 'if', less: [toIndex(thread), whole.extent], then: body, else: [] });
    return;
  }
  const [place] = writer.open(whole);
  inside(place);
  const body = writer.close();
  const step = { from: toIndex(thread), to: whole.extent, step: threads };
  writer.push({ kind: 'loop', axis: place, ...step, as: 'serial', body });
}

/** The rows with their own buffers in the workgroup's memory, or with a row for each in the arena. */
function moveLocals(nest: Rows, plan: WorkPlan, lets: ReadonlySet<Buffer>): Task['nest'] {
  const inGroup = plan.kind === 'groups' && plan.local === 'workgroup';
  const moved = new Map<Buffer, Buffer>();
  for (const small of nest.rowLocal) {
    if (lets.has(small)) continue;
    const space = inGroup ? 'workgroup' : 'scratch';
    moved.set(small, { ...small, space, length: inGroup ? small.length : mul(small.length, nest.row.extent) });
  }
  if (moved.size === 0) return { nest, scratch: [] };
  const place = (small: Buffer, at: Index): Index => (inGroup ? at : add(mul(toIndex(nest.row), small.length), at));
  const rewrite: Rewrite = {
    scalar: (value) => {
      const to = value.kind === 'load' ? moved.get(value.from) : undefined;
      return value.kind === 'load' && to ? load(to, place(value.from, rewriteIndex(value.at, rewrite))) : undefined;
    },
  };
  const parts = nest.parts.map((part): Nest => ({
    ...part,
    stores: part.stores.map(({ to, at, value }) => {
      const into = moved.get(to);
      return { to: into ?? to, at: into ? place(to, at) : at, value: rewriteScalar(value, rewrite) };
    }),
  }));
  return { nest: { ...nest, parts }, scratch: [...moved.values()] };
}
