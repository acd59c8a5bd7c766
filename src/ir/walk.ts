// Walking through scalar expressions: their parts, and the same expression with other parts.
import { add, atom, mul, product, type Atom, type Index, type Term } from './index.js';
import { apply, fold, indexValue, lane, load, splat, type Scalar } from './scalar.js';

const none: readonly Scalar[] = [];

/** The values directly inside, also those in elements of addresses. */
export function partsOf(value: Scalar): readonly Scalar[] {
  switch (value.kind) {
    case 'number':
    case 'local':
      return none;
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
export function elementsOf(index: Index): readonly Scalar[] {
  return collectElements(index, undefined) ?? none;
}

function collectElements({ terms }: Index, found: Scalar[] | undefined): Scalar[] | undefined {
  let into = found;
  for (const { atoms } of terms)
    for (const part of atoms) {
      if (part.kind === 'element') (into ??= []).push(part.of);
      else if (part.kind === 'quotient') into = collectElements(part.by, collectElements(part.of, into));
    }
  return into;
}

/** Visits the value and all that stands in it, also in addresses: each once, and before its parts. */
export function visitScalar(value: Scalar, visit: (part: Scalar) => void, seen: Set<string> = new Set()): void {
  if (seen.has(value.key)) return;
  seen.add(value.key);
  visit(value);
  for (const part of partsOf(value)) visitScalar(part, visit, seen);
}

/** Does the test hold for the value, or for something that stands in it? */
export function someScalar(value: Scalar, test: (part: Scalar) => boolean, seen: Set<string> = new Set()): boolean {
  if (seen.has(value.key)) return false;
  seen.add(value.key);
  return test(value) || partsOf(value).some((part) => someScalar(part, test, seen));
}

export function contains(value: Scalar, key: string, seen: Set<string> = new Set()): boolean {
  if (value.key === key) return true;
  if (seen.has(value.key) || !value.folds) return false;
  seen.add(value.key);
  return partsOf(value).some((part) => contains(part, key, seen));
}

/** The value with other parts; the value itself where none of them changes. */
export function mapScalar(value: Scalar, scalar: (part: Scalar) => Scalar, index: (address: Index) => Index): Scalar {
  switch (value.kind) {
    case 'number':
    case 'local':
      return value;
    case 'index': {
      const of = index(value.of);
      return of === value.of ? value : indexValue(of, value.lanes);
    }
    case 'load': {
      const at = index(value.at);
      return at === value.at ? value : load(value.from, at, value.lanes);
    }
    case 'apply': {
      const args = value.args.map(scalar);
      return args.every((arg, i) => arg === value.args[i]) ? value : apply(value.op, ...args);
    }
    case 'fold': {
      const body = scalar(value.body);
      return body === value.body ? value : fold(value.op, value.over, body);
    }
    case 'splat': {
      const of = scalar(value.of);
      return of === value.of ? value : splat(of);
    }
    case 'lane': {
      const of = scalar(value.of);
      return of === value.of ? value : lane(of, value.at);
    }
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
