// Data made up for measurements: the right types and lengths, the same in every run.
import { evaluateSizes } from '../ir/index.js';
import type { ModelInput } from '../ir/model.js';
import { elementCount } from '../ir/types.js';
import type { InputArray } from './dataset.js';

export interface ShapedInput {
  readonly data: InputArray;
  readonly shape: readonly number[];
}

/** An array for each input: numbers and truth values between 0 and 1, indices of the whole range. */
export function syntheticInputs(
  inputs: readonly ModelInput[],
  sizeOf: (name: string) => number,
  seed: number,
): Record<string, ShapedInput> {
  let state = seed >>> 0;
  // A linear congruential generator, of which the upper bits are used.
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const arrayOf = ({ type }: ModelInput): ShapedInput => {
    const { element } = type;
    const shape = type.shape.map((dim) => evaluateSizes(dim.size, sizeOf));
    const from = { length: evaluateSizes(elementCount(type), sizeOf) };
    switch (element.kind) {
      case 'f32':
        return { shape, data: Float32Array.from(from, draw) };
      case 'bool':
        return { shape, data: Uint8Array.from(from, () => Math.round(draw())) };
      case 'index': {
        const size = evaluateSizes(element.size, sizeOf);
        return { shape, data: Int32Array.from(from, () => Math.floor(size * draw())) };
      }
      default:
        return element satisfies never;
    }
  };
  return Object.fromEntries(inputs.map((input) => [input.name, arrayOf(input)]));
}
