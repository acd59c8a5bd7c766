// Interprets kernels of workgroups: threads in lockstep from barrier to barrier, with what they must not do to one another checked.
import { evaluateSizes } from '../../src/ir/index.js';
import type { Kernel, Statement, Total } from '../../src/ir/program.js';
import type { Buffer } from '../../src/ir/scalar.js';
import type { Memory, Sizes, State } from './interpret.js';
import { indexOf, run } from './runKernel.js';

type Loop = Extract<Statement, { kind: 'loop' }>;
type Watch = NonNullable<State['watch']>;

/** Runs the kernel on the memory, in place. What a workgroup has for itself starts as NaN. */
export function runGroups(kernel: Kernel, memory: Memory, sizes: Sizes): void {
  const make = (b: Buffer): Float64Array => new Float64Array(evaluateSizes(b.length, (name) => sizes[name])).fill(NaN);
  const all = new Map(memory);
  const shared = kernel.scratch.filter((b) => b.space === 'workgroup');
  for (const buffer of kernel.scratch) if (buffer.space !== 'workgroup') all.set(buffer, make(buffer));
  const state: State = { memory: all, sizes, axes: new Map(), locals: new Map() };
  const groups = indexOf(kernel.grid?.[0] ?? { terms: [], key: '' }, state);
  // Between groups nothing may be told at all.
  const whole = createReferee();
  const lengths = new Map<Buffer, number>();
  const lengthOf = (b: Buffer): number => {
    const length = lengths.get(b) ?? evaluateSizes(b.length, (name) => sizes[name]);
    lengths.set(b, length);
    return length;
  };
  for (const statement of kernel.body) {
    if (statement.kind !== 'loop' || statement.as === 'serial') {
      run(statement, state);
      continue;
    }
    const to = indexOf(statement.to, state);
    const threads = kernel.threads?.[0] ?? 1;
    const given = statement.as === 'group' ? groups : groups * threads;
    if (given < to || given >= to + threads) throw new Error(`${kernel.name}: ${given} of ${to} are dispatched`);
    for (let i = 0; i < to; i++) {
      const mine = fork(state, new Map([...all, ...shared.map((b): [Buffer, Float64Array] => [b, make(b)])]));
      mine.axes.set(statement.axis, i);
      const outside: Watch = (b, at, stores) => {
        if (b.space !== 'workgroup') whole.watch(i, lengthOf(b), b, at, stores);
      };
      if (statement.as === 'thread') runAll(statement.body, { ...mine, watch: outside });
      else runGroup(statement.body, mine, threads, outside, lengthOf);
    }
  }
}

function fork(state: State, memory: Memory): State {
  return { ...state, memory, axes: new Map(state.axes), locals: new Map(state.locals) };
}

function runAll(body: readonly Statement[], state: State): void {
  for (const statement of body) run(statement, state);
}

function runGroup(
  body: readonly Statement[],
  state: State,
  threads: number,
  outside: Watch,
  lengthOf: (buffer: Buffer) => number,
): void {
  for (const statement of body) {
    if (statement.kind === 'if') {
      const [a, b] = statement.less.map((index) => indexOf(index, state));
      runGroup(a < b ? statement.then : statement.else, state, threads, outside, lengthOf);
      continue;
    }
    if (statement.kind !== 'loop' || statement.as !== 'thread') {
      run(statement, { ...state, watch: outside });
      continue;
    }
    const to = indexOf(statement.to, state);
    if (to !== threads) throw new Error(`a loop over ${to} of ${threads} threads`);
    const inside = createReferee();
    const running = Array.from({ length: to }, (_, i) => {
      const mine: State = {
        ...fork(state, state.memory),
        watch: (b, at, stores) => {
          inside.watch(i, lengthOf(b), b, at, stores);
          outside(b, at, stores);
        },
      };
      mine.axes.set(statement.axis, i);
      return steps(statement.body, mine);
    });
    for (let ended = 0; ended < to; inside.barrier()) {
      const reached = running.map((thread) => thread.next());
      ended = reached.filter((r) => r.done).length;
      if (ended > 0 && ended < to) throw new Error('some threads wait at a barrier that others do not reach');
      addUp(reached.flatMap((r) => (r.value ? [r.value] : [])));
    }
  }
}

/** A thread at a barrier, and what it adds up there with the others. */
interface Reached {
  readonly total?: Total;
  readonly locals: State['locals'];
}

/** All threads get what their values come to. */
function addUp(threads: readonly Reached[]): void {
  const [first] = threads;
  if (threads.some((t) => t.total !== first.total)) throw new Error('threads wait at different totals');
  if (!first?.total) return;
  const { name, op } = first.total;
  const values = threads.map((t) => Number(t.locals.get(name)));
  const by = {
    add: (a: number, b: number) => a + b,
    mul: (a: number, b: number) => a * b,
    max: Math.max,
    min: Math.min,
  };
  const all = values.reduce((a, b) => by[op](a, b));
  for (const { locals } of threads) locals.set(name, all);
}

/** Stops at every barrier. */
function* steps(body: readonly Statement[], state: State): Generator<Reached, void> {
  for (const s of body) {
    if (s.kind === 'barrier') yield { total: s.total, locals: state.locals };
    else if (s.kind === 'if' && holdsBarrier(s))
      yield* steps(indexOf(s.less[0], state) < indexOf(s.less[1], state) ? s.then : s.else, state);
    else if (s.kind === 'loop' && holdsBarrier(s)) yield* rounds(s, state);
    else run(s, state);
  }
}

function* rounds(s: Loop, state: State): Generator<Reached, void> {
  const to = indexOf(s.to, state);
  for (let i = s.from ? indexOf(s.from, state) : 0; i < to; i += s.step) {
    state.axes.set(s.axis, i);
    yield* steps(s.body, state);
  }
  state.axes.delete(s.axis);
}

function holdsBarrier(s: Statement): boolean {
  if (s.kind === 'loop') return s.body.some(holdsBarrier);
  return s.kind === 'barrier' || (s.kind === 'if' && [...s.then, ...s.else].some(holdsBarrier));
}

/** Who has stored and loaded a place since the last barrier. */
interface Track {
  readonly phase: Int32Array;
  readonly writer: Int32Array;
  /** many: several. */
  readonly reader: Int32Array;
}

const [nobody, many] = [-1, -2];

/** Between two barriers, what one stores no other may store or load. */
function createReferee() {
  const tracks = new Map<Buffer, Track>();
  let phase = 1;
  const watch = (who: number, length: number, buffer: Buffer, at: number, stores: boolean): void => {
    let track = tracks.get(buffer);
    if (!track) {
      track = { phase: new Int32Array(length), writer: new Int32Array(length), reader: new Int32Array(length) };
      tracks.set(buffer, track);
    }
    if (track.phase[at] !== phase) {
      track.phase[at] = phase;
      track.writer[at] = nobody;
      track.reader[at] = nobody;
    }
    const [writer, reader] = [track.writer[at], track.reader[at]];
    if (writer !== nobody && writer !== who)
      throw new Error(`${buffer.name}[${at}]: ${writer} stores and ${who} ${stores ? 'too' : 'loads'}`);
    if (stores && reader !== nobody && reader !== who)
      throw new Error(`${buffer.name}[${at}]: ${who} stores and ${reader === many ? 'many load' : `${reader} loads`}`);
    if (stores) track.writer[at] = who;
    else track.reader[at] = reader === nobody || reader === who ? who : many;
  };
  return { watch, barrier: () => void phase++ };
}
