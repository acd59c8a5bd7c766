// What a model's first layers are fed with: the values that come of the inputs alone and are multiplied with weights.
import { isOp, through, type Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import type { ModelGraph } from '../../ir/model.js';
import { contract } from '../../ir/ops/contract.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { broadcast, pad, permute, reshape, slice } from '../../ir/ops/movement.js';
import { window } from '../../ir/ops/windows.js';
import { reachable } from '../../ir/reachable.js';
import { limits } from './limits.js';

export interface Feature {
  /** The values, before they are windowed or padded. */
  readonly node: Node;
  /** The product that reads them. */
  readonly product: Node;
}

/** Each value once. */
export function featuresOf({ training: { loss } }: ModelGraph): readonly Feature[] {
  const [learnt, fed] = [new Set<Node>(), new Set<Node>()];
  const found = new Map<Node, Feature>();
  for (const node of reachable(loss ? [loss] : [])) {
    if (isOp(node, parameter) || node.inputs.some((of) => learnt.has(of))) learnt.add(node);
    if (isOp(node, input) || node.inputs.some((of) => fed.has(of))) fed.add(node);
    if (!isOp(node, contract)) continue;
    const [a, b] = node.inputs;
    const value = learnt.has(b) && !learnt.has(a) ? a : learnt.has(a) && !learnt.has(b) ? b : undefined;
    if (!value || !fed.has(value)) continue;
    const base = through(value, [reshape, permute, slice, broadcast, window, pad]);
    if (base.type.element.kind === 'f32' && !found.has(base)) found.set(base, { node: base, product: node });
  }
  return [...found.values()];
}

export interface Scale {
  /** The column, where rows have columns. */
  readonly column?: number;
  /** Root of the mean square. */
  readonly size: number;
}

/** The columns of the largest and of the smallest values, where they are too far from 1. */
export function unscaled(
  { type: { shape } }: Node,
  values: ArrayLike<number>,
): { readonly worst: Scale; readonly other: Scale } | undefined {
  const width = shape.length === 2 ? (constantOf(shape[1].size) ?? 1) : 1;
  const sums = new Float64Array(width);
  for (let i = 0; i < values.length; i++) sums[i % width] += values[i] ** 2;
  const scales = Array.from(sums, (sum, column): Scale => ({
    ...(width > 1 && { column }),
    size: Math.sqrt((sum * width) / values.length),
  })).filter(({ size }) => size > 0 && Number.isFinite(size));
  if (scales.length === 0) return undefined;
  const largest = scales.reduce((a, b) => (b.size > a.size ? b : a));
  const smallest = scales.reduce((a, b) => (b.size < a.size ? b : a));
  if (largest.size > limits.largestFeature.value) return { worst: largest, other: smallest };
  return largest.size < limits.smallestFeature.value ? { worst: smallest, other: largest } : undefined;
}
