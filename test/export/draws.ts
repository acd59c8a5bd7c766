// Draws of one step of a run, as the evaluator makes them.
import { isOp, type Node } from '../../src/ir/graph.js';
import { counter } from '../../src/ir/ops/leaves.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { modelOf } from './onnxRuntime.js';

export interface Drawn {
  readonly model: ModelGraph;
  readonly nodes: readonly { readonly name: string; readonly node: Node }[];
  readonly counters: Readonly<Record<string, number>>;
  leaf(node: Node): ArrayLike<number>;
}

/** `uniform` and `normal`, 300 numbers each. A prediction draws as before the first step. */
export function drawn(draw = 0): Drawn {
  const model = modelOf(`model draws {
  input x: [300]
  output uniform = uniform_like(x)
  output normal = normal_like(x)
}`);
  const counters: Readonly<Record<string, number>> = { seed: 77, draw };
  return {
    model,
    nodes: model.evaluation.outputs,
    counters,
    leaf: (node) => (isOp(node, counter) ? [counters[node.attrs.name]] : new Float32Array(300)),
  };
}
