// How the accesses of a nest move with its axes: what every decision of plan is read off.
import { axesOf, coefficient, constantOf, evaluate, mul, type Axis, type Index } from '../index.js';
import type { Nest, Store } from '../program.js';
import type { Scalar, ScalarOp } from '../scalar.js';
import { partsOf } from '../walk.js';
import type { Estimate } from './plans.js';

/** Every address of the nest, with coordinates used as values. */
export function addressesOf(nest: Nest): Index[] {
  const all: Index[] = [];
  const seen = new Set<string>();
  for (const store of nest.stores) {
    all.push(store.at);
    collect(store.value, all, seen);
  }
  return all;
}

function collect(value: Scalar, all: Index[], seen: Set<string>): void {
  if (seen.has(value.key)) return;
  seen.add(value.key);
  if (value.kind === 'load') all.push(value.at);
  if (value.kind === 'index') all.push(value.of);
  for (const part of partsOf(value)) collect(part, all, seen);
}

/** True where b after a is one dense run in every address: the stride of a is the extent of b times the stride of b. */
export function dense(addresses: readonly Index[], a: Axis, b: Axis): boolean {
  return addresses.every((at) => {
    const [outer, inner] = [coefficient(at, a), coefficient(at, b)];
    return outer && inner && outer.key === mul(inner, b.extent).key;
  });
}

/** A size with run-time sizes as estimated. */
export function estimated(size: Index, estimate: Estimate): number {
  return evaluate(size, (part) => {
    if (part.kind === 'size') return estimate(part.name);
    if (part.kind === 'quotient') return Math.floor(estimated(part.of, estimate) / estimated(part.by, estimate));
    throw new Error(`an extent has no ${part.kind}`);
  });
}

const dear: ReadonlySet<ScalarOp> = new Set(['exp', 'log', 'log1p', 'expm1', 'sin', 'cos', 'tanh', 'erf', 'pow']);

/** Instructions to evaluate the values once, shared parts counted once; a fold counts its extent times. */
export function costOf(values: readonly Scalar[], estimate: Estimate, seen: Set<string> = new Set()): number {
  let cost = 0;
  for (const value of values) {
    if (seen.has(value.key)) continue;
    seen.add(value.key);
    if (value.kind === 'fold') {
      const extent = value.over.reduce((n, a) => n * estimated(a.extent, estimate), 1);
      cost += extent * (1 + costOf([value.body], estimate, new Set(seen)));
      continue;
    }
    if (value.kind === 'load') cost += 1;
    if (value.kind === 'apply') cost += dear.has(value.op) ? 10 : value.op === 'select' ? 2 : 1;
    cost += costOf(partsOf(value), estimate, seen);
  }
  return cost;
}

/** Is a function like exp part of the value? */
export function hasFunction(value: Scalar, seen: Set<string> = new Set()): boolean {
  if (seen.has(value.key)) return false;
  seen.add(value.key);
  return (value.kind === 'apply' && dear.has(value.op)) || partsOf(value).some((part) => hasFunction(part, seen));
}

/** Every fold of the nest, outer ones first. */
export function foldsOf(nest: Nest): (Scalar & { kind: 'fold' })[] {
  const found: (Scalar & { kind: 'fold' })[] = [];
  const seen = new Set<string>();
  const visit = (value: Scalar): void => {
    if (seen.has(value.key)) return;
    seen.add(value.key);
    if (value.kind === 'fold') found.push(value);
    for (const part of partsOf(value)) visit(part);
  };
  for (const store of nest.stores) visit(store.value);
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

export function axesOfValue(value: Scalar, into: Set<Axis> = new Set(), seen: Set<string> = new Set()): Set<Axis> {
  if (seen.has(value.key)) return into;
  seen.add(value.key);
  if (value.kind === 'load') axesOf(value.at, into);
  if (value.kind === 'index') axesOf(value.of, into);
  for (const part of partsOf(value)) axesOfValue(part, into, seen);
  return into;
}

/** Does the nest read what it stores? Then no place may be computed twice. */
export function readsOwn(nest: Nest): boolean {
  const own = new Set(nest.stores.map((s) => s.to));
  const seen = new Set<string>();
  const reads = (value: Scalar): boolean => {
    if (seen.has(value.key)) return false;
    seen.add(value.key);
    return (value.kind === 'load' && own.has(value.from)) || partsOf(value).some(reads);
  };
  return nest.stores.some((s) => reads(s.value));
}
