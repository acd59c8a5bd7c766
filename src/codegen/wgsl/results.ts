// What comes back from the device after an entry has run.
import type { Index } from '../../ir/index.js';
import type { Entry, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { elementCount } from '../../ir/types.js';
import type { Call } from './call.js';

/** What comes back from the device, in this order; the host has the rest itself. */
export function resultsOf({ name, results }: Entry, call: Call, { lossScale }: TrainerProgram): Entry['results'] {
  const own = results.filter((r) => !call.has(r.buffer));
  if (!lossScale || !/^step\b/.test(name)) return own;
  return [
    ...own,
    { name: scaleResults.value, buffer: lossScale.value },
    { name: scaleResults.steps, buffer: lossScale.steps },
  ];
}

/** What a step says of the scale of the loss, by names that no loss can have. */
export const scaleResults = { value: 'loss scale', steps: 'steps of the loss scale' } as const;

/** Elements of a result. */
export function lengthOf(entry: Entry, name: string, buffer: Buffer, program: TrainerProgram): Index {
  const output = entry.name === 'predict' ? program.outputs.find((o) => o.name === name) : undefined;
  return output ? elementCount(output.type) : buffer.length;
}
