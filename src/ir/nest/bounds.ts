// Whether the addresses of a nest lie within their buffers: proved where that can be done, else tried at places of the nest.
import { evaluate, type Atom, type Axis, type Index, type Range } from '../index.js';
import { printAddress } from '../printProgram.js';
import type { AnyNest } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';
import { elementsOf } from '../walk.js';
import { loadsOf } from '../loads.js';
import { partsOfNest } from './traverse.js';

/** What each run-time size is. */
export type Sizes = (name: string) => number;

/** Which place of an axis is tried, of so many. */
const places: readonly ((extent: number, number: number) => number)[] = [
  () => 0,
  (extent) => extent - 1,
  (extent, number) => (number % 2 === 0 ? 0 : extent - 1),
  (extent, number) => (number % 2 === 0 ? extent - 1 : 0),
  (extent) => extent >> 1,
  (extent, number) => (7 * number + 3) % extent,
];

/** Addresses outside their buffers, a sentence each: what is loaded or stored at some place, whatever conditions guard it. */
export function faultsOfBounds(nest: AnyNest, sizes: readonly Sizes[]): string[] {
  const parts = partsOfNest(nest);
  const lengths = new Map<string, { readonly at: Index; readonly length: Index }>();
  const collect = ({ length }: Buffer, at: Index): void =>
    void lengths.set(`${at.key} < ${length.key}`, { at, length });
  for (const { stores } of parts)
    for (const { to, at, value } of stores) {
      collect(to, at);
      for (const load of loadsOf(value)) collect(load.from, load.at);
    }
  const accesses = [...lengths.values()];
  const doubtful = sizes.filter((size) => {
    const range = createRanges(size);
    return !accesses.every(({ at, length }) => {
      const { min, max } = range(at);
      return min >= 0 && max < range(length).min;
    });
  });
  const faults = new Map<string, string>();
  for (const size of doubtful)
    for (const pattern of places.keys()) {
      const trial = createTrial(size, pattern, (buffer, at, where) => {
        const text = `${buffer.name}[${printAddress(at)}]`;
        if (!faults.has(text)) faults.set(text, `${text} is at ${where}, outside its buffer`);
      });
      for (const { axes, stores } of parts) {
        if (trial.isEmpty(axes)) continue;
        for (const { to, at, value } of stores) {
          trial.value(value);
          trial.access(to, at);
        }
      }
    }
  return [...faults.values()];
}

/** Between which numbers an index lies where run-time sizes are these: just so where every axis occurs once. */
function createRanges(size: Sizes): (index: Index) => Range {
  const known = new Map<Axis, number>();
  const last = (axis: Axis): number => {
    let found = known.get(axis);
    if (found === undefined) known.set(axis, (found = Math.max(0, range(axis.extent).max - 1)));
    return found;
  };
  const atomRange = (part: Atom): Range => {
    switch (part.kind) {
      case 'axis':
        return { min: 0, max: last(part) };
      case 'size': {
        const value = size(part.name);
        return { min: value, max: value };
      }
      case 'quotient': {
        const [of, by] = [range(part.of), range(part.by)];
        return { min: Math.floor(Math.max(0, of.min) / by.max), max: Math.floor(of.max / Math.max(1, by.min)) };
      }
      case 'element':
        return { min: 0, max: part.of.below === undefined ? Infinity : part.of.below - 1 };
      default:
        return part satisfies never;
    }
  };
  const range = ({ terms }: Index): Range => {
    let [min, max] = [0, 0];
    for (const { factor, atoms } of terms) {
      // No atom is negative.
      let [low, high] = [1, 1];
      for (const part of atoms) {
        const { min: least, max: most } = atomRange(part);
        low *= least;
        high = most === 0 ? 0 : high * most;
      }
      min += factor > 0 ? factor * low : factor * high;
      max += factor > 0 ? factor * high : factor * low;
    }
    return { min, max };
  };
  return range;
}

/**
 * Computes what can be told of values at one place of all axes: coordinates, and conditions over them. What depends on data is not
 * known; of what a condition guards that is not known, nothing is tried.
 */
function createTrial(size: Sizes, pattern: number, outside: (buffer: Buffer, at: Index, where: number) => void) {
  const known = new Map<string, number | undefined>();
  const positions = new Map<Axis, number>();

  const position = (axis: Axis): number | undefined => {
    const before = positions.get(axis);
    if (before !== undefined) return before;
    const extent = address(axis.extent);
    if (extent === undefined || extent < 1) return undefined;
    const at = places[pattern](extent, positions.size);
    positions.set(axis, at);
    return at;
  };

  const isEmpty = (axes: readonly Axis[]): boolean => axes.some((axis) => (address(axis.extent) ?? 1) < 1);

  const atomValue = (part: Atom): number | undefined => {
    switch (part.kind) {
      case 'axis':
        return position(part);
      case 'size':
        return size(part.name);
      case 'quotient': {
        const [of, by] = [address(part.of), address(part.by)];
        return of === undefined || by === undefined ? undefined : Math.floor(of / by);
      }
      case 'element': {
        const found = value(part.of);
        if (found !== undefined || part.of.below === undefined) return found;
        return pattern % 2 === 0 ? 0 : part.of.below - 1;
      }
      default:
        return part satisfies never;
    }
  };

  /** NaN stands for what is not known. */
  const address = (index: Index): number | undefined => {
    const found = evaluate(index, (part) => atomValue(part) ?? NaN);
    return Number.isNaN(found) ? undefined : found;
  };

  const access = (buffer: Buffer, index: Index): void => {
    for (const element of elementsOf(index)) value(element);
    const [at, end] = [address(index), address(buffer.length)];
    if (at !== undefined && end !== undefined && (at < 0 || at >= end)) outside(buffer, index, at);
  };

  const value = (of: Scalar): number | undefined => {
    if (known.has(of.key)) return known.get(of.key);
    const found = compute(of);
    known.set(of.key, found);
    return found;
  };

  const compute = (of: Scalar): number | undefined => {
    switch (of.kind) {
      case 'number':
        return of.value;
      case 'index':
        for (const element of elementsOf(of.of)) value(element);
        return address(of.of);
      case 'load':
        access(of.from, of.at);
        return undefined;
      case 'apply':
        return applied(of);
      case 'fold':
        if (!isEmpty(of.over)) value(of.body);
        return undefined;
      case 'splat':
      case 'lane':
        value(of.of);
        return undefined;
      case 'local':
        return undefined;
      default:
        return of satisfies never;
    }
  };

  const applied = ({ op, args }: Scalar & { readonly kind: 'apply' }): number | undefined => {
    const first = value(args[0]);
    if (op === 'select') return first === undefined ? undefined : value(args[first === 1 ? 1 : 2]);
    if (op === 'and') return first === 1 ? value(args[1]) : first;
    if (op === 'or') return first === 0 ? value(args[1]) : first;
    const others = args.slice(1).map(value);
    if (first === undefined || others.includes(undefined)) return undefined;
    return arithmetic[op]?.(first, others[0] ?? 0);
  };

  return { value, access, isEmpty };
}

/** What addresses and the conditions that guard them are made of. */
const arithmetic: Partial<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  min: Math.min,
  max: Math.max,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  not: (a) => 1 - a,
  neg: (a) => -a,
  floor: Math.floor,
  f32: (a) => a,
};
