// Values for four neighbouring indices of an axis at once, where every load and coordinate allows it.
import {
  add,
  atom,
  axesOf,
  coefficient,
  constantOf,
  provablyLess,
  rangeOf,
  toIndex,
  zero,
  type Axis,
  type Index,
} from '../index.js';
import { apply, fold, indexValue, isLanes, load, number, splat, type Scalar } from '../scalar.js';
import { partsOf } from '../walk.js';
import { specialise } from './specialise.js';

/** Belongs to one axis, and to one choice of what is put together. */
export type LanesMemo = Map<string, Scalar | undefined>;

/**
 * The value at v, v + 1, v + 2, v + 3; the value itself where it does not depend on v; undefined where lanes cannot hold it. `packs`: four
 * loads from elements that are not neighbours, but near each other, are put together.
 */
export function vectorise(
  value: Scalar,
  v: Axis,
  memo: LanesMemo = new Map(),
  packs: boolean = false,
): Scalar | undefined {
  if (memo.has(value.key)) return memo.get(value.key);
  const result = inLanes(value, v, memo, packs);
  memo.set(value.key, result);
  return result;
}

/** In four lanes, whatever it was. */
export function asLanes(value: Scalar): Scalar {
  return isLanes(value) ? value : splat(value);
}

function inLanes(value: Scalar, v: Axis, memo: LanesMemo, packs: boolean): Scalar | undefined {
  switch (value.kind) {
    case 'number':
    case 'local':
      return value;
    case 'index': {
      const stride = strideIn(value, v);
      if (stride === undefined || value.lanes) return undefined;
      if (stride === 0) return value;
      if (stride === 1) return indexValue(value.of, 4);
      const steps = apply('mul', splat(number(stride, 'i32')), indexValue(zero, 4));
      return apply('add', splat(value), steps);
    }
    case 'load': {
      const stride = strideIn(value, v);
      if (stride === 0) return value;
      if (value.lanes) return undefined;
      if (stride === 1) return load(value.from, value.at, 4);
      return packs && areNear(value.at, v, stride) ? pack(value, v) : undefined;
    }
    case 'apply': {
      const args: Scalar[] = [];
      for (const arg of value.args) {
        const done = vectorise(arg, v, memo, packs);
        if (!done) return undefined;
        args.push(done);
      }
      if (!args.some(isLanes)) return value;
      // All lanes are shifted by the same number of indices.
      if (value.op === 'shl' || value.op === 'shr')
        return isLanes(args[1]) ? undefined : apply(value.op, asLanes(args[0]), args[1]);
      if (value.op !== 'select') return apply(value.op, ...args.map(asLanes));
      const [condition, then, otherwise] = args;
      // Lanes choose after both arms are there, so both must be safe to evaluate.
      if (isLanes(condition) && !value.args.slice(1).every((arm) => loadsInRange(arm, value.args[0]))) return undefined;
      return apply('select', condition, asLanes(then), asLanes(otherwise));
    }
    case 'fold': {
      const body = vectorise(value.body, v, memo, packs);
      return body && (isLanes(body) ? fold(value.op, value.over, body) : value);
    }
    case 'splat':
    case 'lane':
      return vectorise(value.of, v, memo, packs) === value.of ? value : undefined;
    default:
      return value satisfies never;
  }
}

/** Neighbours along the axis lie further apart than that where they are rows. */
const mostApart = 4;

/** Are neighbours along the axis few indices apart, or under a quotient? */
function areNear(at: Index, v: Axis, stride: number | undefined): boolean {
  if (stride !== undefined) return Math.abs(stride) <= mostApart;
  return at.terms.every(({ factor, atoms }) =>
    atoms.every((part) => {
      if (part.kind === 'quotient') return Math.abs(factor) <= mostApart || !axesOf(part.of).has(v);
      return part.kind !== 'element' || !axesOf(atom(part)).has(v);
    }),
  );
}

function pack(value: Scalar, v: Axis): Scalar {
  const at = (n: number) => specialise(value, (part) => (part === v ? add(toIndex(v), n) : undefined));
  return apply('pack', at(0), at(1), at(2), at(3));
}

function strideIn(value: Scalar & { kind: 'index' | 'load' }, v: Axis): number | undefined {
  const stride = coefficient(value.kind === 'load' ? value.at : value.of, v);
  return stride && constantOf(stride);
}

/** Are all loads of the value within their buffers, whatever guards them? Those that `also` makes are. */
export function loadsInRange(value: Scalar, also?: Scalar): boolean {
  const made = new Set<string>();
  const collect = (part: Scalar): void => {
    if (made.has(part.key)) return;
    made.add(part.key);
    for (const inner of partsOf(part)) collect(inner);
  };
  if (also) collect(also);
  const seen = new Set<string>();
  const visit = (part: Scalar): boolean => {
    if (seen.has(part.key)) return true;
    seen.add(part.key);
    return (part.kind !== 'load' || made.has(part.key) || inRange(part)) && partsOf(part).every(visit);
  };
  return visit(value);
}

export function inRange(value: Scalar & { kind: 'load' }): boolean {
  // A kernel's own panels are filled for every index of a tile.
  if (value.from.space === 'scratch') return true;
  return rangeOf(value.at).min >= 0 && provablyLess(value.at, value.from.length);
}
