// Numbers of which nobody knows how many there will be: blocks, put together at the end.
import type { ModelInput } from '../ir/model.js';
import { makeArray, type InputArray } from './dataset.js';
import type { Memory } from './limits.js';

export interface Growing {
  push(value: number): void;
  /** All of them; the blocks are let go. */
  finish(): InputArray;
}

const blockLength = 2 ** 16;

/** Collects the numbers of an input. */
export function growing(input: ModelInput, place: string, memory: Memory): Growing {
  const full: InputArray[] = [];
  let block = makeArray(input, blockLength, place, memory);
  let filled = 0;
  return {
    push(value) {
      if (filled === blockLength) {
        full.push(block);
        block = makeArray(input, blockLength, place, memory);
        filled = 0;
      }
      block[filled++] = value;
    },
    finish() {
      const whole = makeArray(input, full.length * blockLength + filled, place);
      full.forEach((each, i) => whole.set(each, i * blockLength));
      whole.set(block.subarray(0, filled), full.length * blockLength);
      full.length = 0;
      return whole;
    },
  };
}
