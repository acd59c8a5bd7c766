// How threads divide work: functions by which a thread takes the next piece, and waits until all pieces so far are done.
import { threadWords } from '../../ir/control.js';
import type { Module } from './assembler.js';
import { createCode, type Code } from './code.js';

/** Looks at a number so often, some tens of microseconds, before the thread sleeps. */
const looks = 20_000;

/** A thread's part of a kernel is not divided where more pieces than that would come about. */
const mostPieces = 16;

/** Functions, by index. */
export interface Claims {
  /** (most, threads): into how many pieces each thread's part is divided, at most so many. */
  readonly pieces: number;
  /**
   * (thread, threads, pieces): the next piece that nobody has taken, of its own part if any is left, or -1 where none is. Then what the
   * thread has taken counts as done.
   */
  readonly claim: number;
  /** (threads): whether what one thread alone does is this one's. */
  readonly claimAlone: number;
  /** (threads): after it. */
  readonly endAlone: number;
  /** (threads): returns when all that was to be taken so far is done. */
  readonly meet: number;
  /** A number of the module's that is 0 where an entry begins. */
  readonly taken: number;
}

/**
 * What each thread counts for itself, all of them alike, for they come by the same places: how many pieces of each part there have been,
 * and how often something was for one alone; how many of both are to be done. `taken`: how many it has done that it has not told of.
 */
interface Counts {
  readonly before: number;
  readonly alone: number;
  readonly due: number;
  readonly taken: number;
}

/**
 * Pieces have numbers that go on from kernel to kernel and from call to call, for each thread's part apart, in a word of its own that tells
 * the next one. A thread that comes late finds all taken that it comes by, and nobody waits for it. Also exports `awaitWork(before)`, which
 * returns when the number of beginnings and ends of calls is another, and tells it; and `enter`, which sets what is counted as it was when a
 * call began.
 */
export function defineClaims(module: Module): Claims {
  const sleep = module.import('sleep', { params: ['i32', 'i32'], results: [] });
  const counts = { before: module.global(), alone: module.global(), due: module.global(), taken: module.global() };
  const define = (name: string, params: number, returns: boolean, code: Code): number => {
    const results = returns ? (['i32'] as const) : [];
    const index = module.declare({ params: Array.from({ length: params }, () => 'i32' as const), results });
    module.define(index, code);
    module.name(index, name);
    return index;
  };
  const until = define('untilReached', 2, false, untilReached(sleep));
  module.export('awaitWork', define('awaitWork', 1, true, awaitWork(until)));
  module.export('enter', define('enter', 3, false, enter(counts)));
  return {
    pieces: define('pieces', 2, true, pieces()),
    claim: define('claim', 3, true, claim(counts)),
    claimAlone: define('claimAlone', 1, true, claimAlone(counts)),
    endAlone: define('endAlone', 1, false, endAlone()),
    meet: define('meet', 1, false, meet(counts, until)),
    taken: counts.taken,
  };
}

/**
 * (address, wanted): returns when the number there has come so far; traps where a thread has failed. In between it calls
 * `sleep(address, seen)`, in which the thread may sleep, and throw.
 */
function untilReached(sleep: number): Code {
  const [address, wanted] = [0, 1];
  const code = createCode(2);
  const [left, seen] = [code.local('i32'), code.local('i32')];
  const startLooking = (): void => {
    code.i32(looks);
    code.set(left);
  };
  startLooking();
  code.open('block');
  code.open('loop');
  code.get(address);
  code.memory('i32.atomic.load', 0);
  code.tee(seen);
  code.get(wanted);
  code.op('i32.sub');
  code.i32(0);
  code.op('i32.ge_s');
  code.branch('br_if', 1);
  code.get(left);
  code.i32(1);
  code.op('i32.sub');
  code.tee(left);
  code.branch('br_if', 0);
  startLooking();
  code.get(address);
  code.get(seen);
  code.call(sleep);
  read(code, threadWords.failed);
  code.open('if');
  code.op('unreachable', 'end');
  code.branch('br', 0);
  code.op('end', 'end');
  return code;
}

function awaitWork(until: number): Code {
  const code = createCode(1);
  code.i32(4 * threadWords.begun);
  code.get(0);
  code.i32(1);
  code.op('i32.add');
  code.call(until);
  read(code, threadWords.begun);
  return code;
}

function enter({ before, alone, due }: Counts): Code {
  const code = createCode(3);
  [before, alone, due].forEach((of, i) => {
    code.get(i);
    code.global('set', of);
  });
  return code;
}

/** Of one thread one: else as many as asked for, while all together are few. */
function pieces(): Code {
  const [most, threads] = [0, 1];
  const code = createCode(2);
  const able = code.local('i32');
  code.i32(1);
  code.get(threads);
  code.i32(1);
  code.op('i32.le_u');
  code.branch('br_if', 0);
  code.op('drop');
  code.i32(mostPieces);
  code.get(threads);
  code.op('i32.div_u');
  code.set(able);
  code.get(most);
  code.get(able);
  code.get(most);
  code.get(able);
  code.op('i32.lt_u', 'select');
  code.tee(able);
  code.i32(1);
  code.get(able);
  code.op('select');
  return code;
}

function claim(counts: Counts): Code {
  const { before, due, taken } = counts;
  const [thread, threads, each] = [0, 1, 2];
  const code = createCode(3);
  const [others, part] = [code.local('i32'), code.local('i32')];
  code.get(threads);
  code.i32(1);
  code.op('i32.le_u');
  code.open('if');
  emitOnlyPiece(code, taken);
  code.op('return', 'end');
  code.get(thread);
  code.set(part);
  code.open('loop');
  emitClaimOf(code, part, each, counts);
  // The next part, in a circle.
  code.get(part);
  code.i32(1);
  code.op('i32.add');
  code.tee(part);
  code.i32(0);
  code.get(part);
  code.get(threads);
  code.op('i32.lt_u', 'select');
  code.set(part);
  code.get(others);
  code.i32(1);
  code.op('i32.add');
  code.tee(others);
  code.get(threads);
  code.op('i32.lt_u');
  code.branch('br_if', 0);
  code.op('end');
  count(code, before, () => code.get(each));
  count(code, due, () => {
    code.get(each);
    code.get(threads);
    code.op('i32.mul');
  });
  code.global('get', taken);
  code.open('if');
  emitDone(code, () => code.global('get', taken));
  code.i32(0);
  code.global('set', taken);
  code.op('end');
  code.i32(-1);
  return code;
}

/** Where there is one thread, `taken` says whether it has had the only piece: 0, then -1. */
function emitOnlyPiece(code: Code, taken: number): void {
  code.i32(0);
  code.global('get', taken);
  code.op('i32.sub');
  code.i32(1);
  code.global('get', taken);
  code.op('i32.sub');
  code.global('set', taken);
}

/** Returns with the next piece of a part, if there is one. */
function emitClaimOf(code: Code, part: number, each: number, { before, taken }: Counts): void {
  const [at, next] = [code.local('i32'), code.local('i32')];
  code.get(part);
  emitHome(code);
  code.set(at);
  code.open('loop');
  code.get(at);
  code.memory('i32.atomic.load', 4 * threadWords.homes);
  code.tee(next);
  code.global('get', before);
  code.op('i32.sub');
  code.get(each);
  code.op('i32.lt_s');
  code.open('if');
  code.get(at);
  code.get(next);
  code.get(next);
  code.i32(1);
  code.op('i32.add');
  code.memory('i32.atomic.rmw.cmpxchg', 4 * threadWords.homes);
  code.get(next);
  code.op('i32.ne');
  // Another has been faster.
  code.branch('br_if', 1);
  count(code, taken, () => code.i32(1));
  code.get(part);
  code.get(each);
  code.op('i32.mul');
  code.get(next);
  code.op('i32.add');
  code.global('get', before);
  code.op('i32.sub', 'return', 'end', 'end');
}

/** Where the counter of the part on the stack lies, in bytes behind the first: sixteen on cache lines of their own, others beside them. */
function emitHome(code: Code): void {
  const part = code.local('i32');
  code.tee(part);
  code.i32(15);
  code.op('i32.and');
  code.i32(6);
  code.op('i32.shl');
  code.get(part);
  code.i32(4);
  code.op('i32.shr_u');
  code.i32(2);
  code.op('i32.shl', 'i32.add');
}

function claimAlone({ alone, due }: Counts): Code {
  const code = createCode(1);
  onlyTogether(code, () => code.i32(1));
  code.i32(0);
  code.global('get', alone);
  code.global('get', alone);
  code.i32(1);
  code.op('i32.add');
  code.memory('i32.atomic.rmw.cmpxchg', 4 * threadWords.alone);
  code.global('get', alone);
  code.op('i32.eq');
  for (const of of [alone, due]) count(code, of, () => code.i32(1));
  return code;
}

function endAlone(): Code {
  const code = createCode(1);
  onlyTogether(code);
  emitDone(code, () => code.i32(1));
  return code;
}

function meet({ due }: Counts, until: number): Code {
  const code = createCode(1);
  onlyTogether(code);
  code.i32(4 * threadWords.done);
  code.global('get', due);
  code.call(until);
  return code;
}

/** Returns where there is one thread. */
function onlyTogether(code: Code, result?: () => void): void {
  code.get(0);
  code.i32(1);
  code.op('i32.le_u');
  code.open('if');
  result?.();
  code.op('return', 'end');
}

/** So many pieces more are done; who sleeps until all are is woken. */
function emitDone(code: Code, many: () => void): void {
  code.i32(0);
  many();
  code.memory('i32.atomic.rmw.add', 4 * threadWords.done);
  code.op('drop');
  read(code, threadWords.done + 1);
  code.open('if');
  code.i32(0);
  code.i32(-1);
  code.memory('memory.atomic.notify', 4 * threadWords.done);
  code.op('drop', 'end');
}

/** Adds to a number that lasts. */
function count(code: Code, of: number, by: () => void): void {
  code.global('get', of);
  by();
  code.op('i32.add');
  code.global('set', of);
}

function read(code: Code, word: number): void {
  code.i32(0);
  code.memory('i32.atomic.load', 4 * word);
}
