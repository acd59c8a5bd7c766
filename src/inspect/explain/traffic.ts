// What a kernel reads and writes: of each buffer the elements that its nest touches, each once, however often it comes back to them.
import {
  atom,
  axesOf,
  coefficient,
  evaluate,
  evaluateSizes,
  type Atom,
  type Axis,
  type Index,
} from '../../ir/index.js';
import { foldsOf } from '../../ir/nest/strides.js';
import { loadsOf } from '../../ir/loads.js';
import { partsOfNest } from '../../ir/nest/traverse.js';
import type { AnyNest, Nest } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { SizeOf } from '../flops.js';

/** Elements of a buffer that one call touches, and for which result it first does. */
export interface Touched {
  readonly buffer: Buffer;
  readonly elements: number;
  readonly kind: 'read' | 'written';
  readonly result: Buffer;
}

/** An address in numbers: how far it moves along each axis, and where it starts. */
interface Site {
  /** Smallest first. Absent where it is no affine function of the axes. */
  readonly steps?: readonly Step[];
  readonly start: number;
  /** How many values the axes have together. */
  readonly places: number;
}

interface Step {
  readonly stride: number;
  readonly extent: number;
}

/** What one call of the nest's kernel touches. What rows have for themselves, and what a kernel stages, never leaves it. */
export function touchedBy(nest: AnyNest, sizeOf: SizeOf): Touched[] {
  const own = new Set(nest.kind === 'rows' ? nest.rowLocal : []);
  const sites = new Map<string, { buffer: Buffer; kind: Touched['kind']; result: Buffer; sites: Site[] }>();
  const ids = new Map<Buffer, number>();
  const touch = (buffer: Buffer, kind: Touched['kind'], result: Buffer, site: Site): void => {
    if (own.has(buffer)) return;
    ids.set(buffer, ids.get(buffer) ?? ids.size);
    const key = `${kind} ${ids.get(buffer)}`;
    const known = sites.get(key) ?? { buffer, kind, result, sites: [] };
    known.sites.push(site);
    sites.set(key, known);
  };
  for (const part of partsOfNest(nest)) {
    const bound = boundIn(part, nest);
    for (const { to, at, value } of part.stores) {
      for (const { from, at: place } of loadsOf(value)) touch(from, 'read', to, siteOf(place, bound, sizeOf));
      touch(to, 'written', to, siteOf(at, bound, sizeOf));
    }
  }
  return [...sites.values()].map(({ buffer, kind, result, sites: all }) => {
    const length = evaluate(buffer.length, valueIn(sizeOf));
    return { buffer, kind, result, elements: Math.min(length, union(all)) };
  });
}

/** The axes that the part goes over; those of loops around calls stand still. */
function boundIn(part: Nest, nest: AnyNest): ReadonlySet<Axis> {
  return new Set([...part.axes, ...(nest.kind === 'rows' ? [nest.row] : []), ...foldsOf(part).flatMap((f) => f.over)]);
}

function valueIn(sizeOf: SizeOf): (part: Atom) => number {
  return (part) => (part.kind === 'axis' || part.kind === 'element' ? 0 : evaluateSizes(atom(part), sizeOf));
}

function siteOf(at: Index, bound: ReadonlySet<Axis>, sizeOf: SizeOf): Site {
  const value = valueIn(sizeOf);
  const axes = [...axesOf(at)].filter((axis) => bound.has(axis));
  const extents = axes.map(({ extent }) => Math.max(1, evaluate(extent, value)));
  const places = extents.reduce((n, extent) => n * extent, 1);
  const strides = axes.map((axis) => coefficient(at, axis));
  const isAffine = strides.every((stride) => stride && axesOf(stride).size === 0) && !hasOpaque(at);
  if (!isAffine) return { start: 0, places };
  const steps = strides
    .map((stride, i): Step => ({ stride: stride ? Math.abs(evaluate(stride, value)) : 0, extent: extents[i] }))
    .filter(({ stride, extent }) => stride > 0 && extent > 1)
    .sort((a, b) => a.stride - b.stride);
  return { steps, start: evaluate(at, value), places };
}

/** Does it hold elements of other buffers, or quotients? */
function hasOpaque(at: Index): boolean {
  return at.terms.some(({ atoms }) => atoms.some(({ kind }) => kind === 'element' || kind === 'quotient'));
}

/** How many elements the sites touch together: those that differ in where they start alone are one; of others the largest. */
function union(sites: readonly Site[]): number {
  const alike = new Map<string, { readonly steps: readonly Step[]; readonly starts: Set<number> }>();
  let most = 0;
  for (const { steps, start, places } of sites) {
    if (!steps) {
      most = Math.max(most, places);
      continue;
    }
    const key = steps.map(({ stride, extent }) => `${stride}x${extent}`).join(' ');
    const known = alike.get(key) ?? { steps, starts: new Set<number>() };
    known.starts.add(start);
    alike.set(key, known);
  }
  for (const { steps, starts } of alike.values()) most = Math.max(most, together(steps, [...starts]));
  return most;
}

function together(steps: readonly Step[], starts: readonly number[]): number {
  const [first, ...others] = [...starts].sort((a, b) => a - b);
  if (others.length === 0) return distinct(steps);
  const stride = others[0] - first;
  const even = others.every((start, i) => start === first + (i + 1) * stride);
  if (!even) return starts.length * distinct(steps);
  return distinct([...steps, { stride, extent: starts.length }].sort((a, b) => a.stride - b.stride));
}

/** How many different sums of steps there are: steps that reach no further than what is there already make one run of it. */
function distinct(steps: readonly Step[]): number {
  let count = 1;
  let run = { unit: 1, length: 1 };
  for (const { stride, extent } of steps) {
    if (run.length === 1) run = { unit: stride, length: extent };
    else if (stride % run.unit === 0 && stride <= run.unit * run.length)
      run = { unit: run.unit, length: run.length + ((extent - 1) * stride) / run.unit };
    else {
      count *= run.length;
      run = { unit: stride, length: extent };
    }
  }
  return count * run.length;
}
