// Index-set splitting: a nest in stretches, in each of which the comparisons of an axis with numbers have one answer.
import { add, axesOf, coefficient, constantOf, rangeOf, sub, toIndex, type Axis } from '../index.js';
import type { Nest } from '../program.js';
import type { Scalar } from '../scalar.js';
import { visitScalar } from '../walk.js';
import type { Stretch } from './plans.js';
import { indexOf, specialise, specialiseIndex } from './specialise.js';

/** The nest over the indices of one stretch, and over the axes after it: those before are bound outside. */
export function stretchOf(nest: Nest, axis: Axis, { from, within }: Omit<Stretch, 'plan'>): Nest {
  const place = add(toIndex(within), from);
  const replace = (part: unknown) => (part === axis ? place : undefined);
  const memo = new Map<string, Scalar>();
  return {
    ...nest,
    axes: nest.axes.map((a) => (a === axis ? within : a)),
    stores: nest.stores.map(({ to, at, value }) => ({
      to,
      at: specialiseIndex(at, replace, memo),
      value: specialise(value, replace, memo),
    })),
  };
}

/** The indices of the axis from which on a comparison has another answer than before, ascending. */
export function turnsOf(nest: Nest, axis: Axis): number[] {
  const turns = new Set<number>();
  const seen = new Set<string>();
  const last = rangeOf(toIndex(axis)).max;
  for (const { value } of nest.stores)
    visitScalar(
      value,
      (part) => {
        const turn = turnOf(part, axis);
        if (turn !== undefined && turn > 0 && turn <= last) turns.add(turn);
      },
      seen,
    );
  return [...turns].sort((a, b) => a - b);
}

/** Where `axis + c < 0`, or the like, turns from true to false or back. */
function turnOf(value: Scalar, axis: Axis): number | undefined {
  if (value.kind !== 'apply' || (value.op !== 'lt' && value.op !== 'le')) return undefined;
  const [left, right] = value.args.map(indexOf);
  if (!left || !right) return undefined;
  const difference = sub(left, right);
  const factor = coefficient(difference, axis);
  const sign = factor && constantOf(factor);
  if (sign !== 1 && sign !== -1) return undefined;
  const rest = constantOf(sub(difference, sign === 1 ? toIndex(axis) : sub(0, toIndex(axis))));
  if (rest === undefined || axesOf(difference).size > 1) return undefined;
  const equalToo = value.op === 'le' ? 1 : 0;
  return sign === 1 ? equalToo - rest : rest + 1 - equalToo;
}
