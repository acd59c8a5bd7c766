// When buffers are in use: entries follow one another on one time line, and what a loop hands on lives through all of it.
import { accessOf } from '../../ir/access.js';
import type { Entry, Kernel, Run, Step } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { visitStatements } from '../../ir/statements.js';

/** Both ends included. */
export interface Interval {
  readonly from: number;
  to: number;
}

type Loop = Step & { readonly kind: 'repeat' };

/** When arena and scratch buffers are in use. What an entry reports lives until its end. */
export function lifetimesOf(entries: readonly Entry[]): Map<Buffer, Interval[]> {
  const lifetimes = new Map<Buffer, Interval[]>();
  const addTo = (buffer: Buffer, interval: Interval): void => {
    const before = lifetimes.get(buffer);
    if (before) before.push(interval);
    else lifetimes.set(buffer, [interval]);
  };
  let now = 0;
  for (const entry of entries) {
    const here = new Map<Buffer, Interval>();
    const handedOn = handedOnIn(entry);
    const use = (buffer: Buffer): void => {
      if (buffer.space !== 'arena' && buffer.space !== 'scratch') return;
      const known = here.get(buffer);
      if (known) known.to = now;
      else here.set(buffer, { from: now, to: now });
    };
    const useIn = (run: Run): void => {
      const { scratch, sharing } = run.kernel;
      // What a kernel of several calls has for itself is needed during each of them alone.
      const own = new Set(run.given && [...scratch, ...(sharing?.own ?? [])]);
      for (const buffer of buffersOf(run.kernel)) {
        if (!own.has(buffer)) use(actualOf(run, buffer));
        else addTo(buffer, { from: now, to: now });
      }
    };
    const walk = (steps: readonly Step[]): void => {
      for (const step of steps) {
        now++;
        if (step.kind === 'run') useIn(step);
        else {
          const buffers = handedOn(step);
          buffers.forEach(use);
          walk(step.steps);
          now++;
          buffers.forEach(use);
        }
      }
    };
    walk(entry.steps);
    now++;
    for (const { buffer } of entry.results) use(buffer);
    for (const [buffer, interval] of here) addTo(buffer, interval);
  }
  return lifetimes;
}

/**
 * What a loop of the entry has from outside or from the round before, or leaves to others: all that it uses but what each round makes
 * before it reads it, and nothing else reads.
 */
function handedOnIn({ steps, results }: Entry): (loop: Loop) => Buffer[] {
  const all = usesIn(steps);
  const reported = new Set(results.map(({ buffer }) => buffer));
  return (loop) => {
    const made = madeFirst(loop.steps);
    return [...usesIn(loop.steps)].flatMap(([buffer, times]) => {
      if (buffer.space === 'scratch') return [];
      const isOwn = times === all.get(buffer) && !reported.has(buffer) && made.has(buffer);
      return isOwn ? [] : [buffer];
    });
  };
}

/** How many calls use each buffer. */
function usesIn(steps: readonly Step[]): Map<Buffer, number> {
  const uses = new Map<Buffer, number>();
  for (const run of runsOf(steps))
    for (const buffer of new Set(buffersOfRun(run))) uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
  return uses;
}

/** What is written by the first call that uses it. */
function madeFirst(steps: readonly Step[]): Set<Buffer> {
  const met = new Set<Buffer>();
  const made = new Set<Buffer>();
  for (const run of runsOf(steps)) {
    const { reads, writes } = accessOf(run.kernel.body);
    for (const buffer of writes) if (!met.has(actualOf(run, buffer))) made.add(actualOf(run, buffer));
    for (const buffer of [...reads, ...writes]) met.add(actualOf(run, buffer));
  }
  return made;
}

/** What a call reads or writes, in the order of its kernel's text. */
export function buffersOfRun(run: Run): Buffer[] {
  return [...buffersOf(run.kernel)].map((buffer) => actualOf(run, buffer));
}

const known = new WeakMap<Kernel, ReadonlySet<Buffer>>();

/** Every buffer that a kernel reads or writes, in the order in which its text names them. */
export function buffersOf(kernel: Kernel): ReadonlySet<Buffer> {
  let found = known.get(kernel);
  if (!found) {
    const into = new Set<Buffer>();
    visitStatements(kernel.body, {
      statement(s) {
        if (s.kind === 'store') into.add(s.to);
      },
      scalar(value) {
        if (value.kind === 'load') into.add(value.from);
      },
    });
    for (const buffer of kernel.scratch) into.add(buffer);
    known.set(kernel, (found = into));
  }
  return found;
}
