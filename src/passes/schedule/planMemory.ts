// Where every buffer lives: one arena with reuse, planned at compile time, in words that may depend on run-time sizes.
import { add, constant, constantOf, div, mul, rangeOf, sub, zero, type Index } from '../../ir/index.js';
import { memoryOf, type Entry, type MemoryPlan, type TargetTraits } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';
import { lifetimesOf, type Interval } from './lifetimes.js';

/** Memory locations of one length. */
interface Shelf {
  readonly length: Index;
  readonly slots: Slot[];
  /** Whether a buffer of the length with this key fits. */
  readonly fits: Map<string, boolean>;
}

/** When a location is taken, in order. */
type Slot = Interval[];

/** One memory for all buffers, or one for floats and one for integers. */
export function planMemory(
  entries: readonly Entry[],
  all: readonly Buffer[],
  target: TargetTraits,
  estimate: Estimate,
): MemoryPlan {
  if (!target.typedMemory) return planOne(entries, all, target, estimate, () => true);
  const [floats, integers, halves] = (['floats', 'integers', 'halves'] as const).map((of) =>
    planOne(entries, all, target, estimate, (b) => memoryOf(b) === of),
  );
  const offsets = new Map([...floats.offsets, ...integers.offsets, ...halves.offsets]);
  const more = halves.offsets.size > 0 && { halves: halves.length };
  return { offsets, length: floats.length, integers: integers.length, ...more };
}

/**
 * Buffers whose live ranges are apart share a location. Entries never run at once, so they follow one another on one time line.
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
      place(buffer, aligned(roomOf(buffer, target)));
  }
  const lifetimes = lifetimesOf(entries);
  const shelves: Shelf[] = [];
  const slotOf = new Map<Buffer, Slot>();
  const planned = [...lifetimes.keys()]
    .filter(holds)
    .sort((a, b) => estimated(roomOf(b, target), estimate) - estimated(roomOf(a, target), estimate));
  for (const buffer of planned) {
    const wanted = lifetimes.get(buffer) ?? [];
    const slot = freeSlot(shelves, roomOf(buffer, target), wanted) ?? newSlot(shelves, aligned(roomOf(buffer, target)));
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
function freeSlot(shelves: readonly Shelf[], length: Index, wanted: readonly Interval[]): Slot | undefined {
  for (let i = shelves.length - 1; i >= 0; i--)
    if (fits(shelves[i], length)) for (const slot of shelves[i].slots) if (isFree(slot, wanted)) return slot;
  return undefined;
}

function newSlot(shelves: Shelf[], length: Index): Slot {
  let shelf = shelves.find((s) => s.length.key === length.key);
  if (!shelf) shelves.push((shelf = { length, slots: [], fits: new Map() }));
  const slot: Slot = [];
  shelf.slots.push(slot);
  return slot;
}

/** Is the slot free in all of these times? In a deep model there are many slots to ask: most are not, from the first of the times on. */
function isFree(taken: Slot, wanted: readonly Interval[]): boolean {
  for (const interval of wanted) {
    if (taken.length === 0 || taken[taken.length - 1].to < interval.from) continue;
    const at = position(taken, interval);
    if (at > 0 && taken[at - 1].to >= interval.from) return false;
    if (at < taken.length && taken[at].from <= interval.to) return false;
  }
  return true;
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

/** Elements of its own memory, else words: two halves are one. */
function roomOf({ dtype, length }: Buffer, { typedMemory }: TargetTraits): Index {
  return dtype === 'f16' && !typedMemory ? div(add(length, 1), constant(2)) : length;
}

/** Multiples of four words: vectors are loaded from aligned addresses. */
function aligned(length: Index): Index {
  return mul(4, div(add(length, 3), constant(4)));
}

function fits(shelf: Shelf, length: Index): boolean {
  let known = shelf.fits.get(length.key);
  if (known === undefined) {
    known = rangeOf(sub(shelf.length, aligned(length))).min >= 0;
    shelf.fits.set(length.key, known);
  }
  return known;
}
