// What norms of gradients and updates tell of a run: layers that learn nothing, or too much.
import { isOp } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { parameter } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { limits } from './limits.js';

/** Norms of a parameter at a step. */
export interface Norms {
  readonly weight: number;
  readonly gradient: number;
  /** Of what the step changed. */
  readonly update: number;
  /** Root of the mean square of those elements of the gradient that are not 0; 0 where all are. */
  readonly slope: number;
}

export interface Look {
  /** Calls of step before it. */
  readonly call: number;
  readonly loss: number;
  readonly norms: ReadonlyMap<string, Norms>;
}

/** A weight that gradients are compared by: how far it is from the loss, by the longest way. */
export interface Weight {
  readonly name: string;
  readonly distance: number;
  /** Biases and the like have gradients of another size than matrices. */
  readonly vector: boolean;
}

/** Trained parameters that have dimensions. */
export function weightsOf({ training: { loss }, parameters }: ModelGraph): readonly Weight[] {
  const trained = new Map(parameters.flatMap(({ name, type, trained: is }) => (is ? [[name, type.shape.length]] : [])));
  const order = reachable(loss ? [loss] : []);
  const distances = new Map(order.map((node) => [node, 0]));
  for (const node of order.reverse())
    for (const of of node.inputs) distances.set(of, Math.max(distances.get(of) ?? 0, 1 + (distances.get(node) ?? 0)));
  return order.flatMap((node) =>
    isOp(node, parameter) && (trained.get(node.attrs.name) ?? 0) > 0
      ? [{ name: node.attrs.name, distance: distances.get(node) ?? 0, vector: trained.get(node.attrs.name) === 1 }]
      : [],
  );
}

export interface Uneven {
  readonly far: string;
  readonly near: string;
  readonly farSlope: number;
  readonly nearSlope: number;
}

/** A layer whose gradient is far smaller than that of one nearer to the loss, in the last looks. */
export function vanishing(looks: readonly Look[], weights: readonly Weight[]): Uneven | undefined {
  const last = looks.slice(-limits.vanishingLooks.value);
  if (last.length < limits.vanishingLooks.value) return undefined;
  const matrices = weights.filter(({ vector }) => !vector);
  const found = last.map((look) =>
    farthest(pairsIn(look, matrices), (far, near) => far < limits.vanishing.value * near),
  );
  return found.every((each) => each !== undefined) ? found.at(-1) : undefined;
}

/**
 * A layer whose gradient is far larger than that of one nearer to the loss, in the last look. Where what layers give grows as the gradient
 * does on its way back, matrices have the same at first, and biases show it: they are compared with the one that is nearest to the loss.
 */
export function exploding(looks: readonly Look[], weights: readonly Weight[]): Uneven | undefined {
  const last = looks.at(-1);
  if (!last) return undefined;
  const large = (far: number, near: number): boolean => far > limits.exploding.value * near;
  const matrices = weights.filter(({ vector }) => !vector);
  const vectors = weights.filter(({ vector }) => vector);
  const nearest = Math.min(...vectors.map(({ distance }) => distance));
  // The gradient of the last bias may cancel out, so that the other must be large by itself.
  const largest = Math.max(...matrices.map(({ name }) => last.norms.get(name)?.weight ?? 0));
  const beyond = limits.explodingWeights.value * largest;
  const toNearest = pairsIn(last, vectors).filter(([far, near]) => near.distance === nearest && far.slope > beyond);
  return farthest(pairsIn(last, matrices), large) ?? (last.call <= 16 ? farthest(toNearest, large) : undefined);
}

interface Slope extends Weight {
  readonly slope: number;
}

type Pair = readonly [far: Slope, near: Slope];

/** All pairs of which the first is farther from the loss. */
function pairsIn({ norms }: Look, weights: readonly Weight[]): readonly Pair[] {
  const known = weights.flatMap((weight) => {
    const slope = norms.get(weight.name)?.slope ?? 0;
    return slope > 0 && Number.isFinite(slope) ? [{ ...weight, slope }] : [];
  });
  return known.flatMap((far) => known.flatMap((near): Pair[] => (far.distance > near.distance ? [[far, near]] : [])));
}

/** The pair that differs most of those that differ so much. */
function farthest(pairs: readonly Pair[], differ: (far: number, near: number) => boolean): Uneven | undefined {
  const apart = ([far, near]: Pair): number => Math.abs(Math.log(far.slope / near.slope));
  const found = pairs.filter(([far, near]) => differ(far.slope, near.slope));
  const most = found.reduce<Pair | undefined>((a, b) => (a && apart(a) >= apart(b) ? a : b), undefined);
  if (!most) return undefined;
  const [far, near] = most;
  return { far: far.name, near: near.name, farSlope: far.slope, nearSlope: near.slope };
}

export interface Grown {
  readonly parameter: string;
  readonly from: number;
  readonly to: number;
  readonly call: number;
}

/** The gradient, all parameters together, is many times what it was at first, and the loss is not below that; and where it grew most. */
export function grown(looks: readonly Look[]): Grown | undefined {
  const [first, last] = [looks.at(0), looks.at(-1)];
  if (!first || !last || looks.length < 2 || last.loss < first.loss) return undefined;
  const total = ({ norms }: Look): number => Math.hypot(...[...norms.values()].map(({ gradient }) => gradient));
  if (!(total(first) > 0) || total(last) < limits.growth.value * total(first)) return undefined;
  const growth = [...last.norms].map(([parameter, { gradient }]) => ({
    ...{ parameter, from: first.norms.get(parameter)?.gradient ?? 0, to: gradient, call: last.call },
  }));
  return growth.reduce((a, b) => (b.to / (b.from || 1e-30) > a.to / (a.from || 1e-30) && b.from > 0 ? b : a));
}

export interface Stride {
  readonly parameter: string;
  readonly update: number;
  readonly weight: number;
}

/**
 * The first steps move a weight, the one in the middle of all, by several times what it started from: the last of them, and how many there
 * are. Steps whose changes are no finite numbers tell nothing of that, and end it.
 */
export function strides(
  looks: readonly Look[],
  weights: readonly Weight[],
  atEnd: boolean,
): (Stride & { readonly steps: number }) | undefined {
  const first = looks.slice(0, limits.strides.value);
  if (first[0]?.call !== 0 || (first.length < limits.strides.value && !atEnd)) return undefined;
  const found = first.flatMap(({ norms }) => {
    const moved = weights.flatMap(({ name, vector }): Stride[] => {
      if (vector) return [];
      const [started, now] = [first[0].norms.get(name)?.weight ?? 0, norms.get(name)];
      return started > 0 && now ? [{ parameter: name, update: now.update, weight: started }] : [];
    });
    const sorted = moved.sort((a, b) => a.update / a.weight - b.update / b.weight);
    const middle = sorted.at(Math.floor(sorted.length / 2));
    return middle && moved.every(({ update }) => Number.isFinite(update)) ? [middle] : [];
  });
  const last = found.at(-1);
  const large = found.every(({ update, weight }) => update >= limits.stride.value * weight);
  return last && large ? { ...last, steps: found.length } : undefined;
}

/** Names of their own for things that may be called alike. */
export function nameOnce(): (name: string) => string {
  const taken = new Map<string, number>();
  return (name) => {
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  };
}
