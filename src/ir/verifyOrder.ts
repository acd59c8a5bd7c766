// What must hold of the order in which an entry runs: what is read has been written, and old values are read before new ones.
import type { Work } from './program.js';
import type { Buffer } from './scalar.js';

/** One step of an entry: the buffers that it reads before it writes them itself, and those that it writes. */
export interface Access {
  readonly kind: 'run';
  readonly name: string;
  readonly reads: Iterable<Buffer>;
  readonly writes: Iterable<Buffer>;
}

const updated: ReadonlySet<Buffer['space']> = new Set(['parameter', 'state', 'slot']);

/** What is wrong with the order, a sentence each. `results` are there when the last has run. */
export function faultsOfOrder(
  steps: readonly Work<Access>[],
  results: readonly { readonly name: string; readonly buffer: Buffer }[],
): string[] {
  const written = new Set<Buffer>();
  const faults: string[] = [];
  const walk = (list: readonly Work<Access>[]): void => {
    for (const step of list) {
      if (step.kind === 'repeat') {
        walk(step.steps);
        continue;
      }
      for (const buffer of step.reads) {
        if (buffer.space === 'arena' && !written.has(buffer))
          faults.push(`${step.name} reads ${buffer.name}, which nothing before it writes`);
        if (updated.has(buffer.space) && written.has(buffer))
          faults.push(`${step.name} reads ${buffer.name}, whose old value is gone`);
      }
      for (const buffer of step.writes) written.add(buffer);
    }
  };
  walk(steps);
  for (const { name, buffer } of results)
    if (buffer.space === 'arena' && !written.has(buffer)) faults.push(`nothing writes the result ${name}`);
  return faults;
}
