// A nest that goes along one axis in order, as rounds: the first, and each of those after it by what the one before has stored.
import { add, sub, substitute, toIndex, type Axis, type Index } from '../index.js';
import { carried } from '../ops/recurrence.js';
import type { Nest, Ordered } from '../program.js';
import { rewriteScalar } from '../rewrite.js';
import { load, number, type Scalar } from '../scalar.js';
import { partsOf } from '../walk.js';

export interface Rounds {
  /** Axes around the ordered one, and those that vary faster than it. */
  readonly outer: readonly Axis[];
  readonly inner: readonly Axis[];
  /** One round, over the inner axes: the other ones are bound outside. */
  readonly first: Nest;
  readonly next: Nest;
}

export function roundsOf(nest: Nest, { axis, reverse, start }: Ordered): Rounds {
  const at = nest.axes.indexOf(axis);
  const inner = nest.axes.slice(at + 1);
  const [store] = nest.stores;
  const before = substitute(store.at, (part) =>
    part === axis ? (reverse ? add(toIndex(axis), 1) : sub(toIndex(axis), 1)) : undefined,
  );
  const round = (previous: Scalar): Nest => {
    const { kind, name, provenance } = nest;
    const value = rewriteScalar(store.value, { scalar: (v) => (v.key === carried.key ? previous : undefined) });
    return { kind, name, provenance, axes: inner, stores: [{ ...store, value }] };
  };
  return { outer: nest.axes.slice(0, at), inner, first: round(number(start)), next: round(load(store.to, before)) };
}

/** The index of a round that is counted from 0. */
export function placeOfRound({ axis, reverse }: Ordered, round: Index): Index {
  return reverse ? sub(sub(axis.extent, 1), round) : round;
}

/**
 * What is added to the element before, where each is such a sum: the terms of a stretch may then be added up before what precedes it is
 * known. Products and linear steps would overflow on the way where the values themselves do not.
 */
export function addedInOrder({ ordered, stores: [{ value }] }: Nest): Scalar | undefined {
  if (ordered?.start !== 0 || value.kind !== 'apply' || value.op !== 'add') return undefined;
  const terms = value.args.filter((arg) => arg.key !== carried.key);
  const [term] = terms;
  return terms.length === 1 && !readsCarried(term) ? term : undefined;
}

function readsCarried(value: Scalar): boolean {
  return value.key === carried.key || partsOf(value).some(readsCarried);
}
