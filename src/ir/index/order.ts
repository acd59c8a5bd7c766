// The order in which an index is written: by what its parts are, never by the numbers or names by which they are told apart.
import type { Atom, Index, Term } from './arithmetic.js';
import type { Scalar } from '../scalar.js';
import { bufferNumber } from '../bufferKey.js';

/** The constant last; among others, those of more atoms and of larger factors first, which reads like an address: 784*b + i. */
export function compareTerms(a: Term, b: Term): number {
  const constants = Number(a.atoms.length === 0) - Number(b.atoms.length === 0);
  return (
    constants ||
    b.atoms.length - a.atoms.length ||
    Math.abs(b.factor) - Math.abs(a.factor) ||
    firstOf(a.atoms, b.atoms, compareAtoms)
  );
}

/** The atoms of one term: sizes come first, so that strides do. */
export function compareFactors(a: Atom, b: Atom): number {
  return Number(!isSize(a)) - Number(!isSize(b)) || compareAtoms(a, b);
}

function isSize({ kind }: Atom): boolean {
  return kind === 'size' || kind === 'sum';
}

const kinds: Readonly<Record<Atom['kind'], number>> = { axis: 0, quotient: 1, element: 2, size: 3, sum: 4 };

/** Axes as they were made, sizes as the model declares them. */
function compareAtoms(a: Atom, b: Atom): number {
  if (a === b) return 0;
  if (a.kind === 'size' && b.kind === 'size') return a.rank - b.rank || compareTexts(a.name, b.name);
  if (a.kind === 'axis' && b.kind === 'axis') return a.id - b.id;
  if (a.kind === 'quotient' && b.kind === 'quotient') return compareIndices(a.of, b.of) || compareIndices(a.by, b.by);
  if (a.kind === 'sum' && b.kind === 'sum') return compareIndices(a.of, b.of);
  if (a.kind === 'element' && b.kind === 'element') return compareScalars(a.of, b.of);
  return kinds[a.kind] - kinds[b.kind];
}

function compareIndices(a: Index, b: Index): number {
  if (a.key === b.key) return 0;
  return firstOf(a.terms, b.terms, (s, t) => s.factor - t.factor || firstOf(s.atoms, t.atoms, compareAtoms));
}

/** Two locals are as good as one another: they have nothing but their names. */
function compareScalars(a: Scalar, b: Scalar): number {
  if (a.key === b.key) return 0;
  if (a.kind === 'number' && b.kind === 'number') return a.value - b.value;
  if (a.kind === 'index' && b.kind === 'index') return compareIndices(a.of, b.of);
  if (a.kind === 'load' && b.kind === 'load')
    return bufferNumber(a.from) - bufferNumber(b.from) || compareIndices(a.at, b.at);
  if (a.kind === 'apply' && b.kind === 'apply')
    return compareTexts(a.op, b.op) || firstOf(a.args, b.args, compareScalars);
  if (a.kind === 'fold' && b.kind === 'fold')
    return compareTexts(a.op, b.op) || firstOf(a.over, b.over, compareAtoms) || compareScalars(a.body, b.body);
  if (a.kind === 'splat' && b.kind === 'splat') return compareScalars(a.of, b.of);
  if (a.kind === 'lane' && b.kind === 'lane') return a.at - b.at || compareScalars(a.of, b.of);
  return compareTexts(a.kind, b.kind);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What the first two that differ are to one another; of lists that begin alike, the shorter one comes first. */
function firstOf<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const found = compare(a[i], b[i]);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}
