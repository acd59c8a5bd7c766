// Whether the addresses of a nest lie within their buffers: proved where that can be done, else tried at iterations of the nest.
import { evaluate, type Atom, type Axis, type Index, type Range } from '../index.js';
import { printAddress } from '../printProgram.js';
import type { AnyNest } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';
import { elementsOf } from '../walk.js';
import { loadsOf } from '../loads.js';
import { partsOfNest } from './traverse.js';

/** What each run-time size is. */
export type Sizes = (name: string) => number;

/** Which index of an axis is tried, of so many. */
const trials: readonly ((extent: number, number: number) => number)[] = [
  () => 0,
  (extent) => extent - 1,
  (extent, number) => (number % 2 === 0 ? 0 : extent - 1),
  (extent, number) => (number % 2 === 0 ? extent - 1 : 0),
  (extent) => extent >> 1,
  (extent, number) => (7 * number + 3) % extent,
];

/** Addresses outside their buffers, a sentence each: what is loaded or stored in some iteration, whatever conditions guard it. */
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
    for (const pattern of trials.keys()) {
      const trial = new Trial(size, pattern, (buffer, at, where) => {
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
      case 'sum':
        return range(part.of);
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
class Trial {
  private readonly known = new Map<string, number | undefined>();
  private readonly positions = new Map<Axis, number>();

  /** `outside` is told of each address that is outside its buffer. */
  constructor(
    private readonly size: Sizes,
    private readonly pattern: number,
    private readonly outside: (buffer: Buffer, at: Index, where: number) => void,
  ) {}

  isEmpty(axes: readonly Axis[]): boolean {
    return axes.some((axis) => (this.address(axis.extent) ?? 1) < 1);
  }

  access(buffer: Buffer, index: Index): void {
    for (const element of elementsOf(index)) this.value(element);
    const [at, end] = [this.address(index), this.address(buffer.length)];
    if (at !== undefined && end !== undefined && (at < 0 || at >= end)) this.outside(buffer, index, at);
  }

  value(of: Scalar): number | undefined {
    if (this.known.has(of.key)) return this.known.get(of.key);
    const found = this.compute(of);
    this.known.set(of.key, found);
    return found;
  }

  private position(axis: Axis): number | undefined {
    const before = this.positions.get(axis);
    if (before !== undefined) return before;
    const extent = this.address(axis.extent);
    if (extent === undefined || extent < 1) return undefined;
    const at = trials[this.pattern](extent, this.positions.size);
    this.positions.set(axis, at);
    return at;
  }

  private atom(part: Atom): number | undefined {
    switch (part.kind) {
      case 'axis':
        return this.position(part);
      case 'size':
        return this.size(part.name);
      case 'sum':
        return this.address(part.of);
      case 'quotient': {
        const [of, by] = [this.address(part.of), this.address(part.by)];
        return of === undefined || by === undefined ? undefined : Math.floor(of / by);
      }
      case 'element': {
        const found = this.value(part.of);
        if (found !== undefined || part.of.below === undefined) return found;
        return this.pattern % 2 === 0 ? 0 : part.of.below - 1;
      }
      default:
        return part satisfies never;
    }
  }

  /** NaN stands for what is not known. */
  private address(index: Index): number | undefined {
    const found = evaluate(index, (part) => this.atom(part) ?? NaN);
    return Number.isNaN(found) ? undefined : found;
  }

  private compute(of: Scalar): number | undefined {
    switch (of.kind) {
      case 'number':
        return of.value;
      case 'index':
        for (const element of elementsOf(of.of)) this.value(element);
        return this.address(of.of);
      case 'load':
        this.access(of.from, of.at);
        return undefined;
      case 'apply':
        return this.applied(of);
      case 'fold':
        if (!this.isEmpty(of.over)) this.value(of.body);
        return undefined;
      case 'splat':
      case 'lane':
        this.value(of.of);
        return undefined;
      case 'local':
        return undefined;
      default:
        return of satisfies never;
    }
  }

  private applied({ op, args }: Scalar & { readonly kind: 'apply' }): number | undefined {
    const first = this.value(args[0]);
    if (op === 'select') return first === undefined ? undefined : this.value(args[first === 1 ? 1 : 2]);
    if (op === 'and') return first === 1 ? this.value(args[1]) : first;
    if (op === 'or') return first === 0 ? this.value(args[1]) : first;
    const others = args.slice(1).map((arg) => this.value(arg));
    if (first === undefined || others.includes(undefined)) return undefined;
    return arithmetic[op]?.(first, others[0] ?? 0);
  }
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
