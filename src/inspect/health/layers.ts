// A model's activations and features computed for a few rows, by the reference evaluator: the trainer keeps none of them.
import { arithmeticOf } from '../explain/arithmetic.js';
import { leafAt, type Point } from '../check/point.js';
import { compiledElements } from '../check/compiled.js';
import { evaluationOf } from '../../ir/evaluate.js';
import { isOp, type Node } from '../../ir/graph.js';
import { evaluateSizes } from '../../ir/index.js';
import { input, state } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { elementCount } from '../../ir/types.js';

export interface Layers {
  /** The inputs that they depend on. */
  readonly inputs: readonly string[];
  /** Do they depend on states? */
  readonly states: boolean;
  /** Operations for so many rows. */
  work(rows: number): number;
  valuesAt(point: Point, rows: number): ReadonlyMap<Node, Float64Array>;
}

/** `rowsName`: the run-time size that counts rows. Any other is 1. */
export function layersOf(nodes: readonly Node[], rowsName: string): Layers {
  const order = reachable(nodes);
  const known = new Map<number, ReturnType<typeof evaluationOf>>();
  const sizesFor = (rows: number) => (name: string) => (name === rowsName ? rows : 1);
  return {
    inputs: order.flatMap((node) => (isOp(node, input) ? [node.attrs.name] : [])),
    states: order.some((node) => isOp(node, state)),
    work(rows) {
      const sizeOf = sizesFor(rows);
      return order.reduce(
        (sum, node) => sum + arithmeticOf(node, sizeOf).all + evaluateSizes(elementCount(node.type), sizeOf),
        0,
      );
    },
    valuesAt(point, rows) {
      const evaluate =
        known.get(rows) ??
        evaluationOf(nodes, { sizes: { [rowsName]: rows }, elements: compiledElements(new Int32Array(1)) });
      known.set(rows, evaluate);
      const values = evaluate(leafAt(point));
      return new Map(nodes.map((node, i) => [node, values[i]]));
    },
  };
}
