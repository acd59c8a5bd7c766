// What must hold of a program: of what its entries run, and that what lives at once lies apart.
import { accessOf } from './access.js';
import { axesOf, evaluateSizes, type Axis, type Index } from './index.js';
import {
  memoryOf,
  type Entry,
  type MemoryPlan,
  type Program,
  type Run,
  type Step,
  type TrainerProgram,
} from './program.js';
import { conditionsOf, holdsAt } from './requirements.js';
import { actualOf } from './runs.js';
import type { Buffer } from './scalar.js';
import { visitStatements } from './statements.js';
import { faultsOfEntries } from './verifyRuns.js';

/** A program, and what it requires of sizes where a model says it. */
type Checked = Program & Partial<Pick<TrainerProgram, 'model'>>;

/** Run-time sizes for which memory is checked, as far as the model allows them. */
const sizes = [1, 7, 64];

/** What is wrong with a program, a sentence each; empty where all is well. */
export function verifyProgram(program: Checked): string[] {
  const entries = Object.values(program.entries);
  return [...faultsOfEntries(entries), ...entries.flatMap((entry) => faultsOfLives(entry, program))];
}

function faultsOfLives({ name, steps, results }: Entry, program: Checked): string[] {
  return faultsOfMemory(name, livesIn(momentsOf(steps), new Set(results.map(({ buffer }) => buffer))), program);
}

/** One call of a kernel. */
interface Moment {
  readonly run: Run;
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
  /** What it reads before it has written any of it, and what it writes before it reads any of it. */
  readonly needs: ReadonlySet<Buffer>;
  readonly begins: ReadonlySet<Buffer>;
  /** On which loops around it depends where it writes. */
  readonly rounds: ReadonlyMap<Buffer, ReadonlySet<Axis>>;
  /** What was of no use before it writes that. */
  readonly makes: ReadonlySet<Buffer>;
}

/** What happens one after another, in an entry or in a round. Two rounds of a loop show all that one hands on to the next. */
function momentsOf(steps: readonly Step[], around: readonly Axis[] = []): Moment[] {
  const moments = steps.flatMap((step): Moment[] => {
    if (step.kind === 'run') return [momentOf(step, around)];
    const round = momentsOf(step.steps, [...around, step.axis]);
    return [...round, ...round];
  });
  return withBeginnings(moments, around.at(-1));
}

function momentOf(run: Run, around: readonly Axis[]): Moment {
  const { reads, writes, exposed: needs } = accessOf(run.kernel.body);
  const actual = (buffers: Iterable<Buffer>): Set<Buffer> => new Set([...buffers].map((b) => actualOf(run, b)));
  const begins = actual([...writes].filter((buffer) => !needs.has(buffer)));
  const rounds = new Map([...actual(writes)].map((buffer) => [buffer, new Set<Axis>()]));
  if (around.length > 0)
    visitStatements(run.kernel.body, {
      statement(s) {
        if (s.kind !== 'store') return;
        for (const axis of axesOf(s.at)) if (around.includes(axis)) rounds.get(actualOf(run, s.to))?.add(axis);
      },
    });
  const makes = new Set([...begins].filter((buffer) => rounds.get(buffer)?.size === 0));
  return { run, reads: actual(reads), writes: actual(writes), needs: actual(needs), begins, rounds, makes };
}

/** What is first written in a round, wherever the rounds of loops within it write, and never by the number of the round, is made there. */
function withBeginnings(moments: readonly Moment[], round: Axis | undefined): Moment[] {
  const inRows = new Set(
    moments.flatMap(({ rounds }) => [...rounds].flatMap(([buffer, by]) => (round && by.has(round) ? [buffer] : []))),
  );
  const met = new Set<Buffer>();
  return moments.map((moment) => {
    const makes = new Set(moment.makes);
    for (const buffer of moment.begins) if (!met.has(buffer) && !inRows.has(buffer)) makes.add(buffer);
    for (const buffer of [...moment.reads, ...moment.writes]) met.add(buffer);
    return { ...moment, makes };
  });
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

function faultsOfMemory(entry: string, lives: ReadonlyMap<Buffer, Life>, { memory, model }: Checked): string[] {
  const conditions = model ? conditionsOf(model) : [];
  const allowed = sizes.filter((size) => conditions.every((condition) => holdsAt(condition, () => size)));
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
    ...allowed.flatMap((size) => {
      const value = (of: Buffer['length']): number => evaluateSizes(of, () => size);
      const spans = placed
        .map(({ offset, ...rest }) => ({
          ...rest,
          start: value(offset),
          end: value(offset) + lengthIn(memory, rest.buffer, value),
        }))
        .sort((a, b) => a.start - b.start);
      return spans.flatMap((a, i) => {
        const faults: string[] = [];
        const room = value(roomOf(memory, a.buffer));
        if (a.start < 0 || a.end > room)
          faults.push(`${entry}: ${a.buffer.name} lies outside of memory where sizes are ${size}`);
        for (let j = i + 1; j < spans.length && spans[j].start < a.end; j++) {
          const b = spans[j];
          const apart = memory.integers !== undefined && memoryOf(a.buffer) !== memoryOf(b.buffer);
          // What has no elements where sizes are small is nowhere.
          if (b.end > b.start && !apart && ((a.writes & b.holds) | (b.writes & a.holds)) !== 0n)
            faults.push(
              `${entry}: ${a.buffer.name} and ${b.buffer.name} live at once and overlap where sizes are ${size}`,
            );
        }
        return faults;
      });
    }),
  ];
}

/** The end of the memory that a buffer lies in. */
function roomOf({ length, integers, halves }: MemoryPlan, buffer: Buffer): Index {
  const own = { floats: length, integers, halves }[memoryOf(buffer)];
  return (integers ? own : undefined) ?? length;
}

/** Elements of the memory: words, where all buffers have one. */
function lengthIn({ integers }: MemoryPlan, { dtype, length }: Buffer, value: (of: Index) => number): number {
  return dtype === 'f16' && !integers ? Math.ceil(value(length) / 2) : value(length);
}
