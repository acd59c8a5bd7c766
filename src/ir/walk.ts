// Walking through scalar expressions: their parts, and the same expression with other parts.
import { add, atom, mul, product, type Atom, type Index, type Term } from './index.js';
import { apply, fold, indexValue, lane, load, splat, type Scalar } from './scalar.js';

/** The values directly inside, also those in elements of addresses. */
export function partsOf(value: Scalar): readonly Scalar[] {
  switch (value.kind) {
    case 'number':
    case 'local':
      return [];
    case 'index':
      return elementsOf(value.of);
    case 'load':
      return elementsOf(value.at);
    case 'apply':
      return value.args;
    case 'fold':
      return [value.body];
    case 'splat':
    case 'lane':
      return [value.of];
    default:
      return value satisfies never;
  }
}

/** The values used as coordinates in an index. */
export function elementsOf(index: Index, into: Scalar[] = []): readonly Scalar[] {
  for (const term of index.terms)
    for (const part of term.atoms) {
      if (part.kind === 'element') into.push(part.of);
      else if (part.kind === 'quotient') {
        elementsOf(part.of, into);
        elementsOf(part.by, into);
      }
    }
  return into;
}

const folds = new WeakMap<Scalar, boolean>();

export function hasFold(value: Scalar): boolean {
  let known = folds.get(value);
  if (known === undefined) {
    known = value.kind === 'fold' || partsOf(value).some(hasFold);
    folds.set(value, known);
  }
  return known;
}

export function contains(value: Scalar, key: string, seen: Set<string> = new Set()): boolean {
  if (value.key === key) return true;
  if (seen.has(value.key) || !hasFold(value)) return false;
  seen.add(value.key);
  return partsOf(value).some((part) => contains(part, key, seen));
}

/** The value with its parts rebuilt by `visit`, unless `replace` gives another. */
export function rebuild(
  value: Scalar,
  memo: Map<string, Scalar>,
  visit: (value: Scalar) => Scalar,
  replace: (value: Scalar) => Scalar | undefined,
): Scalar {
  if (!hasFold(value)) return value;
  const known = memo.get(value.key);
  if (known) return known;
  const result =
    replace(value) ??
    withParts(value, visit, (index) =>
      mapAtoms(index, (part) => {
        if (part.kind === 'element') return atom({ kind: 'element', of: visit(part.of) });
        return undefined;
      }),
    );
  memo.set(value.key, result);
  return result;
}

export function withParts(value: Scalar, visit: (value: Scalar) => Scalar, index: (index: Index) => Index): Scalar {
  switch (value.kind) {
    case 'number':
    case 'local':
      return value;
    case 'index':
      return indexValue(index(value.of), value.lanes);
    case 'load':
      return load(value.from, index(value.at), value.lanes);
    case 'apply':
      return apply(value.op, ...value.args.map(visit));
    case 'fold':
      return fold(value.op, value.over, visit(value.body));
    case 'splat':
      return splat(visit(value.of));
    case 'lane':
      return lane(visit(value.of), value.at);
    default:
      return value satisfies never;
  }
}

/** Replaces atoms without looking inside them first; undefined keeps one. Keeps the very index where nothing changes. */
export function mapAtoms(index: Index, replace: (part: Atom) => Index | undefined): Index {
  let changed = false;
  const terms = index.terms.map((term: Term) => {
    const parts = term.atoms.map((part) => {
      if (part.kind === 'axis' || part.kind === 'size') return part;
      const other = replace(part);
      if (other) changed = true;
      return other ?? part;
    });
    return { factor: term.factor, parts };
  });
  if (!changed) return index;
  return add(...terms.map((t) => mul(t.factor, product(t.parts.map((p) => ('terms' in p ? p : atom(p)))))));
}

/** True where the test holds for the value or a part of it, addresses included. */
export function someOf(value: Scalar, test: (part: Scalar) => boolean, seen: Set<string> = new Set()): boolean {
  if (seen.has(value.key)) return false;
  seen.add(value.key);
  return test(value) || partsOf(value).some((part) => someOf(part, test, seen));
}

/** True where the test holds for an element that the index reads. */
export function someOfIndex(index: Index, test: (part: Scalar) => boolean): boolean {
  return elementsOf(index).some(test);
}
