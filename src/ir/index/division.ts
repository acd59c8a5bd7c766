// Division, and what rests on it: replacing atoms (a quotient is divided again), and proofs that one index is less than another.
import type { Scalar } from '../scalar.js';
import {
  add,
  atom,
  atomKey,
  canonical,
  inOnePiece,
  constant,
  constantOf,
  mul,
  one,
  sub,
  type Atom,
  type Axis,
  type Index,
  type Term,
} from './arithmetic.js';
import { axesOf, coefficient, rangeOf } from './questions.js';

/** floor(a / b) for a >= 0, b >= 1. Divisible terms split off; a remainder of known range folds; (p div a) div b is p div (a·b). */
export function div(a: Index, b: Index): Index {
  if (b.key === one.key) return a;
  const constants = [constantOf(a), constantOf(b)];
  if (constants[0] !== undefined && constants[1] !== undefined)
    return constant(Math.floor(constants[0] / constants[1]));
  // (H - 2) div 2 is H div 2 - 1.
  if (constants[1] !== undefined && a.plain && axesOf(a).size === 0) return div(a.plain, b);
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

function gcd(a: number, b: number): number {
  while (b) [a, b] = [b, a % b];
  return a;
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
  if (part.kind === 'sum') {
    const of = substitute(part.of, replace, scalar);
    return of === part.of ? undefined : inOnePiece(of);
  }
  if (part.kind === 'element' && scalar) {
    const of = scalar(part.of);
    return of === part.of ? undefined : atom({ kind: 'element', of });
  }
  return undefined;
}

/**
 * True where a < b for every value of axes and sizes, as far as can be shown. The proof takes time as the size of a: nothing is put into an
 * index of which some axis would stay, because dividing it anew asks for proofs again.
 */
export function provablyLess(a: Index, b: Index): boolean {
  if (rangeOf(a).max < rangeOf(b).min) return true;
  const ofBoth = axesOf(b);
  for (const part of axesOf(a)) if (!ofBoth.has(part) && !growsWith(a, part)) return false;
  // Replace each axis by its last value: exact for non-negative coefficients, and lets n - 1 < n cancel.
  const difference = sub(b, atLast(a, a));
  return rangeOf(difference).min > 0 && axesOf(difference).size === 0;
}

function atLast(a: Index, whole: Index): Index {
  return substitute(a, (part) => (part.kind === 'axis' && growsWith(whole, part) ? sub(part.extent, 1) : undefined));
}

/** Is the index largest where the axis is at its last place, as far as can be told? */
function growsWith(a: Index, axis: Axis): boolean {
  const stride = coefficient(a, axis);
  if (stride) return rangeOf(stride).min >= 0;
  return a.terms.every(({ factor, atoms }) => {
    const moving = atoms.filter((part) => part === axis || (part.kind !== 'size' && axesOf(atom(part)).has(axis)));
    return moving.length === 0 || (factor > 0 && moving.every((part) => atomGrowsWith(part, axis)));
  });
}

function atomGrowsWith(part: Atom, axis: Axis): boolean {
  if (part === axis) return true;
  return part.kind === 'quotient' && !axesOf(part.by).has(axis) && growsWith(part.of, axis);
}
