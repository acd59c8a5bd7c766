// Layers whose units can be looked at: what activations make of them, which axis counts the units, and which of these are never awake.
import { isOp, through, type Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import type { ModelGraph } from '../../ir/model.js';
import { labelOf, titleOf, titleText } from '../../ir/labels.js';
import { add, maximum } from '../../ir/ops/arithmetic.js';
import { broadcast, permute, reshape } from '../../ir/ops/movement.js';
import { parameter } from '../../ir/ops/leaves.js';
import { sigmoid, tanh } from '../../ir/ops/transcendental.js';
import { reachable } from '../../ir/reachable.js';
import { recognise } from '../../ir/recognise.js';
import { nameOnce } from './norms.js';

export interface ActiveLayer {
  readonly name: string;
  readonly node: Node;
  /** The axis that counts its units, and how many they are. */
  readonly axis: number;
  readonly units: number;
  /** Is a unit that gives 0 one that passes nothing on? */
  readonly canDie: boolean;
}

/** The activations of a model that have an axis of examples and one of units; not those inside of loops. */
export function activeLayers({ training: { loss } }: ModelGraph): readonly ActiveLayer[] {
  const name = nameOnce();
  return reachable(loss ? [loss] : []).flatMap((node): ActiveLayer[] => {
    const canDie = isOp(node, maximum) && recognise(node)?.name === 'relu';
    if (node.role.kind !== 'forward' || node.type.shape.length < 2) return [];
    if (!canDie && !isOp(node, tanh, sigmoid)) return [];
    const axis = unitAxis(node);
    const units = constantOf(node.type.shape[axis].size);
    if (units === undefined || constantOf(node.type.shape[0].size) !== undefined) return [];
    return [{ name: name(titleText(labelOf(node) ?? titleOf(node))), node, axis, units, canDie }];
  });
}

/** The axis along which the bias varies that is added before; without one, channels of images come second, and features last. */
function unitAxis(node: Node): number {
  const { shape } = node.type;
  const biased = through(node.inputs[0], [reshape, permute]);
  if (isOp(biased, add) && biased.type.shape.length === shape.length)
    for (const side of biased.inputs) {
      if (!isOp(side, broadcast) || !isOp(through(side, [broadcast, reshape]), parameter)) continue;
      const own = shape
        .flatMap((_, i) => (side.attrs.axes.includes(i) ? [] : [i]))
        .filter((i) => constantOf(shape[i].size) !== 1);
      if (own.length === 1) return own[0];
    }
  return shape.length === 4 ? 1 : shape.length - 1;
}

/** Which units give something other than 0 for some row. */
export function awakeUnits({ node, axis, units }: ActiveLayer, values: ArrayLike<number>, rows: number): Uint8Array {
  const awake = new Uint8Array(units);
  const inner = node.type.shape.slice(axis + 1).reduce((n, { size }) => n * (constantOf(size) ?? 1), 1);
  if (rows === 0) return awake;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) awake[Math.floor(i / inner) % units] = 1;
  return awake;
}

export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

const bins = 24;
/** So many values, evenly apart, show how all are spread. */
const mostSeen = 8192;

/** How values are spread between the least and the largest; those that are not finite are left out. */
export function histogramOf(values: ArrayLike<number>): Histogram {
  let [low, high] = [Infinity, -Infinity];
  // An odd stride meets every column of a matrix of an even width.
  const stride = Math.floor(values.length / mostSeen) | 1;
  for (let i = 0; i < values.length; i += stride)
    if (Number.isFinite(values[i])) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
  const counts = Array.from({ length: bins }, () => 0);
  if (low > high) return { low: 0, high: 0, counts };
  const scale = high > low ? bins / (high - low) : 0;
  for (let i = 0; i < values.length; i += stride)
    if (Number.isFinite(values[i])) counts[Math.min(bins - 1, Math.floor((values[i] - low) * scale))]++;
  return { low: digits(low), high: digits(high), counts };
}

/** Four digits that matter: files of a run hold many of these. */
export function digits(value: number): number {
  return Number(value.toPrecision(4));
}
