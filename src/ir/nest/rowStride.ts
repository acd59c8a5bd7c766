// How an address moves from row to row.
import { coefficient, mul, rangeOf, sub, toIndex, type Axis, type Index } from '../index.js';
import { rewriteIndex } from '../rewrite.js';

/** Of each address the axis that was asked about last: it is nearly always the same. */
const strides = new WeakMap<Index, { readonly row: Axis; readonly stride: Index | undefined }>();

/** What the store's address grows by from row to row, where the rest of the address stays below it. */
export function rowStride({ at }: { at: Index }, row: Axis): Index | undefined {
  let known = strides.get(at);
  if (known?.row !== row) strides.set(at, (known = { row, stride: findRowStride(at, row) }));
  return known.stride;
}

function findRowStride(at: Index, row: Axis): Index | undefined {
  const stride = coefficient(at, row);
  if (!stride || stride.terms.length === 0) return undefined;
  const rest = sub(at, mul(stride, toIndex(row)));
  const last = sub(stride, 1);
  const range = rangeOf(sub(last, lastOf(rest)));
  return range.min >= 0 && rangeOf(rest).min >= 0 ? stride : undefined;
}

/**
 * An address in what a round of the loops around it sees, and which rows of a longer tensor that is: a row by the number of the round,
 * or the one after it.
 */
export function withinRound(at: Index, rounds: Iterable<Axis>): { readonly at: Index; readonly row: string } {
  let inside = at;
  for (const round of rounds) {
    const length = coefficient(inside, round);
    if (!length || length.terms.length === 0) continue;
    const first = sub(inside, mul(length, toIndex(round)));
    const next = sub(first, length);
    inside = rangeOf(next).min >= 0 ? next : first;
  }
  return { at: inside, row: sub(at, inside).key };
}

/** The largest value of an index whose coefficients are not negative: every axis at its last. */
function lastOf(index: Index): Index {
  return rewriteIndex(index, { atom: (part) => (part.kind === 'axis' ? sub(part.extent, 1) : undefined) });
}
