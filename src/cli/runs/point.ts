// Where the reference evaluator computes what a trainer does: its tensors, and rows that it is fed with.
import { readHeader } from '../../codegen/runtime/safetensors.js';
import type { InputArrays } from '../../data/dataset.js';
import { sizesOfInputs, type Point } from '../../inspect/check/point.js';
import { constantOf } from '../../ir/index.js';
import type { ModelGraph, ModelInput } from '../../ir/model.js';
import type { Trainer } from '../trainer.js';

/** The point before the next step, all of its states among it. */
export async function pointBefore(
  { trainer, model, seed }: { readonly trainer: Trainer; readonly model: ModelGraph; readonly seed: number },
  inputs: InputArrays,
): Promise<Point> {
  const bytes = await trainer.save({ optimizer: true });
  const { metadata, tensors } = readHeader(bytes, (why) => new Error(why));
  const arrays = new Map(
    [...tensors].map(([name, { from, to }]) => [name, new Float32Array(bytes.slice(from, to).buffer)]),
  );
  const rows = rowsOf(model, inputs);
  const names = sizesOfInputs(model);
  return {
    seed,
    sizeOf: (name) => (names.includes(name) && rows !== undefined ? rows : 1),
    inputs,
    parameters: arrays,
    states: arrays,
    counts: { draw: Number(metadata.draw ?? 0), update: Number(metadata.update ?? 0) + 1 },
  };
}

/** How many rows inputs hold, by the first that has rows. */
export function rowsOf(model: ModelGraph, inputs: InputArrays): number | undefined {
  return model.inputs.flatMap((input) => {
    const given = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
    return given && input.type.shape.length > 0 ? [given.length / rowSize(input)] : [];
  })[0];
}

/** How many numbers a row has. */
export function rowSize({ type }: ModelInput): number {
  return type.shape.slice(1).reduce((product, { size }) => product * (constantOf(size) ?? 1), 1);
}
