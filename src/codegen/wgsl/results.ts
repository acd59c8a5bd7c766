// What comes back from the device after an entry has run.
import type { Index } from '../../ir/index.js';
import type { Entry, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { elementCount } from '../../ir/types.js';
import type { Call } from './call.js';

/** What comes back from the device, in this order; the host has the rest itself. */
export function resultsOf({ results }: Entry, call: Call): Entry['results'] {
  return results.filter((r) => !call.has(r.buffer));
}

/** Elements of a result. */
export function lengthOf(entry: Entry, name: string, buffer: Buffer, program: TrainerProgram): Index {
  const output = entry.name === 'predict' ? program.outputs.find((o) => o.name === name) : undefined;
  return output ? elementCount(output.type) : buffer.length;
}
