// How the accesses of a nest move with its axes: what every decision of plan is read off.
import { axesOf, coefficient, constantOf, evaluate, mul, type Axis, type Index } from '../index.js';
import type { Nest, Store } from '../program.js';
import type { Scalar } from '../scalar.js';
import { isDear } from './cost.js';
import { someScalar, visitScalar } from '../walk.js';
import type { Estimate } from './sizes.js';

/** Every address of the nest, with coordinates used as values. */
export function addressesOf(nest: Nest): Index[] {
  const all: Index[] = [];
  const seen = new Set<string>();
  const collect = (value: Scalar): void => {
    if (value.kind === 'load') all.push(value.at);
    if (value.kind === 'index') all.push(value.of);
  };
  for (const store of nest.stores) {
    all.push(store.at);
    visitScalar(store.value, collect, seen);
  }
  return all;
}

/** True where b after a is one dense run in every address: the stride of a is the extent of b times the stride of b, and all of both is needed. */
export function dense(addresses: readonly Index[], a: Axis, b: Axis): boolean {
  if (a.until || b.until) return false;
  return addresses.every((at) => {
    const [outer, inner] = [coefficient(at, a), coefficient(at, b)];
    return outer && inner && outer.key === mul(inner, b.extent).key;
  });
}

/** Is a function like exp part of the value? */
export function hasFunction(value: Scalar): boolean {
  return someScalar(value, (part) => part.kind === 'apply' && isDear(part.op));
}

/** Every fold of the nest, outer ones first. */
export function foldsOf(nest: Nest): (Scalar & { kind: 'fold' })[] {
  const found: (Scalar & { kind: 'fold' })[] = [];
  const seen = new Set<string>();
  const visit = (value: Scalar): void => {
    if (value.kind === 'fold') found.push(value);
  };
  for (const store of nest.stores) visitScalar(store.value, visit, seen);
  return found;
}

/** The constant stride of a store along the axis. */
export function strideOfStore(store: Store, axis: Axis): number | undefined {
  const found = coefficient(store.at, axis);
  return found && constantOf(found);
}

/** The stride as a number, with run-time sizes as estimated; undefined where the address is not affine in the axis. */
export function strideAt(at: Index, axis: Axis, estimate: Estimate): number | undefined {
  const found = coefficient(at, axis);
  if (!found) return undefined;
  const known = constantOf(found);
  if (known !== undefined) return known;
  let hasAxes = false;
  const value = evaluate(found, (part) => {
    if (part.kind === 'size') return estimate(part.name);
    hasAxes = true;
    return 1;
  });
  return hasAxes ? undefined : value;
}

/** Every axis that the value's loads and coordinates move with. */
export function axesOfValue(value: Scalar): Set<Axis> {
  const found = new Set<Axis>();
  visitScalar(value, (part) => {
    if (part.kind === 'load') axesOf(part.at, found);
    if (part.kind === 'index') axesOf(part.of, found);
  });
  return found;
}

/** Does the nest read what it stores? Then no element may be computed twice. */
export function readsOwn(nest: Nest): boolean {
  const own = new Set(nest.stores.map((s) => s.to));
  return nest.stores.some((s) => someScalar(s.value, (part) => part.kind === 'load' && own.has(part.from)));
}
