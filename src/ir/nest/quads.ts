// Four neighbours along an axis at once, where vectors lie at multiples of four numbers and nowhere else; integers have none.
import { constantOf, mod, toIndex, type Axis, type Index } from '../index.js';
import type { Nest, Store } from '../program.js';
import { elementType, type Scalar } from '../scalar.js';
import { replaceFolds } from '../rewrite.js';
import { partsOf } from '../walk.js';
import { asLanes, vectorise } from './lanes.js';
import { strideOfStore } from './strides.js';

/** The value at four neighbours, the first of them a multiple of four; undefined where that is not proved to be loads of whole vectors. */
export function inQuads(value: Scalar, axis: Axis): Scalar | undefined {
  if (constantOf(mod(axis.extent, toIndex(4))) !== 0) return undefined;
  const lanes = vectorise(value, axis);
  return lanes && vectorsIn(lanes).every(({ from, at }) => elementType(from) === 'f32' && isAligned(at, axis))
    ? asLanes(lanes)
    : undefined;
}

/** The nest's stores at four neighbours along the axis, with these values in the place of folds, by key. */
export function storesInQuads(nest: Nest, axis: Axis, folds: ReadonlyMap<string, Scalar>): Store[] | undefined {
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar => replaceFolds(value, (f) => folds.get(f.key), memo);
  const stores: Store[] = [];
  for (const store of nest.stores) {
    const value = inQuads(visit(store.value), axis);
    if (!value || elementType(store.to) !== 'f32' || strideOfStore(store, axis) !== 1 || !isAligned(store.at, axis))
      return undefined;
    stores.push({ ...store, value });
  }
  return stores;
}

/** Is the address a multiple of four where the axis is? */
function isAligned(at: Index, axis: Axis): boolean {
  return at.terms.every(({ factor, atoms }) => factor % 4 === 0 || (atoms.length === 1 && atoms[0] === axis));
}

/** Loads of four. */
function vectorsIn(value: Scalar, seen: Set<string> = new Set()): (Scalar & { kind: 'load' })[] {
  if (seen.has(value.key)) return [];
  seen.add(value.key);
  const own = value.kind === 'load' && value.lanes ? [value] : [];
  return [...own, ...partsOf(value).flatMap((part) => vectorsIn(part, seen))];
}
