// Where a model is checked: values for all that its graphs start from.
import { streamOf } from '../../codegen/module/trainer/initial.js';
import { drawNormal, drawOrthogonal, drawUniform } from '../../codegen/runtime/random.js';
import { isOp, type Node } from '../../ir/graph.js';
import { constantOf, evaluateSizes, sizesOf } from '../../ir/index.js';
import { leastSizes } from '../../ir/leastSizes.js';
import type { ModelGraph, ModelParameter, ModelState } from '../../ir/model.js';
import { counter, input, parameter, state } from '../../ir/ops/leaves.js';
import { conditionsOf } from '../../ir/requirements.js';
import { elementCount } from '../../ir/types.js';

/** All of it numbers of f32, so that every target can be put there as well. */
export interface Point {
  readonly seed: number;
  /** The run-time sizes. */
  sizeOf(name: string): number;
  /** Row-major, by name. */
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly states: ReadonlyMap<string, Float32Array>;
  /** Default: as a fresh trainer has them. */
  readonly counts?: { readonly draw: number; readonly update: number };
}

/** `gradients` of a fresh trainer makes the first draw. No loss depends on how long a run is. */
const counters = { draw: 0, update: 1, run: 1, learning_rate_scale: 1 };

/** A fresh trainer of this seed. Parameters that begin as one number are moved by up to a tenth of it. */
export function pointOf(model: ModelGraph, { inputs, sizeOf }: Pick<Point, 'inputs' | 'sizeOf'>, seed: number): Point {
  const parameters = model.parameters.map((p) => [p.name, moved(p, begun(p, seed, sizeOf), seed)] as const);
  const states = model.states.map((s) => [s.name, begun(s, seed, sizeOf)] as const);
  return { seed, sizeOf, inputs, parameters: new Map(parameters), states: new Map(states) };
}

/** The elements of a leaf of the model's graphs. */
export function leafAt(point: Point): (node: Node) => ArrayLike<number> {
  return (node) => {
    if (isOp(node, input)) return point.inputs[node.attrs.name];
    if (isOp(node, parameter)) return point.parameters.get(node.attrs.name) ?? missing(node);
    if (isOp(node, state)) return point.states.get(node.attrs.name) ?? missing(node);
    if (isOp(node, counter))
      return [node.attrs.name === 'seed' ? point.seed : { ...counters, ...point.counts }[node.attrs.name]];
    return missing(node);
  };
}

function missing(node: Node): never {
  throw new Error(`there is no value for a node of ${node.op.name}`);
}

/** Run-time sizes that a model takes. */
export interface SizesTaken {
  /** The first of them. */
  readonly rows: number;
  sizeOf(name: string): number;
}

/** So many for every run-time size, or the next numbers that the model takes; where there are none, the smallest. */
export function sizesFor(model: ModelGraph, wanted: number): SizesTaken {
  const names = sizesOfInputs(model);
  const conditions = conditionsOf(model);
  const found = leastSizes(names, conditions, () => wanted) ?? leastSizes(names, conditions);
  const sizeOf = (name: string): number => found?.get(name) ?? wanted;
  return { rows: names.length > 0 ? sizeOf(names[0]) : wanted, sizeOf };
}

/** Every run-time size, in the order in which the inputs name them. */
export function sizesOfInputs({ inputs }: ModelGraph): string[] {
  const found = new Set<string>();
  for (const { type } of inputs) for (const { size } of type.shape) sizesOf(size, found);
  return [...found];
}

/** How a parameter or state begins in a trainer of this seed: what `initialize` of a module does. */
export function begun(
  { name, type, initial }: ModelParameter | ModelState,
  seed: number,
  sizeOf: (name: string) => number,
): Float32Array {
  const values = new Float32Array(evaluateSizes(elementCount(type), sizeOf));
  const stream = streamOf(name);
  switch (initial.kind) {
    case 'fill':
      return values.fill(initial.value);
    case 'values':
      values.set(initial.values);
      return values;
    case 'uniform':
      drawUniform(values, seed, stream, initial.low, initial.high);
      return values;
    case 'normal':
      drawNormal(values, seed, stream, initial.mean, initial.std);
      return values;
    case 'orthogonal': {
      const rows = type.shape.length === 0 ? 1 : (constantOf(type.shape[0].size) ?? 1);
      drawOrthogonal(values, seed, stream, rows, initial.gain);
      return values;
    }
    default:
      return initial satisfies never;
  }
}

/**
 * A bias of 0 puts what it is added to on the kink of a relu wherever the rest is 0, and a factor of 0 hides all that stands before it:
 * there is nothing to compare at such a place.
 */
function moved({ initial, name, trained }: ModelParameter, values: Float32Array, seed: number): Float32Array {
  if (initial.kind !== 'fill' || !trained) return values;
  const by = 0.1 * (Math.abs(initial.value) || 1);
  drawUniform(values, seed, streamOf(`${name} moved`), initial.value - by, initial.value + by);
  return values;
}
