// Every gradient of a model held against central differences of its loss, in double precision.
import { permutation, threefry } from '../../codegen/runtime/random.js';
import { streamOf } from '../../codegen/module/trainer/initial.js';
import { isOp, type Node, type Origin } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { parameter } from '../../ir/ops/leaves.js';
import { ownGradient } from '../../ir/ops/ownGradient.js';
import { constantOf } from '../../ir/index.js';
import { reachable } from '../../ir/reachable.js';
import { judge, type Line } from './differences.js';
import { groundOf, type Ground, type Mover } from './ground.js';
import type { Point } from './point.js';

export interface ParameterCheck {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  readonly origin?: Origin;
  /** Elements that were compared. */
  readonly checked: number;
  /** Those of them that lie nearer to a kink than the step, of which nothing is said. */
  readonly leftOut: number;
  /** The largest element of the gradient. */
  readonly largest: number;
  /** The largest error, relative to that; 0 where nothing was compared. */
  readonly error: number;
  /** Where the error of an element is largest; or, where that is small, that of the derivative along a random direction through all. */
  readonly worst?: Place;
  /** Functions whose declared gradients the loss goes through on its way to the parameter. */
  readonly declared: readonly string[];
}

export interface Place {
  readonly at: readonly number[] | 'direction';
  readonly error: number;
  /** What is checked, and what differences give. */
  readonly gradient: number;
  readonly differences: number;
}

export interface CheckOptions {
  /** Every element, in place of some. */
  readonly all?: boolean;
  /** The largest error, relative to the largest element of a gradient, that passes. */
  readonly limit: number;
  /** Of the largest element of all gradients: errors are relative to this share of it at least. */
  readonly least?: number;
  /** Sees each parameter as soon as it is checked. */
  readonly seen?: (check: ParameterCheck) => void;
}

/** So many elements of a parameter are compared, where not all are asked for. */
export const elementsDrawn = 20;

/** What single precision tells of a gradient that is all but 0, as a share of the largest element of all gradients. */
export const leastShare = 1e-3;

/** The same of differences in double precision: those of a bias that softmax does not see are as large as rounding makes them. */
export const leastOfDoubles = 1e-6;

/** The gradients of the total loss in double precision, by parameter. */
export function gradientsAt(gradients: ReadonlyMap<string, Node>, point: Point): ReadonlyMap<string, Float64Array> {
  const ground = groundOf([...gradients.values()], point);
  return new Map([...gradients].map(([name, node]) => [name, ground.of(node).slice()]));
}

/** Checks gradients, by parameter, at a point; `model` is as it was written, before anything is simplified. */
export function checkGradients(
  model: ModelGraph,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
  point: Point,
  options: CheckOptions,
): readonly ParameterCheck[] {
  const { loss } = model.training;
  if (!loss) throw new Error('the model has no loss');
  const ground = groundOf([loss], point);
  const leaves = new Map(reachable([loss]).flatMap((n) => (isOp(n, parameter) ? [[n.attrs.name, n] as const] : [])));
  const rounding = roundingOf(ground.mover([...leaves.values()]), ground, loss);
  const most = Math.max(0, ...[...gradients.values()].map((values) => largestOf(values)));
  const landscape = { ground, loss, rounding, least: (options.least ?? leastOfDoubles) * most };
  return model.parameters.flatMap((p) => {
    const [gradient, leaf] = [gradients.get(p.name), leaves.get(p.name)];
    if (!gradient || !leaf) return [];
    const check = checkParameter(leaf, Float64Array.from(gradient), landscape, point, options);
    options.seen?.(check);
    return [check];
  });
}

function checkParameter(
  leaf: Node<{ name: string }>,
  gradient: Float64Array,
  landscape: Landscape,
  { seed }: Point,
  { all, limit }: CheckOptions,
): ParameterCheck {
  const { name } = leaf.attrs;
  const shape = leaf.type.shape.map((d) => constantOf(d.size) ?? 0);
  const mover = landscape.ground.mover([leaf]);
  const lineAlong = linesOf(mover, landscape);
  const largest = largestOf(gradient);
  const norm = Math.sqrt(gradient.reduce((sum, d) => sum + d * d, 0));
  let [checked, leftOut] = [0, 0];
  const places: Place[] = [];
  const hold = (derivative: number, line: Line, scale: number, at: Place['at']): boolean => {
    const { kink, error, estimate } = judge(derivative, line, Math.max(scale, landscape.least), limit);
    if (!kink) places.push({ at, error, gradient: derivative, differences: estimate });
    return !kink;
  };
  const chosen = all ? Array.from(gradient.keys()) : drawn(gradient, seed, streamOf(`${name} drawn`));
  for (const i of chosen) {
    const line = lineAlong((room, t) => (room[i] += t), 1);
    if (hold(gradient[i], line, largest, coordinates(i, shape))) checked++;
    else leftOut++;
  }
  const element = worstOf(places);
  if (gradient.length > 1) {
    const sign = signs(gradient.length, seed, streamOf(`${name} direction`));
    const along = gradient.reduce((sum, d, i) => sum + d * sign[i], 0);
    const line = lineAlong((room, t) => sign.forEach((s, i) => (room[i] += s * t)), Math.sqrt(gradient.length));
    hold(along, line, norm, 'direction');
  }
  const worst = element && !(element.error <= limit) ? element : worstOf(places);
  mover.settle();
  return {
    name,
    shape,
    count: gradient.length,
    ...(leaf.origin && { origin: leaf.origin }),
    checked,
    leftOut,
    largest,
    error: places.reduce((most, place) => Math.max(most, place.error), 0),
    ...(worst && { worst }),
    declared: [...new Set(mover.moves.flatMap((n) => (isOp(n, ownGradient) ? [n.attrs.gradient.name] : [])))],
  };
}

function worstOf(places: readonly Place[]): Place | undefined {
  return places.reduce<Place | undefined>((a, b) => (a && a.error >= b.error ? a : b), undefined);
}

/** The loss around the point. */
interface Landscape {
  readonly ground: Ground;
  readonly loss: Node;
  /** By how much rounding changes it. */
  readonly rounding: number;
  /** What errors are relative to at least. */
  readonly least: number;
}

/** Lines through where a parameter stands; `length` is how long the direction is. */
function linesOf(
  mover: Mover,
  { ground, loss, rounding }: Landscape,
): (move: (room: Float64Array, t: number) => void, length: number) => Line {
  const [from] = mover.from;
  const unit = scaleOf(from);
  return (move, length) => ({
    decisions: mover.decisions,
    rounding,
    unit: unit / length,
    at(t) {
      const decisions = mover.to(([room]) => move(room, t));
      return { value: ground.of(loss)[0], decisions };
    },
  });
}

/** How far from 0 elements are, but for those very near. */
export function scaleOf(values: Float64Array | Float32Array): number {
  let squares = 0;
  for (const x of values) squares += x * x;
  return Math.max(0.1, Math.sqrt(squares / Math.max(1, values.length)));
}

/** The largest size of an element; NaN where one is. */
export function largestOf(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** What the last bits of all parameters change, but for what is linear in them: how all on the way to the loss is rounded. */
function roundingOf(mover: Mover, ground: Ground, loss: Node): number {
  const at = ground.of(loss)[0];
  const scaled = (factor: number): number => {
    mover.to((rooms) => {
      for (const room of rooms) for (let i = 0; i < room.length; i++) room[i] *= factor;
    });
    return ground.of(loss)[0];
  };
  // Two or three places can be rounded alike by chance.
  const bits = [2 ** -51, 2 ** -50, 2 ** -49, 2 ** -48, 2 ** -47].map(
    (bit) => Math.abs(scaled(1 + bit) - 2 * at + scaled(1 - bit)) / 2,
  );
  mover.settle();
  return Math.max(Math.abs(at) * 2 ** -53, ...bits);
}

/** The largest element and others by the draw, in order. */
function drawn(gradient: Float64Array, seed: number, stream: number): number[] {
  const count = gradient.length;
  if (count <= elementsDrawn) return Array.from(gradient.keys());
  const largest = gradient.reduce((at, d, i) => (Math.abs(d) > Math.abs(gradient[at]) ? i : at), 0);
  const others = permutation(count, seed, stream).subarray(0, elementsDrawn - 1);
  return [...new Set([largest, ...others])].sort((a, b) => a - b);
}

/** 1 and -1, by the draw. */
export function signs(count: number, seed: number, stream: number): Int8Array {
  return Int8Array.from({ length: count }, (_, i) => (threefry(seed, stream, i, 3)[0] >>> 31 === 1 ? 1 : -1));
}

export function coordinates(place: number, shape: readonly number[]): number[] {
  let rest = place;
  return shape
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = (rest - at) / size;
      return at;
    })
    .toReversed();
}
