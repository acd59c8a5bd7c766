// Substitution in scalar expressions: atoms of their addresses, and whole sub-expressions, replaced in one pass that keeps sharing.
import { substitute, type Atom, type Index } from './index.js';
import type { Scalar } from './scalar.js';
import { mapScalar } from './walk.js';

export interface Rewrite {
  /** What an axis (or another atom) of an address becomes; undefined keeps it. */
  readonly atom?: (atom: Atom) => Index | undefined;
  /** What a sub-expression becomes, asked before its parts are rewritten; undefined goes on into the parts. */
  readonly scalar?: (value: Scalar) => Scalar | undefined;
}

/** Rewrites a value. Axes bound by a fold are replaced like any other, so give fresh axes or leave bound ones alone. */
export function rewriteScalar(value: Scalar, rewrite: Rewrite, memo: Map<string, Scalar> = new Map()): Scalar {
  return rewriter(rewrite, memo).scalar(value);
}

/** Rewrites an address with what its elements load. */
export function rewriteIndex(index: Index, rewrite: Rewrite, memo: Map<string, Scalar> = new Map()): Index {
  return rewriter(rewrite, memo).index(index);
}

/** The functions that call one another down a value, made once for all of it. */
function rewriter(
  rewrite: Rewrite,
  memo: Map<string, Scalar>,
): { readonly scalar: (value: Scalar) => Scalar; readonly index: (address: Index) => Index } {
  const { atom = () => undefined } = rewrite;
  const index = (address: Index): Index => substitute(address, atom, scalar);
  const scalar = (value: Scalar): Scalar => {
    // What has no parts is not worth remembering.
    if (value.kind === 'number' || value.kind === 'local') return rewrite.scalar?.(value) ?? value;
    const known = memo.get(value.key);
    if (known) return known;
    const result = rewrite.scalar?.(value) ?? mapScalar(value, scalar, index);
    memo.set(value.key, result);
    return result;
  };
  return { scalar, index };
}

/** The value with others in the place of its folds: `replace` is asked for outer ones first, and keeps one by undefined. */
export function replaceFolds(
  value: Scalar,
  replace: (fold: Scalar & { readonly kind: 'fold' }) => Scalar | undefined,
  memo: Map<string, Scalar> = new Map(),
): Scalar {
  const scalar = (v: Scalar): Scalar | undefined => {
    if (!v.folds) return v;
    return v.kind === 'fold' ? replace(v) : undefined;
  };
  return rewriteScalar(value, { scalar }, memo);
}
