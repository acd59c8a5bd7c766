// What must hold of a program: what is read has been written, calls give every parameter, and what lives at once lies apart.
import { accessOf } from './access.js';
import { axesOf, evaluateSizes, type Axis } from './index.js';
import type { Entry, Kernel, Program, Run, Step } from './program.js';
import { actualOf, runsOf } from './runs.js';
import type { Buffer } from './scalar.js';
import { visitStatements } from './statements.js';

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
  const faults = new Set<string>();
  const written = new Set<Buffer>();
  const moments = momentsOf(steps);
  for (const { run, needs, writes } of moments) {
    for (const buffer of needs)
      if (buffer.space === 'arena' && !written.has(buffer))
        faults.add(`${name}: ${run.kernel.name} reads ${buffer.name}, which nothing before it writes`);
    for (const buffer of writes) written.add(buffer);
  }
  const reported = new Set(results.map(({ buffer }) => buffer));
  for (const { name: result, buffer } of results)
    if (buffer.space === 'arena' && !written.has(buffer)) faults.add(`${name}: nothing writes the result ${result}`);
  return [...faults, ...faultsOfMemory(name, livesIn(moments, reported), program)];
}

/** One call of a kernel. */
interface Moment {
  readonly run: Run;
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
  /** What it reads before it has written any of it. */
  readonly needs: ReadonlySet<Buffer>;
  /** What it writes before it reads any of it, and in whole, as it seems: at places that do not depend on the round of a loop. */
  readonly makes: ReadonlySet<Buffer>;
}

/** What happens one after another. Two rounds of a loop show all that one hands on to the next. */
function momentsOf(steps: readonly Step[], rounds: ReadonlySet<Axis> = new Set()): Moment[] {
  return steps.flatMap((step): Moment[] => {
    if (step.kind === 'run') return [momentOf(step, rounds)];
    const round = momentsOf(step.steps, new Set([...rounds, step.axis]));
    return [...round, ...round];
  });
}

function momentOf(run: Run, rounds: ReadonlySet<Axis>): Moment {
  const { reads, writes } = accessOf(run.kernel.body);
  const actual = (buffers: Iterable<Buffer>): Set<Buffer> => new Set([...buffers].map((b) => actualOf(run, b)));
  const { begun, inRows } = writtenFirst(run.kernel, rounds);
  return {
    run,
    reads: actual(reads),
    writes: actual(writes),
    needs: actual([...reads].filter((buffer) => !begun.has(buffer))),
    makes: actual([...begun].filter((buffer) => !inRows.has(buffer))),
  };
}

/** What a kernel writes before it reads any of it (`begun`), and what it writes at places that depend on the rounds around it. */
function writtenFirst({ body }: Kernel, rounds: ReadonlySet<Axis>) {
  const begun = new Set<Buffer>();
  const inRows = new Set<Buffer>();
  const read = new Set<Buffer>();
  visitStatements(body, {
    statement(s) {
      if (s.kind !== 'store') return;
      if ([...axesOf(s.at)].some((axis) => rounds.has(axis))) inRows.add(s.to);
      if (s.add) read.add(s.to);
      if (!read.has(s.to)) begun.add(s.to);
    },
    scalar(value) {
      if (value.kind === 'load' && !begun.has(value.from)) read.add(value.from);
    },
  });
  return { begun, inRows };
}

/** At which moments a buffer is written, and at which it must hold what it holds; a bit each. */
interface Life {
  writes: bigint;
  holds: bigint;
}

function livesIn(moments: readonly Moment[], reported: ReadonlySet<Buffer>): Map<Buffer, Life> {
  const lives = new Map<Buffer, Life>();
  const lifeOf = (buffer: Buffer): Life => {
    const life = lives.get(buffer) ?? { writes: 0n, holds: 0n };
    lives.set(buffer, life);
    return life;
  };
  const isPlanned = ({ space }: Buffer): boolean => space === 'arena' || space === 'scratch';
  // Backwards: what is still to be read must be held until then.
  const awaited = new Set([...reported].filter(isPlanned));
  for (const [at, { reads, writes, needs, makes }] of [...moments.entries()].reverse()) {
    const now = 1n << BigInt(at);
    for (const buffer of writes) if (isPlanned(buffer)) lifeOf(buffer).writes |= now;
    for (const buffer of [...awaited, ...reads, ...writes]) if (isPlanned(buffer)) lifeOf(buffer).holds |= now;
    for (const buffer of makes) awaited.delete(buffer);
    for (const buffer of needs) if (isPlanned(buffer)) awaited.add(buffer);
  }
  // What loops make row by row holds nothing before the first of them.
  for (const life of lives.values()) life.holds &= -(life.writes & -life.writes);
  return lives;
}

/** What lives across calls, and what is given, holds what it holds at every moment. */
const always: Life = { writes: -1n, holds: -1n };

const planned: ReadonlySet<Buffer['space']> = new Set(['arena', 'scratch', 'workgroup']);

function faultsOfMemory(entry: string, lives: ReadonlyMap<Buffer, Life>, { memory }: Program): string[] {
  const fixed = [...memory.offsets.keys()].filter(({ space }) => !planned.has(space));
  const all = [...lives, ...fixed.map((buffer) => [buffer, always] as const)];
  // What lies in a thread's own memory is no other's: its offset counts from there.
  const placed = all.flatMap(([buffer, life]) => {
    const offset = memory.offsets.get(buffer);
    return offset && axesOf(offset).size === 0 ? [{ buffer, offset, ...life }] : [];
  });
  const homeless = [...lives.keys()].filter((buffer) => !memory.offsets.has(buffer));
  const lost = homeless.map(({ name }) => `${entry}: ${name} has no place in memory`);
  return [
    ...lost,
    ...sizes.flatMap((size) => {
      const value = (of: Buffer['length']): number => evaluateSizes(of, () => size);
      const spans = placed
        .map(({ offset, ...rest }) => ({
          ...rest,
          start: value(offset),
          end: value(offset) + value(rest.buffer.length),
        }))
        .sort((a, b) => a.start - b.start);
      return spans.flatMap((a, i) => {
        const faults: string[] = [];
        const room = value(memory.integers && a.buffer.dtype !== 'f32' ? memory.integers : memory.length);
        if (a.start < 0 || a.end > room)
          faults.push(`${entry}: ${a.buffer.name} lies outside of memory where sizes are ${size}`);
        for (let j = i + 1; j < spans.length && spans[j].start < a.end; j++) {
          const b = spans[j];
          const apart = memory.integers !== undefined && (a.buffer.dtype === 'f32') !== (b.buffer.dtype === 'f32');
          if (!apart && ((a.writes & b.holds) | (b.writes & a.holds)) !== 0n)
            faults.push(
              `${entry}: ${a.buffer.name} and ${b.buffer.name} live at once and overlap where sizes are ${size}`,
            );
        }
        return faults;
      });
    }),
  ];
}
