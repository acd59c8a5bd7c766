// What a random graph grows from: a pool of nodes, and choices among them.
import type { Builder, Node, Op } from '../../../src/ir/graph.js';
import { evaluateSizes, size as sizeNamed } from '../../../src/ir/index.js';
import { filled, spread } from '../../../src/ir/ops/calls.js';
import { size } from '../../../src/ir/ops/constants.js';
import type { Plain } from '../../../src/ir/ops/elementwise.js';
import { add, mul } from '../../../src/ir/ops/arithmetic.js';
import { broadcast } from '../../../src/ir/ops/movement.js';
import { elementCount, sameShape, type ElementType } from '../../../src/ir/types.js';

export interface Growing {
  readonly g: Builder;
  readonly pool: readonly Node[];
  /** Those of the pool that hold what was given, which no rounding has touched. */
  readonly leaves: readonly Node[];
  /** A number in 0 … below - 1. */
  choose(below: number): number;
  readonly sizes: Readonly<Record<string, number>>;
  /** How many loops stand around. */
  readonly depth: number;
  /** What bodies of loops grow by. */
  readonly growths: readonly Growth[];
}

/** New nodes; undefined where the pool has nothing that fits. */
export type Growth = (of: Growing) => Node | readonly Node[] | undefined;

export const make = (g: Builder, op: Op<Plain>, ...inputs: readonly Node[]): Node => g.make(op, inputs, {});

export const isFloat = ({ type }: Node): boolean => type.element.kind === 'f32';

/** A node of the pool that holds numbers: there is always one. */
export function pick(of: Growing): Node {
  const found = pickOf(of, 'f32');
  if (!found) throw new Error('the pool holds no numbers');
  return found;
}

export function pickOf({ pool, choose }: Growing, kind: ElementType['kind']): Node | undefined {
  const fitting = pool.filter((node) => node.type.element.kind === kind);
  // Younger nodes rather than older ones, or graphs stay flat.
  return fitting[Math.max(choose(fitting.length), choose(fitting.length))];
}

/** A node of numbers and of the same shape as another: one of the pool, or a number or a scalar spread out. */
export function pickLike(of: Growing, like: Node): Node {
  const { g, pool, choose } = of;
  const fitting = pool.filter((node) => isFloat(node) && sameShape(node.type, like.type));
  const scalars = pool.filter((node) => isFloat(node) && node.type.shape.length === 0);
  if (scalars.length > 0 && choose(6) === 0) return spread(g, scalars[choose(scalars.length)], like.type);
  return fitting[choose(fitting.length)];
}

export const numbers = [-2, -1, 0, 0.5, 1, 2, 3, 1 / 3];

/** A number, or a run-time size, in the shape of a node. */
export function uniform({ g, choose }: Growing, like: Node): Node {
  if (choose(4) === 0) return spread(g, g.make(size, [], { of: sizeNamed('batch') }), like.type);
  return filled(g, numbers[choose(numbers.length)], like.type);
}

/** x² + 0.5: what divides, or whose root or logarithm is taken. */
export const positive = (g: Builder, x: Node): Node => make(g, add, make(g, mul, x, x), filled(g, 0.5, x.type));

export function axesOf({ choose }: Growing, x: Node): number[] {
  const some = x.type.shape.map((_, i) => i).filter(() => choose(2) === 0);
  return some.length === 0 && x.type.shape.length > 0 ? [choose(x.type.shape.length)] : some;
}

export const keepOrder = (x: Node): number[] => x.type.shape.map((_, i) => i);

/** The reduction's result at every place it was made from. */
export const back = (g: Builder, y: Node, x: Node, axes: readonly number[]): Node =>
  g.make(broadcast, [y], { shape: x.type.shape, axes });

/** A node that is small enough to be evaluated quickly. */
export function isSmall({ type }: Node, sizes: Growing['sizes']): boolean {
  return type.shape.length <= 4 && evaluateSizes(elementCount(type), (name) => sizes[name]) <= 96;
}

/** The new nodes of a growth that are small and not of the pool. */
export function grown(growth: Growth, of: Growing): Node[] {
  const made = growth(of) ?? [];
  const nodes = 'op' in made ? [made] : made;
  return nodes.filter((node) => isSmall(node, of.sizes) && !of.pool.includes(node));
}
