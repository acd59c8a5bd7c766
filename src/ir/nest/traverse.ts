// What stands in a value, its folds among it, and in nests.
import { sizesOf, type Index } from '../index.js';
import type { AnyNest, Nest, Store } from '../program.js';
import { elementsOf, partsOf, visitScalar } from '../walk.js';
import type { Buffer, Scalar } from '../scalar.js';

const folds = new WeakMap<Scalar, readonly Fold[]>();

/** Every fold of a value that stands in no other fold, each once. */
export function foldsOf(value: Scalar): readonly Fold[] {
  let known = folds.get(value);
  if (!known) folds.set(value, (known = collectFolds(value, [], new Set())));
  return known;
}

function collectFolds(value: Scalar, into: Fold[], seen: Set<string>): Fold[] {
  if (seen.has(value.key)) return into;
  seen.add(value.key);
  if (value.kind === 'fold') into.push(value);
  else for (const part of partsOf(value)) collectFolds(part, into, seen);
  return into;
}

export type Fold = Extract<Scalar, { kind: 'fold' }>;

/** The plain nests of a loop over rows, its totals last; a nest itself. */
export function partsOfNest(nest: AnyNest): readonly Nest[] {
  return nest.kind === 'rows' ? [...nest.parts, ...(nest.totals ?? [])] : [nest];
}

/** The buffers and the run-time sizes that a nest speaks of, in the order of its text. */
export function namesIn(nest: AnyNest): { buffers: Set<Buffer>; sizes: Set<string> } {
  const buffers = new Set<Buffer>();
  const sizes = new Set<string>();
  const seen = new Set<string>();
  const address = (at: Index): void => void sizesOf(at, sizes);
  const visit = (value: Scalar): void => {
    if (value.kind === 'load') {
      buffers.add(value.from);
      address(value.at);
    } else if (value.kind === 'index') address(value.of);
    else if (value.kind === 'fold') for (const a of value.over) address(a.extent);
  };
  if (nest.kind === 'rows') address(nest.row.extent);
  for (const part of partsOfNest(nest)) {
    for (const axis of part.axes) address(axis.extent);
    for (const store of part.stores) {
      buffers.add(store.to);
      address(store.at);
      for (const part of [...elementsOf(store.at), store.value]) visitScalar(part, visit, seen);
    }
  }
  return { buffers, sizes };
}

/** The nest with other stores. */
export function mapStores(nest: AnyNest, change: (store: Store) => Store): AnyNest {
  const inNest = (plain: Nest): Nest => ({ ...plain, stores: plain.stores.map(change) });
  switch (nest.kind) {
    case 'nest':
      return inNest(nest);
    case 'rows': {
      const { parts, totals } = nest;
      return { ...nest, parts: parts.map(inNest), ...(totals && { totals: totals.map(inNest) }) };
    }
    default:
      return nest satisfies never;
  }
}
