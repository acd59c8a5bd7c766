// What must hold of a program: what is read has been written, calls give every parameter, and what lives at once lies apart.
import { accessOf } from './access.js';
import { axesOf, evaluateSizes } from './index.js';
import type { Entry, Program } from './program.js';
import { actualOf, runsOf } from './runs.js';
import type { Buffer } from './scalar.js';

/** Run-time sizes for which memory is checked. */
const sizes = [1, 7, 64];

/** What is wrong with a program, a sentence each; empty where all is well. */
export function verifyProgram(program: Program): string[] {
  const entries = Object.values(program.entries);
  return [...faultsOfCalls(entries), ...entries.flatMap((entry) => faultsOfEntry(entry, program))];
}

/** Every call of a kernel gives the same parameters. */
function faultsOfCalls(entries: readonly Entry[]): string[] {
  const known = new Map<object, ReadonlySet<Buffer>>();
  return runsOf(entries.flatMap(({ steps }) => steps)).flatMap(({ kernel, given }) => {
    const parameters = new Set(given?.keys());
    const before = known.get(kernel) ?? parameters;
    known.set(kernel, before);
    const differ = parameters.size !== before.size || [...parameters].some((parameter) => !before.has(parameter));
    return differ ? [`a call of ${kernel.name} gives other parameters than the one before`] : [];
  });
}

function faultsOfEntry({ name, steps, results }: Entry, program: Program): string[] {
  const faults: string[] = [];
  const written = new Set<Buffer>();
  const live = new Map<Buffer, { from: number; to: number }>();
  const runs = runsOf(steps);
  runs.forEach((run, now) => {
    const { reads, writes } = accessOf(run.kernel.body);
    for (const read of reads) {
      const buffer = actualOf(run, read);
      if (buffer.space === 'arena' && !written.has(buffer) && !writes.has(read))
        faults.push(`${name}: ${run.kernel.name} reads ${buffer.name}, which nothing before it writes`);
    }
    for (const of of writes) written.add(actualOf(run, of));
    for (const of of new Set([...reads, ...writes])) {
      const buffer = actualOf(run, of);
      if (buffer.space === 'arena') live.set(buffer, { from: live.get(buffer)?.from ?? now, to: now });
    }
  });
  for (const { name: result, buffer } of results) {
    if (buffer.space === 'arena' && !written.has(buffer)) faults.push(`${name}: nothing writes the result ${result}`);
    const interval = live.get(buffer);
    if (interval) interval.to = runs.length;
  }
  // Calls in a loop follow those behind them as well: there, only what is read and written is checked.
  return steps.every(({ kind }) => kind === 'run') ? [...faults, ...faultsOfMemory(name, live, program)] : faults;
}

function faultsOfMemory(
  entry: string,
  live: ReadonlyMap<Buffer, { readonly from: number; readonly to: number }>,
  { memory }: Program,
): string[] {
  const placed = [...live].flatMap(([buffer, interval]) => {
    const offset = memory.offsets.get(buffer);
    return offset && axesOf(offset).size === 0 ? [{ buffer, offset, ...interval }] : [];
  });
  return sizes.flatMap((size) => {
    const value = (of: Buffer['length']): number => evaluateSizes(of, () => size);
    const spans = placed
      .map(({ offset, ...rest }) => ({ ...rest, start: value(offset), end: value(offset) + value(rest.buffer.length) }))
      .sort((a, b) => a.start - b.start);
    return spans.flatMap((a, i) => {
      const faults: string[] = [];
      for (let j = i + 1; j < spans.length && spans[j].start < a.end; j++) {
        const b = spans[j];
        const apart = memory.integers !== undefined && (a.buffer.dtype === 'f32') !== (b.buffer.dtype === 'f32');
        if (!apart && a.from <= b.to && b.from <= a.to)
          faults.push(
            `${entry}: ${a.buffer.name} and ${b.buffer.name} live at once and overlap where sizes are ${size}`,
          );
      }
      return faults;
    });
  });
}
