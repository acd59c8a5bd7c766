// Substitution of axes in scalar expressions with what becomes known by it: comparisons of disjoint ranges, selects, conversions.
import { add, constantOf, provablyLess, substitute, type Atom, type Index } from '../index.js';
import { apply, indexValue, number, truth, type Scalar, type ScalarOp } from '../scalar.js';
import { mapScalar } from '../walk.js';

export type Replace = (atom: Atom) => Index | undefined;

/** The value with atoms of its addresses replaced, simplified where guards become known. `memo` must belong to one `replace`. */
export function specialise(value: Scalar, replace: Replace, memo: Map<string, Scalar> = new Map()): Scalar {
  const known = memo.get(value.key);
  if (known) return known;
  const result = parts(value, replace, memo);
  memo.set(value.key, result);
  return result;
}

export function specialiseIndex(index: Index, replace: Replace, memo: Map<string, Scalar> = new Map()): Index {
  return substitute(index, replace, (value) => specialise(value, replace, memo));
}

function parts(value: Scalar, replace: Replace, memo: Map<string, Scalar>): Scalar {
  const again = (part: Scalar): Scalar => specialise(part, replace, memo);
  if (value.kind !== 'apply') return mapScalar(value, again, (address) => specialiseIndex(address, replace, memo));
  if (value.op !== 'select') return simplify(value.op, value.args.map(again));
  const condition = again(value.args[0]);
  if (condition.kind === 'number') return again(value.args[condition.value ? 1 : 2]);
  return apply('select', condition, again(value.args[1]), again(value.args[2]));
}

function simplify(op: ScalarOp, args: readonly Scalar[]): Scalar {
  const [a, b] = args;
  const plain = apply(op, ...args);
  switch (op) {
    case 'lt':
    case 'le':
    case 'eq':
      return compare(op, a, b) ?? plain;
    case 'and':
    case 'or': {
      const absorbing = op === 'and' ? 0 : 1;
      for (const [one, other] of [args, [b, a]])
        if (one.kind === 'number') return one.value === absorbing ? truth(absorbing === 1) : other;
      return plain;
    }
    case 'not':
      return a.kind === 'number' ? truth(a.value === 0) : plain;
    case 'f32':
      return a.kind === 'number' && a.type !== 'f32' ? number(Math.fround(a.value)) : plain;
    default:
      return plain;
  }
}

function compare(op: 'lt' | 'le' | 'eq', a: Scalar, b: Scalar): Scalar | undefined {
  const [left, right] = [indexOf(a), indexOf(b)];
  if (!left || !right) return undefined;
  const [x, y] = [constantOf(left), constantOf(right)];
  if (x !== undefined && y !== undefined) return truth(op === 'lt' ? x < y : op === 'le' ? x <= y : x === y);
  const less = provablyLess(left, right);
  if (op === 'eq') return less || provablyLess(right, left) ? truth(false) : undefined;
  if (less || (op === 'le' && provablyLess(left, add(right, 1)))) return truth(true);
  if (provablyLess(right, op === 'lt' ? add(left, 1) : left)) return truth(false);
  return undefined;
}

/** The index that a value is, where it is one. */
export function indexOf(value: Scalar): Index | undefined {
  if (value.kind === 'index') return value.of;
  if (value.kind === 'number' && value.type === 'i32') {
    const known = indexValue(value.value);
    return known.kind === 'index' ? known.of : add(value.value);
  }
  return undefined;
}
