// Questions about an index: what occurs in it, how it grows along an axis, its range, its value.
import type { Scalar } from '../scalar.js';
import { canonical, constantOf, type Atom, type Axis, type Index, type Term } from './arithmetic.js';

/** Every axis that occurs in the index, also inside quotients (not inside elements' loads: use axesOfScalar). */
export function axesOf(a: Index, into: Set<Axis> = new Set()): Set<Axis> {
  for (const term of a.terms) for (const part of term.atoms) axesOfAtom(part, into);
  return into;
}

const axesUnder = new WeakMap<Atom, ReadonlySet<Axis>>();

function axesOfAtom(part: Atom, into: Set<Axis>): void {
  if (part.kind === 'axis') into.add(part);
  else if (part.kind === 'quotient') {
    let known = axesUnder.get(part);
    if (!known) axesUnder.set(part, (known = axesOf(part.by, axesOf(part.of))));
    for (const axis of known) into.add(axis);
  } else if (part.kind === 'element') scalarAxes(part.of, into);
}

function scalarAxes(value: Scalar, into: Set<Axis>): void {
  if (value.kind === 'index') axesOf(value.of, into);
  else if (value.kind === 'load') axesOf(value.at, into);
  else if (value.kind === 'apply') for (const arg of value.args) scalarAxes(arg, into);
  else if (value.kind === 'fold') {
    const inner = new Set<Axis>();
    scalarAxes(value.body, inner);
    for (const used of inner) if (!value.over.includes(used)) into.add(used);
  }
}

/** Every run-time size named in the index. */
export function sizesOf(a: Index, into: Set<string> = new Set()): Set<string> {
  for (const term of a.terms)
    for (const part of term.atoms) {
      if (part.kind === 'size') into.add(part.name);
      else if (part.kind === 'sum') sizesOf(part.of, into);
      else if (part.kind === 'quotient') {
        sizesOf(part.of, into);
        sizesOf(part.by, into);
      }
    }
  return into;
}

/** The part of the index that multiplies the axis (an index without it); undefined where the axis is under a quotient, an element, or squared. */
export function coefficient(a: Index, of: Axis): Index | undefined {
  const found: Term[] = [];
  for (const { factor, atoms } of a.terms) {
    const at = atoms.indexOf(of);
    if (at >= 0) found.push({ factor, atoms: [...atoms.slice(0, at), ...atoms.slice(at + 1)] });
    if (atoms.some((x, i) => i !== at && (x === of || isHidden(of, x)))) return undefined;
  }
  return canonical(found);
}

/** Does the axis stand within the atom? */
function isHidden(axis: Axis, within: Atom): boolean {
  if (within.kind === 'axis' || within.kind === 'size') return false;
  const inside = new Set<Axis>();
  axesOfAtom(within, inside);
  return inside.has(axis);
}

/** The coefficient of the axis as a number; undefined if it is not affine in it or the coefficient is not constant. */
export function strideOf(a: Index, of: Axis): number | undefined {
  const found = coefficient(a, of);
  return found && constantOf(found);
}

export interface Range {
  min: number;
  max: number;
}

/** The least and the largest value over all axes; a run-time size is in [1, ∞), and so is a sum of some. */
export function rangeOf(a: Index): Range {
  const own = rangeOfTerms(a);
  if (!a.plain) return own;
  const plain = rangeOfTerms(a.plain);
  return { min: Math.max(own.min, plain.min), max: Math.min(own.max, plain.max) };
}

function rangeOfTerms(a: Index): Range {
  let [min, max] = [0, 0];
  for (const term of a.terms) {
    let range: Range = { min: 1, max: 1 };
    for (const part of term.atoms) range = timesRange(range, atomRange(part));
    range = timesRange(range, { min: term.factor, max: term.factor });
    min += range.min;
    max += range.max;
  }
  return { min, max };
}

function atomRange(part: Atom): Range {
  switch (part.kind) {
    case 'size':
      return { min: 1, max: Infinity };
    case 'sum': {
      const { min, max } = rangeOf(part.of);
      return { min: Math.max(1, min), max };
    }
    case 'axis':
      return { min: 0, max: Math.max(0, rangeOf(part.extent).max - 1) };
    case 'quotient': {
      const [of, by] = [rangeOf(part.of), rangeOf(part.by)];
      return { min: 0, max: Math.floor(of.max / Math.max(1, by.min)) };
    }
    case 'element':
      return { min: 0, max: part.of.below !== undefined ? part.of.below - 1 : Infinity };
    default:
      return part satisfies never;
  }
}

/** The product, where 0 stays 0 however large the other is. */
function times(x: number, y: number): number {
  return x === 0 || y === 0 ? 0 : x * y;
}

function timesRange(a: Range, b: Range): Range {
  if (0 <= a.min && a.min <= a.max && 0 <= b.min && b.min <= b.max)
    return { min: times(a.min, b.min), max: times(a.max, b.max) };
  const all = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)];
  return { min: Math.min(...all), max: Math.max(...all) };
}

const sizes = new WeakMap<Atom, number>();

/** How many terms and factors an index is written with, those under quotients too. */
export function sizeOfIndex(a: Index): number {
  return a.terms.reduce((size, { atoms }) => atoms.reduce((sum, part) => sum + sizeOfAtom(part), size + 1), 0);
}

function sizeOfAtom(part: Atom): number {
  if (part.kind !== 'quotient') return 1;
  let known = sizes.get(part);
  if (known === undefined) sizes.set(part, (known = 1 + sizeOfIndex(part.of) + sizeOfIndex(part.by)));
  return known;
}

/** The value with every atom given by `value`. */
export function evaluate(a: Index, value: (atom: Atom) => number): number {
  let sum = 0;
  for (const term of a.terms) {
    let times = term.factor;
    for (const part of term.atoms) times *= value(part);
    sum += times;
  }
  return sum;
}

/** The value when every run-time size is `of(name)`; for shapes and lengths (no axes). Throws on an axis. */
export function evaluateSizes(a: Index, of: (name: string) => number): number {
  return evaluate(a, (part) => {
    if (part.kind === 'size') return of(part.name);
    if (part.kind === 'sum') return evaluateSizes(part.of, of);
    if (part.kind === 'quotient') return Math.floor(evaluateSizes(part.of, of) / evaluateSizes(part.by, of));
    throw new Error(`a size has no ${part.kind}`);
  });
}
