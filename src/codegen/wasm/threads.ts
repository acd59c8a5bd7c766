// How threads wait for one another: the functions for it, and between which kernels a barrier stands.
import type { Index } from '../../ir/index.js';
import { accessOf } from '../../ir/access.js';
import { threadWords } from '../../ir/control.js';
import type { Kernel, Run, Step } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { thread, threads } from '../../ir/threads.js';
import { usesOf } from '../uses.js';
import { createCode, type Code, type Module } from './assembler.js';
import type { Emission } from './emission.js';

/** Looks at a number so often, some tens of microseconds, before the thread sleeps. */
const looks = 20_000;

/** Declares the functions, and exports `awaitWork(before)`, which returns when the number of entries begun is another; the barrier. */
export function defineBarrier(module: Module): number {
  const sleep = module.import('sleep', { params: ['i32', 'i32'], results: [] });
  const until = module.declare({ params: ['i32', 'i32'], results: [] });
  module.define(until, untilChanged(sleep));
  const barrier = module.declare({ params: ['i32', 'i32'], results: [] });
  module.define(barrier, barrierOf(until));
  const awaitWork = module.declare({ params: ['i32'], results: ['i32'] });
  const code = createCode(1);
  code.i32(4 * threadWords.begun);
  code.get(0);
  code.call(until);
  read(code, threadWords.begun);
  module.define(awaitWork, code);
  module.export('awaitWork', awaitWork);
  module.name(until, 'untilChanged');
  module.name(barrier, 'barrier');
  module.name(awaitWork, 'awaitWork');
  return barrier;
}

/**
 * (address, before): returns when another number stands there; traps where a thread has failed. In between it calls
 * `sleep(address, before)`, in which the thread may sleep, and throw.
 */
function untilChanged(sleep: number): Code {
  const [address, before] = [0, 1];
  const code = createCode(2);
  const left = code.local('i32');
  const startLooking = (): void => {
    code.i32(looks);
    code.set(left);
  };
  startLooking();
  code.open('block');
  code.open('loop');
  code.get(address);
  code.memory('i32.atomic.load', 0);
  code.get(before);
  code.op('i32.ne');
  code.branch('br_if', 1);
  code.get(left);
  code.i32(1);
  code.op('i32.sub');
  code.tee(left);
  code.branch('br_if', 0);
  startLooking();
  code.get(address);
  code.get(before);
  code.call(sleep);
  trapWhereFailed(code);
  code.branch('br', 0);
  code.op('end', 'end');
  trapWhereFailed(code);
  return code;
}

function trapWhereFailed(code: Code): void {
  read(code, threadWords.failed);
  code.open('if');
  code.op('unreachable', 'end');
}

/** (thread, threads): returns when all have come. */
function barrierOf(until: number): Code {
  const code = createCode(2);
  const phase = code.local('i32');
  code.get(1);
  code.i32(1);
  code.op('i32.le_u');
  code.open('if');
  code.op('return', 'end');
  read(code, threadWords.met);
  code.set(phase);
  code.i32(0);
  code.i32(1);
  code.memory('i32.atomic.rmw.add', 4 * threadWords.arrived);
  code.i32(1);
  code.op('i32.add');
  code.get(1);
  code.op('i32.eq');
  code.open('if');
  code.i32(0);
  code.i32(0);
  code.memory('i32.atomic.store', 4 * threadWords.arrived);
  code.i32(0);
  code.i32(1);
  code.memory('i32.atomic.rmw.add', 4 * threadWords.met);
  code.op('drop');
  read(code, threadWords.met + 1);
  code.open('if');
  code.i32(0);
  code.i32(-1);
  code.memory('memory.atomic.notify', 4 * threadWords.met);
  code.op('drop', 'end', 'else');
  code.i32(4 * threadWords.met);
  code.get(phase);
  code.call(until);
  code.op('end');
  return code;
}

function read(code: Code, word: number): void {
  code.i32(0);
  code.memory('i32.atomic.load', 4 * word);
}

/** Calls the barrier from a function that knows which thread runs it. */
export function emitBarrier(e: Emission): void {
  const given = [thread, threads].map((a) => e.axes.get(a));
  if (e.barrier === undefined) throw new Error('there are no threads to wait for');
  for (const local of given) {
    if (local === undefined) throw new Error('a barrier stands where it is not known which thread runs');
    e.code.get(local);
  }
  e.code.call(e.barrier);
}

/** Do threads share the kernel? Else the first runs it alone. */
export function isShared(kernel: Kernel): boolean {
  return usesOf(kernel).axes.has(thread);
}

export function anyShared(steps: readonly Step[]): boolean {
  return runsOf(steps).some((run) => isShared(run.kernel));
}

interface Touched {
  readonly reads: Set<string>;
  readonly writes: Set<string>;
}

/** Where one call reads and writes. */
interface Touches {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Remembers what has been read and written since the last barrier, to know when the next is due. */
export class Since {
  private alone: Touched = { reads: new Set(), writes: new Set() };
  private together: Touched = { reads: new Set(), writes: new Set() };
  /** Asked whether a call must wait, and once more when it is added. */
  private readonly locations = new WeakMap<Run, Touches>();

  /** Buffers that begin at the same offset are aliases. */
  constructor(private readonly offsets: ReadonlyMap<Buffer, Index>) {}

  /** Must all threads have come before these calls? Kernels of the first thread alone do not wait for one another. */
  needsBarrier(runs: readonly Run[]): boolean {
    const shared = anyShared(runs);
    return runs.some((run) => {
      const { reads, writes } = this.locationsOf(run);
      const conflicts = (before: Touched): boolean =>
        reads.some((p) => before.writes.has(p)) || writes.some((p) => before.writes.has(p) || before.reads.has(p));
      return conflicts(this.together) || (shared && conflicts(this.alone));
    });
  }

  add(runs: readonly Run[]): void {
    const into = anyShared(runs) ? this.together : this.alone;
    for (const run of runs) {
      const { reads, writes } = this.locationsOf(run);
      for (const location of reads) into.reads.add(location);
      for (const location of writes) into.writes.add(location);
    }
  }

  /** Is some thread perhaps still at work? */
  get open(): boolean {
    return this.together.reads.size + this.together.writes.size > 0;
  }

  clear(): void {
    for (const { reads, writes } of [this.alone, this.together]) {
      reads.clear();
      writes.clear();
    }
  }

  private locationsOf(run: Run): Touches {
    let known = this.locations.get(run);
    if (!known) {
      const { reads, writes } = accessOf(run.kernel.body);
      const own = run.kernel.sharing?.own ?? [];
      const locations = (buffers: ReadonlySet<Buffer>): string[] => {
        const found: string[] = [];
        for (const buffer of buffers) if (!own.includes(buffer)) found.push(this.locationOf(actualOf(run, buffer)));
        return found;
      };
      this.locations.set(run, (known = { reads: locations(reads), writes: locations(writes) }));
    }
    return known;
  }

  private locationOf(buffer: Buffer): string {
    return this.offsets.get(buffer)?.key ?? buffer.name;
  }
}
