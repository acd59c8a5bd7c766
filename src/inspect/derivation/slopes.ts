// Gradients beside central differences: of each the elements that matter most.
import { isOp } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { parameter } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { groundOf, type Ground } from '../check/ground.js';
import type { Point } from '../check/point.js';
import type { CotangentStep, Derivation } from './data.js';
import type { At } from './numbers.js';

/** An element of a gradient, and (f(w + h) - f(w - h)) / 2h. */
export interface Slope {
  /** In row-major order. */
  readonly place: number;
  readonly gradient: number;
  readonly difference: number;
  /** Another branch is taken within the step: the difference is not the derivative. */
  readonly kink: boolean;
}

const mostElements = 5;
/** Models of more parameters take too long. */
const mostParameters = 1e5;
/** A step, relative to the weight where that is larger than 1. */
const step = 1e-5;

/**
 * Of a gradient by a parameter the largest elements, of first order and of models that are not too large. In double precision, with the
 * draws of the batch.
 */
export function createSlopes(
  { order, of: name, forward }: Derivation,
  { states }: ModelGraph,
  at: At,
): (step: CotangentStep, gradient: ArrayLike<number>) => Slope[] {
  const total = [...at.tensors.values()].reduce((sum, { length }) => sum + length, 0);
  const of = forward.find((step) => step.name === name)?.node;
  if (order !== 1 || total > mostParameters || !of) return () => [];
  const leaves = new Map(reachable([of]).flatMap((node) => (isOp(node, parameter) ? [[node.attrs.name, node]] : [])));
  let ground: Ground | undefined;
  return ({ value }, gradient) => {
    const leaf = leaves.get(value);
    if (!leaf) return [];
    ground ??= groundOf([of], pointAt(at, new Set(states.map((state) => state.name))));
    const { of: elementsOf, mover } = ground;
    const { from, to, settle, decisions } = mover([leaf]);
    const lossWith = (place: number, weight: number): { readonly loss: number; readonly same: boolean } => {
      const decided = to(([weights]) => (weights[place] = weight));
      return { loss: elementsOf(of)[0], same: decided === decisions };
    };
    const places = Array.from(gradient, (_, place) => place);
    places.sort((a, b) => Math.abs(gradient[b]) - Math.abs(gradient[a]));
    const found = places.slice(0, mostElements).map((place): Slope => {
      const weight = from[0][place];
      const h = step * Math.max(1, Math.abs(weight));
      const [up, down] = [weight + h, weight - h];
      const [after, before] = [lossWith(place, up), lossWith(place, down)];
      const difference = (after.loss - before.loss) / (up - down);
      return { place, gradient: gradient[place], difference, kink: !after.same || !before.same };
    });
    settle();
    return found;
  };
}

function pointAt({ inputs, tensors, sizes, counts }: At, isState: ReadonlySet<string>): Point {
  const all = [...tensors].map(([name, data]) => [name, Float32Array.from(data)] as const);
  return {
    seed: counts.seed,
    sizeOf: (name) => sizes[name] ?? 1,
    inputs,
    parameters: new Map(all.filter(([name]) => !isState.has(name))),
    states: new Map(all.filter(([name]) => isState.has(name))),
    counts: { draw: counts.draw, update: counts.update },
  };
}
