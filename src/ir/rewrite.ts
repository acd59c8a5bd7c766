// Substitution in scalar expressions: atoms of their addresses, and whole sub-expressions, replaced in one pass that keeps sharing.
import { substitute, type Atom, type Index } from './index.js';
import { apply, fold, indexValue, lane, load, splat, type Scalar } from './scalar.js';

export interface Rewrite {
  /** What an axis (or another atom) of an address becomes; undefined keeps it. */
  readonly atom?: (atom: Atom) => Index | undefined;
  /** What a sub-expression becomes, asked before its parts are rewritten; undefined goes on into the parts. */
  readonly scalar?: (value: Scalar) => Scalar | undefined;
}

/** Rewrites a value. Axes bound by a fold are replaced like any other, so give fresh axes or leave bound ones alone. */
export function rewriteScalar(value: Scalar, rewrite: Rewrite, memo: Map<string, Scalar> = new Map()): Scalar {
  const known = memo.get(value.key);
  if (known) return known;
  const result = rewrite.scalar?.(value) ?? rewriteParts(value, rewrite, memo);
  memo.set(value.key, result);
  return result;
}

/** Rewrites an address with what its elements load. */
export function rewriteIndex(index: Index, rewrite: Rewrite, memo: Map<string, Scalar> = new Map()): Index {
  return substitute(index, rewrite.atom ?? (() => undefined), (value) => rewriteScalar(value, rewrite, memo));
}

function rewriteParts(value: Scalar, rewrite: Rewrite, memo: Map<string, Scalar>): Scalar {
  const again = (part: Scalar) => rewriteScalar(part, rewrite, memo);
  switch (value.kind) {
    case 'number':
    case 'local':
      return value;
    case 'index':
      return indexValue(rewriteIndex(value.of, rewrite, memo), value.lanes);
    case 'load':
      return load(value.from, rewriteIndex(value.at, rewrite, memo), value.lanes);
    case 'apply':
      return apply(value.op, ...value.args.map(again));
    case 'fold':
      return fold(value.op, value.over, again(value.body));
    case 'splat':
      return splat(again(value.of));
    case 'lane':
      return lane(again(value.of), value.at);
    default:
      return value satisfies never;
  }
}
