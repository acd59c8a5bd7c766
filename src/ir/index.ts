// Integer arithmetic over axes and run-time sizes: canonical polynomials, used for shapes, coordinates and addresses.
import type { Scalar } from './scalar.js';

/** A loop variable. Its identity is the object, not the name; it runs from 0 to extent - 1. */
export interface Axis {
  readonly kind: 'axis';
  readonly id: number;
  readonly name: string;
  readonly extent: Index;
}

/** What an index is made of. A quotient is the floor of a non-negative division; an element is an integer tensor element used as a coordinate. */
export type Atom =
  | Axis
  | { readonly kind: 'size'; readonly name: string }
  | { readonly kind: 'quotient'; readonly of: Index; readonly by: Index }
  | { readonly kind: 'element'; readonly of: Scalar };

export interface Term {
  readonly factor: number;
  /** Sorted by key; repeated for powers; empty for the constant term. */
  readonly atoms: readonly Atom[];
}

/**
 * A polynomial with integer coefficients. Invariant: canonical, so equal keys mean equal values.
 * There is no mod: mod(p, n) is p - n * quotient(p, n), so that n * quotient(p, n) + mod(p, n) cancels to p.
 */
export interface Index {
  readonly terms: readonly Term[];
  readonly key: string;
}

let axes = 0;

/** A new axis with the given extent. */
export function axis(name: string, extent: Index | number): Axis {
  return { kind: 'axis', id: axes++, name, extent: toIndex(extent) };
}

export function toIndex(value: Index | number | Axis): Index {
  if (typeof value === 'number') return constant(value);
  return 'terms' in value ? value : atom(value);
}

const constants = new Map<number, Index>();

export const zero: Index = constant(0);
export const one: Index = constant(1);

export function constant(value: number): Index {
  let known = constants.get(value);
  if (!known) {
    if (!Number.isInteger(value)) throw new Error(`an index is an integer, got ${value}`);
    constants.set(value, (known = canonical(value === 0 ? [] : [{ factor: value, atoms: [] }])));
  }
  return known;
}

export function atom(value: Atom): Index {
  return canonical([{ factor: 1, atoms: [value] }]);
}

/** A run-time size by its name, such as batch. It is at least 1. */
export function size(name: string): Index {
  return atom({ kind: 'size', name });
}

export function add(...parts: readonly (Index | number)[]): Index {
  const [first, ...others] = parts.map(toIndex).filter((p) => p.terms.length > 0);
  if (!first) return zero;
  return others.length === 0 ? first : canonical([first, ...others].flatMap((p) => p.terms));
}

export function sub(a: Index | number, b: Index | number): Index {
  return add(a, scale(toIndex(b), -1));
}

export function scale(a: Index, factor: number): Index {
  if (factor === 1) return a;
  return canonical(a.terms.map((t) => ({ factor: t.factor * factor, atoms: t.atoms })));
}

export function mul(a: Index | number, b: Index | number): Index {
  const [left, right] = [toIndex(a), toIndex(b)];
  const [byLeft, byRight] = [constantOf(left), constantOf(right)];
  if (byRight !== undefined) return scale(left, byRight);
  if (byLeft !== undefined) return scale(right, byLeft);
  return canonical(
    left.terms.flatMap((s) =>
      right.terms.map((t) => ({ factor: s.factor * t.factor, atoms: sortAtoms([...s.atoms, ...t.atoms]) })),
    ),
  );
}

export function product(parts: readonly (Index | number)[]): Index {
  return parts.reduce<Index>((p, q) => mul(p, q), one);
}

/** floor(a / b) for a >= 0, b >= 1. Divisible terms split off; a remainder of known range folds; (p div a) div b is p div (a·b). */
export function div(a: Index, b: Index): Index {
  if (b.key === one.key) return a;
  const constants = [constantOf(a), constantOf(b)];
  if (constants[0] !== undefined && constants[1] !== undefined)
    return constant(Math.floor(constants[0] / constants[1]));
  const whole: Term[] = [];
  const rest: Term[] = [];
  for (const term of a.terms) {
    const divided = divideTerm(term, b);
    if (divided) whole.push(divided);
    else if (constants[1] !== undefined && term.factor > constants[1]) {
      // (29·x + r) div 28 is x + (x + r) div 28
      whole.push({ factor: Math.floor(term.factor / constants[1]), atoms: term.atoms });
      rest.push({ factor: term.factor % constants[1], atoms: term.atoms });
    } else rest.push(term);
  }
  const remainder = canonical(rest);
  const split = canonical(whole);
  if (rest.length === 0) return split;
  // Indices under a quotient stay non-negative: a remainder that may be negative keeps its divisible terms.
  const range = rangeOf(remainder);
  if (range.min < 0) {
    return atom({ kind: 'quotient', of: a, by: b });
  }
  if (provablyLess(remainder, b)) return split;
  const only = remainder.terms.length === 1 ? remainder.terms[0] : undefined;
  if (only && only.factor === 1 && only.atoms.length === 1) {
    const inner = only.atoms[0];
    if (inner.kind === 'quotient') return add(split, div(inner.of, mul(inner.by, b)));
  }
  // c·x div (c·d) is x div d
  const by = constantOf(b);
  if (by !== undefined) {
    const common = remainder.terms.reduce((g, t) => gcd(g, Math.abs(t.factor)), by);
    if (common > 1) {
      const smaller = canonical(remainder.terms.map((t) => ({ factor: t.factor / common, atoms: t.atoms })));
      return add(split, div(smaller, constant(by / common)));
    }
    // (g·x + r) div (g·n) is x div n where 0 <= r < g
    for (const term of remainder.terms) {
      const unit = gcd(by, Math.abs(term.factor));
      if (unit === 1) continue;
      const multiples = remainder.terms.filter((t) => t.factor % unit === 0);
      const small = rangeOf(canonical(remainder.terms.filter((t) => t.factor % unit !== 0)));
      if (small.min < 0 || small.max >= unit) continue;
      const units = canonical(multiples.map((t) => ({ factor: t.factor / unit, atoms: t.atoms })));
      return add(split, div(units, constant(by / unit)));
    }
  }
  return add(split, atom({ kind: 'quotient', of: remainder, by: b }));
}

/** a - b * floor(a / b). */
export function mod(a: Index, b: Index): Index {
  return sub(a, mul(b, div(a, b)));
}

/** The value of a constant index, else undefined. */
export function constantOf(a: Index): number | undefined {
  if (a.terms.length === 0) return 0;
  if (a.terms.length === 1 && a.terms[0].atoms.length === 0) return a.terms[0].factor;
  return undefined;
}

export function equal(a: Index, b: Index): boolean {
  return a.key === b.key;
}

/** Every axis that occurs in the index, also inside quotients (not inside elements' loads: use axesOfScalar). */
export function axesOf(a: Index, into: Set<Axis> = new Set()): Set<Axis> {
  for (const term of a.terms) for (const part of term.atoms) axesOfAtom(part, into);
  return into;
}

function axesOfAtom(part: Atom, into: Set<Axis>): void {
  if (part.kind === 'axis') into.add(part);
  else if (part.kind === 'quotient') {
    axesOf(part.of, into);
    axesOf(part.by, into);
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
      else if (part.kind === 'quotient') {
        sizesOf(part.of, into);
        sizesOf(part.by, into);
      }
    }
  return into;
}

/** Replaces atoms; `replace` returns undefined to keep one. Quotients and elements are rebuilt (`scalar` rewrites an element's value). */
export function substitute(
  a: Index,
  replace: (atom: Atom) => Index | undefined,
  scalar?: (value: Scalar) => Scalar,
): Index {
  let changed = false;
  const terms: Term[] = [];
  for (const term of a.terms) {
    let replaced: Index | undefined;
    const kept: Atom[] = [];
    for (const part of term.atoms) {
      const result = substituteAtom(part, replace, scalar);
      if (result === undefined) kept.push(part);
      else replaced = replaced ? mul(replaced, result) : result;
    }
    if (!replaced) terms.push(term);
    else {
      changed = true;
      terms.push(...mul(canonical([{ factor: term.factor, atoms: kept }]), replaced).terms);
    }
  }
  return changed ? canonical(terms) : a;
}

/** What the atom becomes; undefined where it stays. */
function substituteAtom(
  part: Atom,
  replace: (atom: Atom) => Index | undefined,
  scalar?: (value: Scalar) => Scalar,
): Index | undefined {
  const replaced = replace(part);
  if (replaced) return replaced;
  if (part.kind === 'quotient') {
    const [of, by] = [substitute(part.of, replace, scalar), substitute(part.by, replace, scalar)];
    return of === part.of && by === part.by ? undefined : div(of, by);
  }
  if (part.kind === 'element' && scalar) {
    const of = scalar(part.of);
    return of === part.of ? undefined : atom({ kind: 'element', of });
  }
  return undefined;
}

/** The part of the index that multiplies the axis (an index without it); undefined where the axis is under a quotient, an element, or squared. */
export function coefficient(a: Index, of: Axis): Index | undefined {
  const found: Term[] = [];
  for (const term of a.terms) {
    const direct = term.atoms.filter((x) => x === of).length;
    const rest = term.atoms.filter((x) => x !== of);
    const hidden = new Set<Axis>();
    for (const x of rest) axesOfAtom(x, hidden);
    if (hidden.has(of) || direct > 1) return undefined;
    if (direct === 1) found.push({ factor: term.factor, atoms: rest });
  }
  return canonical(found);
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

/** The least and the largest value over all axes; a run-time size is in [1, ∞). */
export function rangeOf(a: Index): Range {
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

function timesRange(a: Range, b: Range): Range {
  const times = (x: number, y: number) => (x === 0 || y === 0 ? 0 : x * y);
  const all = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)];
  return { min: Math.min(...all), max: Math.max(...all) };
}

/** True where a < b for every value of axes and sizes, as far as can be shown. */
export function provablyLess(a: Index, b: Index): boolean {
  if (rangeOf(a).max < rangeOf(b).min) return true;
  // Replace each axis by its last value: exact for non-negative coefficients, and lets n - 1 < n cancel.
  const difference = sub(b, atLast(a, a));
  return rangeOf(difference).min > 0 && axesOf(difference).size === 0;
}

function atLast(a: Index, whole: Index): Index {
  return substitute(a, (part) => {
    if (part.kind !== 'axis') return undefined;
    const stride = coefficient(whole, part);
    return stride && rangeOf(stride).min >= 0 ? sub(part.extent, 1) : undefined;
  });
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
    if (part.kind === 'quotient') return Math.floor(evaluateSizes(part.of, of) / evaluateSizes(part.by, of));
    throw new Error(`a size has no ${part.kind}`);
  });
}

/** The printed form: `10*i + j`, `batch`, `(k div 5)`. */
export function printIndex(a: Index): string {
  if (a.terms.length === 0) return '0';
  return a.terms
    .map((term, n) => {
      const atoms = term.atoms.map(printAtom);
      const magnitude = Math.abs(term.factor);
      const body =
        atoms.length === 0 ? `${magnitude}` : [...(magnitude === 1 ? [] : [`${magnitude}`]), ...atoms].join('*');
      if (n === 0) return term.factor < 0 ? `-${body}` : body;
      return term.factor < 0 ? ` - ${body}` : ` + ${body}`;
    })
    .join('');
}

function printAtom(part: Atom): string {
  switch (part.kind) {
    case 'size':
    case 'axis':
      return part.name;
    case 'quotient':
      return `(${printIndex(part.of)} div ${printIndex(part.by)})`;
    case 'element':
      return `[${part.of.key}]`;
    default:
      return part satisfies never;
  }
}

function divideTerm(term: Term, by: Index): Term | undefined {
  if (by.terms.length !== 1) return undefined;
  const [divisor] = by.terms;
  if (term.factor % divisor.factor !== 0) return undefined;
  const left = [...term.atoms];
  for (const wanted of divisor.atoms) {
    const at = left.findIndex((x) => atomKey(x) === atomKey(wanted));
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return { factor: term.factor / divisor.factor, atoms: left };
}

function canonical(terms: readonly Term[]): Index {
  if (terms.length < 2) {
    const kept = terms.filter((t) => t.factor !== 0);
    return { terms: kept, key: kept.map((t) => `${t.factor}·${atomsKey(t.atoms)}`).join('') };
  }
  const merged = new Map<string, Term>();
  for (const term of terms) {
    const key = atomsKey(term.atoms);
    const before = merged.get(key);
    merged.set(key, { factor: (before?.factor ?? 0) + term.factor, atoms: term.atoms });
  }
  // Largest factor first reads like an address: 784*b + i.
  const kept = [...merged.entries()].filter(([, t]) => t.factor !== 0);
  kept.sort(([k, s], [l, t]) => order(s, t) || (k < l ? -1 : k > l ? 1 : 0));
  return { terms: kept.map(([, t]) => t), key: kept.map(([k, t]) => `${t.factor}·${k}`).join('+') };
}

function atomsKey(atoms: readonly Atom[]): string {
  return atoms.length === 1 ? atomKey(atoms[0]) : atoms.map(atomKey).join('·');
}

function order(s: Term, t: Term): number {
  const constants = Number(s.atoms.length === 0) - Number(t.atoms.length === 0);
  return constants || t.atoms.length - s.atoms.length || Math.abs(t.factor) - Math.abs(s.factor);
}

function sortAtoms(atoms: Atom[]): Atom[] {
  return atoms.sort((a, b) => {
    // sizes before axes, so that strides print first
    const kinds = Number(a.kind !== 'size') - Number(b.kind !== 'size');
    return kinds || (atomKey(a) < atomKey(b) ? -1 : 1);
  });
}

const quotientKeys = new WeakMap<Atom, string>();

function atomKey(part: Atom): string {
  switch (part.kind) {
    case 'size':
      return part.name;
    case 'axis':
      return `#${part.id}`;
    case 'quotient': {
      let key = quotientKeys.get(part);
      if (!key) quotientKeys.set(part, (key = `(${part.of.key}/${part.by.key})`));
      return key;
    }
    case 'element':
      return `[${part.of.key}]`;
    default:
      return part satisfies never;
  }
}

function gcd(a: number, b: number): number {
  while (b) [a, b] = [b, a % b];
  return a;
}
