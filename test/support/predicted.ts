// What a model predicts from a checkpoint, by the reference evaluator: no module is compiled for it.
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { check, type CheckOptions } from '../../src/index.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { input, parameter, state } from '../../src/ir/ops/leaves.js';
import { problemsIn } from './runnable.js';

/** Numbers with a shape, row-major. */
export interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Every output of a model, by its name. */
export function predicted(
  text: string,
  checkpoint: Uint8Array,
  inputs: Readonly<Record<string, Recorded>>,
  options: CheckOptions = {},
): Record<string, readonly number[]> {
  const { model, diagnostics } = check({ file: 'model.nn', text }, options);
  if (!model) throw new Error(problemsIn(diagnostics));
  const { tensors } = readHeader(checkpoint, (why) => new Error(why));
  const sizes: Record<string, number> = {};
  for (const { name, type } of model.inputs)
    type.shape.forEach(({ name: size }, i) => {
      if (size !== undefined) sizes[size] = inputs[name].shape[i];
    });
  const leaf = (node: Node): ArrayLike<number> => {
    if (isOp(node, input)) return inputs[node.attrs.name].data;
    if (!isOp(node, parameter) && !isOp(node, state)) throw new Error(`no values for ${node.op.name}`);
    const stored = tensors.get(node.attrs.name);
    if (!stored) throw new Error(`the checkpoint lacks ${node.attrs.name}`);
    return new Float32Array(new Uint8Array(checkpoint.subarray(stored.from, stored.to)).buffer);
  };
  const { outputs } = model.evaluation;
  const found = evaluate(
    outputs.map(({ node }) => node),
    { leaf, sizes },
  );
  return Object.fromEntries(outputs.map(({ name }, i) => [name, [...found[i]]]));
}

/** The largest difference, relative to the largest element. */
export function apart(found: readonly number[], wanted: readonly number[]): number {
  const size = Math.max(...wanted.map(Math.abs));
  return found.length === wanted.length
    ? Math.max(...found.map((value, i) => Math.abs(value - wanted[i]))) / size
    : Infinity;
}
