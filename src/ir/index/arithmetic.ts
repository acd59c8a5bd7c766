// Canonical polynomials with integer coefficients: how they are made, added and multiplied.
import { compareFactors, compareTerms } from './order.js';
import type { Scalar } from '../scalar.js';

/** A loop variable. Its identity is the object, not the name; it runs from 0 to extent - 1. */
export interface Axis {
  readonly kind: 'axis';
  readonly id: number;
  readonly name: string;
  readonly extent: Index;
  /** Beyond this index, which depends on the round of a loop around, nothing is needed: folds find what leaves them as they are. */
  readonly until?: Index;
}

/**
 * What an index is made of. A quotient is the floor of a non-negative division; an element is an integer tensor element used as a coordinate.
 * A sum is the size of a dimension, at least 1, that is kept in one piece (H - 2): strides are products of sizes then, as they are where every size
 * is a name or a number, and reshaping divides by them. Multiplied out, no product of two dimensions would divide another.
 */
export type Atom =
  | Axis
  | { readonly kind: 'size'; readonly name: string; readonly rank: number }
  | { readonly kind: 'sum'; readonly of: Index }
  | { readonly kind: 'quotient'; readonly of: Index; readonly by: Index }
  | { readonly kind: 'element'; readonly of: Scalar };

export interface Term {
  readonly factor: number;
  /** Sorted by key; repeated for powers; empty for the constant term. */
  readonly atoms: readonly Atom[];
}

/**
 * A polynomial with integer coefficients. Invariant: the key is that of its canonical form, in which no sum is kept in one piece, so that equal
 * keys mean equal values; where it has sums, `plain` is that form, and `terms` are no more than there.
 * There is no mod: mod(p, n) is p - n * quotient(p, n), so that n * quotient(p, n) + mod(p, n) cancels to p.
 */
export interface Index {
  readonly terms: readonly Term[];
  readonly key: string;
  readonly plain?: Index;
  /** Of a size: how much of it is needed in each round of a loop. Sizes that differ in it alone are told apart. */
  readonly until?: Until;
}

/** In round r of the loop around which so many others stand, the indices below `first` + `each` · r. */
export interface Until {
  readonly depth: number;
  readonly first: number;
  readonly each: number;
}

let axes = 0;

/** A new axis with the given extent. */
export function axis(name: string, extent: Index | number): Axis {
  return { kind: 'axis', id: axes++, name, extent: toIndex(extent) };
}

/** The same size, of which so much is needed. */
export function sizeUntil(size: number, until: Until): Index {
  const { depth, first, each } = until;
  return { ...constant(size), key: `${size} until ${first} + ${each} of ${depth}`, until };
}

/** The axis, of which no more is needed in round `round`. */
export function axisUntil(of: Axis, { first, each }: Until, round: Axis): Axis {
  return { ...axis(of.name, of.extent), until: add(first, scale(toIndex(round), each)) };
}

/** Another axis like this one. */
export function axisLike({ name, extent, until }: Axis): Axis {
  return { ...axis(name, extent), ...(until && { until }) };
}

/** Where loops over an axis end. */
export function endOf({ extent, until }: Axis): Index {
  return until ?? extent;
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

/** A run-time size by its name, such as batch. It is at least 1. `rank`: how many sizes the model declares before it. */
export function size(name: string, rank = 0): Index {
  return atom({ kind: 'size', name, rank });
}

export function add(...parts: readonly (Index | number)[]): Index {
  let sum: Index | undefined;
  let terms: Term[] | undefined;
  for (const part of parts) {
    const next = toIndex(part);
    if (next.terms.length === 0) continue;
    if (!sum) sum = next;
    else if (terms) terms.push(...next.terms);
    else terms = [...sum.terms, ...next.terms];
  }
  return terms ? canonical(terms) : (sum ?? zero);
}

export function sub(a: Index | number, b: Index | number): Index {
  return add(a, scale(toIndex(b), -1));
}

export function scale(a: Index, factor: number): Index {
  if (factor === 1 || a.terms.length === 0) return a;
  if (factor === 0) return zero;
  // The order of terms is by the size of their factors, whatever the sign, so that it stays.
  const scaled = inOrder(a.terms.map((t) => ({ factor: t.factor * factor, atoms: t.atoms })));
  return a.plain ? withPlain(scaled, scale(a.plain, factor)) : scaled;
}

export function mul(a: Index | number, b: Index | number): Index {
  const [left, right] = [toIndex(a), toIndex(b)];
  const [byLeft, byRight] = [constantOf(left), constantOf(right)];
  if (byRight !== undefined) return scale(left, byRight);
  if (byLeft !== undefined) return scale(right, byLeft);
  return canonical(
    left.terms.flatMap((s) =>
      right.terms.map((t) => ({
        factor: s.factor * t.factor,
        atoms: sorted([...s.atoms, ...t.atoms], compareFactors),
      })),
    ),
  );
}

export function product(parts: readonly (Index | number)[]): Index {
  return parts.reduce<Index>((p, q) => mul(p, q), one);
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

/** The size of a dimension: a sum in one piece, so that products of sizes are one term. */
export function inOnePiece(of: Index): Index {
  const plain = of.plain ?? of;
  if (of.terms.length < 2 || plain.terms.length < 2) return of;
  const isOfSizes = ({ terms }: Index): boolean =>
    terms.every(({ atoms }) =>
      atoms.every(
        (part) => part.kind === 'size' || (part.kind === 'quotient' && isOfSizes(part.of) && isOfSizes(part.by)),
      ),
    );
  return isOfSizes(plain) ? atom({ kind: 'sum', of: plain }) : of;
}

/** Terms of equal atoms merged, in the one order; with sums in one piece or multiplied out, whichever is shorter. */
export function canonical(terms: readonly Term[]): Index {
  const index = merged(terms);
  if (!index.terms.some(hasSum)) return index;
  const plain = merged(index.terms.flatMap(multipliedOut));
  return plain.terms.length < index.terms.length ? plain : withPlain(index, plain);
}

function withPlain({ terms }: Index, plain: Index): Index {
  return { terms, key: plain.key, plain };
}

function hasSum({ atoms }: Term): boolean {
  return atoms.some(({ kind }) => kind === 'sum');
}

function multipliedOut(term: Term): readonly Term[] {
  if (!hasSum(term)) return [term];
  let terms: readonly Term[] = [{ factor: term.factor, atoms: [] }];
  for (const part of term.atoms) {
    const by = part.kind === 'sum' ? part.of.terms : [{ factor: 1, atoms: [part] }];
    terms = terms.flatMap((s) => by.map((t) => ({ factor: s.factor * t.factor, atoms: [...s.atoms, ...t.atoms] })));
  }
  return terms.map(({ factor, atoms }) => ({ factor, atoms: sorted([...atoms], compareFactors) }));
}

function merged(terms: readonly Term[]): Index {
  if (terms.length < 2) return inOrder(terms.every(({ factor }) => factor !== 0) ? terms : []);
  const kept: Term[] = [];
  // They are few: a table of their keys would take longer than to look at each.
  const keys: string[] = [];
  for (const term of terms) {
    const key = atomsKey(term.atoms);
    const at = keys.indexOf(key);
    if (at < 0) {
      kept.push(term);
      keys.push(key);
    } else kept[at] = { factor: kept[at].factor + term.factor, atoms: term.atoms };
  }
  const left = kept.filter(({ factor }) => factor !== 0);
  return inOrder(sorted(left, compareTerms));
}

/** Sorts few in place, which the engine's own sort copies twice. */
function sorted<T>(few: T[], compare: (a: T, b: T) => number): T[] {
  for (let i = 1; i < few.length; i++) {
    const one = few[i];
    let at = i;
    for (; at > 0 && compare(few[at - 1], one) > 0; at--) few[at] = few[at - 1];
    few[at] = one;
  }
  return few;
}

function inOrder(terms: readonly Term[]): Index {
  let key = '';
  for (const { factor, atoms } of terms) key += `${key && '+'}${factor}·${atomsKey(atoms)}`;
  return { terms, key };
}

function atomsKey(atoms: readonly Atom[]): string {
  return atoms.length === 1 ? atomKey(atoms[0]) : atoms.map(atomKey).join('·');
}

const quotientKeys = new WeakMap<Atom, string>();

export function atomKey(part: Atom): string {
  switch (part.kind) {
    case 'size':
      return part.name;
    case 'axis':
      return `#${part.id}`;
    case 'sum':
      return `(${part.of.key})`;
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
