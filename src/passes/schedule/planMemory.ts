// Where every buffer lives: one arena with reuse, planned at compile time, in words that may depend on run-time sizes.
import { add, constant, constantOf, div, mul, rangeOf, sub, zero, type Index } from '../../ir/index.js';
import type { Entry, Kernel, MemoryPlan, Run, Step, TargetTraits } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { visitStatements } from '../../ir/statements.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';

interface Interval {
  readonly from: number;
  to: number;
}

/** Places of one length. */
interface Shelf {
  readonly length: Index;
  readonly slots: Slot[];
  /** Whether a buffer of the length with this key fits. */
  readonly fits: Map<string, boolean>;
}

/** When a place is taken, in order. */
type Slot = Interval[];

/** One memory for all buffers, or one for floats and one for integers. */
export function planMemory(
  entries: readonly Entry[],
  all: readonly Buffer[],
  target: TargetTraits,
  estimate: Estimate,
): MemoryPlan {
  if (!target.typedMemory) return planOne(entries, all, target, estimate, () => true);
  const [floats, integers] = [true, false].map((of) =>
    planOne(entries, all, target, estimate, (b) => (b.dtype === 'f32') === of),
  );
  const offsets = new Map([...floats.offsets, ...integers.offsets]);
  return { offsets, length: floats.length, integers: integers.length };
}

/**
 * Buffers whose lifetimes are apart share a place. Entries never run at once, so they follow one another on one time line.
 * Invariant: two buffers that live at the same time never overlap.
 */
function planOne(
  entries: readonly Entry[],
  all: readonly Buffer[],
  target: TargetTraits,
  estimate: Estimate,
  holds: (buffer: Buffer) => boolean,
): MemoryPlan {
  const offsets = new Map<Buffer, Index>();
  let length = zero;
  const place = (buffer: Buffer, size: Index): void => {
    offsets.set(buffer, length);
    length = add(length, size);
  };
  if (target.flatMemory) {
    const fixed = all.filter((b) => holds(b) && !['arena', 'scratch', 'workgroup'].includes(b.space));
    const persistent = fixed.filter((b) => b.space !== 'input');
    for (const buffer of [...persistent, ...fixed.filter((b) => b.space === 'input')])
      place(buffer, aligned(buffer.length));
  }
  const lifetimes = lifetimesOf(entries);
  const shelves: Shelf[] = [];
  const slotOf = new Map<Buffer, Slot>();
  const planned = [...lifetimes.keys()]
    .filter(holds)
    .sort((a, b) => estimated(b.length, estimate) - estimated(a.length, estimate));
  for (const buffer of planned) {
    const wanted = lifetimes.get(buffer) ?? [];
    const slot = freeSlot(shelves, buffer, wanted) ?? newSlot(shelves, aligned(buffer.length));
    for (const interval of wanted) slot.splice(position(slot, interval), 0, interval);
    slotOf.set(buffer, slot);
  }
  // Slots of fixed size first, so that few offsets depend on run-time sizes.
  const inOrder = [...shelves].sort(
    (a, b) => Number(constantOf(a.length) === undefined) - Number(constantOf(b.length) === undefined),
  );
  const starts = new Map<Slot, Index>();
  for (const shelf of inOrder)
    for (const slot of shelf.slots) {
      starts.set(slot, length);
      length = add(length, shelf.length);
    }
  for (const [buffer, slot] of slotOf) offsets.set(buffer, starts.get(slot) ?? zero);
  return { offsets, length };
}

/** The smallest that fits and is free meanwhile. Buffers come largest first, so the last shelf has the smallest. */
function freeSlot(shelves: readonly Shelf[], buffer: Buffer, wanted: readonly Interval[]): Slot | undefined {
  for (const shelf of [...shelves].reverse()) {
    const slot =
      fits(shelf, buffer) && shelf.slots.find((taken) => wanted.every((interval) => isFree(taken, interval)));
    if (slot) return slot;
  }
  return undefined;
}

function newSlot(shelves: Shelf[], length: Index): Slot {
  let shelf = shelves.find((s) => s.length.key === length.key);
  if (!shelf) shelves.push((shelf = { length, slots: [], fits: new Map() }));
  const slot: Slot = [];
  shelf.slots.push(slot);
  return slot;
}

function isFree(taken: Slot, interval: Interval): boolean {
  const at = position(taken, interval);
  return (at === 0 || taken[at - 1].to < interval.from) && (at === taken.length || taken[at].from > interval.to);
}

/** How many of the slot's times begin before the interval. */
function position(taken: Slot, { from }: Interval): number {
  let [low, high] = [0, taken.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (taken[middle].from < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Multiples of four words: vectors are loaded from aligned addresses. */
function aligned(length: Index): Index {
  return mul(4, div(add(length, 3), constant(4)));
}

function fits(shelf: Shelf, { length }: Buffer): boolean {
  let known = shelf.fits.get(length.key);
  if (known === undefined) {
    known = rangeOf(sub(shelf.length, aligned(length))).min >= 0;
    shelf.fits.set(length.key, known);
  }
  return known;
}

/** When arena and scratch buffers are in use. What an entry reports lives until its end. */
function lifetimesOf(entries: readonly Entry[]): Map<Buffer, Interval[]> {
  const lifetimes = new Map<Buffer, Interval[]>();
  let now = 0;
  for (const entry of entries) {
    const here = new Map<Buffer, Interval>();
    const use = (buffer: Buffer): void => {
      if (buffer.space !== 'arena' && buffer.space !== 'scratch') return;
      const known = here.get(buffer);
      if (known) known.to = now;
      else here.set(buffer, { from: now, to: now });
    };
    const useIn = (run: Run): void => {
      const { scratch, sharing } = run.kernel;
      // What a kernel of several calls has for itself is needed during each of them alone.
      const own = new Set(run.given && [...scratch, ...(sharing?.own ?? [])]);
      for (const buffer of buffersOf(run.kernel)) {
        if (!own.has(buffer)) use(actualOf(run, buffer));
        else lifetimes.set(buffer, [...(lifetimes.get(buffer) ?? []), { from: now, to: now }]);
      }
    };
    const walk = (steps: readonly Step[]): void => {
      for (const step of steps) {
        now++;
        if (step.kind === 'run') useIn(step);
        else {
          // What a loop uses lives through all of it.
          const buffers = new Set(runsOf(step.steps).flatMap((run) => [...buffersOfRun(run)]));
          for (const buffer of buffers) use(buffer);
          walk(step.steps);
          now++;
          for (const buffer of buffers) use(buffer);
        }
      }
    };
    walk(entry.steps);
    now++;
    for (const { buffer } of entry.results) use(buffer);
    for (const [buffer, interval] of here) lifetimes.set(buffer, [...(lifetimes.get(buffer) ?? []), interval]);
  }
  return lifetimes;
}

/** What a call reads or writes, in the order of its kernel's text. */
export function buffersOfRun(run: Run): Buffer[] {
  return [...buffersOf(run.kernel)].map((buffer) => actualOf(run, buffer));
}

const known = new WeakMap<Kernel, ReadonlySet<Buffer>>();

/** Every buffer that a kernel reads or writes, in the order in which its text names them. */
export function buffersOf(kernel: Kernel): ReadonlySet<Buffer> {
  let found = known.get(kernel);
  if (!found) {
    const into = new Set<Buffer>();
    visitStatements(kernel.body, {
      statement(s) {
        if (s.kind === 'store') into.add(s.to);
      },
      scalar(value) {
        if (value.kind === 'load') into.add(value.from);
      },
    });
    for (const buffer of kernel.scratch) into.add(buffer);
    known.set(kernel, (found = into));
  }
  return found;
}
