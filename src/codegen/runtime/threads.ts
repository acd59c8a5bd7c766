// Threads of a trainer: workers that share its memory, run their part of every entry, and sleep in between.
import { threadWords } from '../../ir/control.js';
import { createTrials, endOfCall, threadsOfCall, type Trials } from './trials.js';
import { orRefuse, pagesFor } from './webAssembly.js';

/** What Node's workers and those of pages have in common, and how each tells what happens. */
interface ThreadWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  /** In Node: how long its events have waited; below 0 once it has ended, which its own event tells only after this call. */
  performance?: { eventLoopUtilization(): { readonly idle: number } };
  on?(event: string, listener: (value: unknown) => void): void;
  unref?(): void;
  onmessage?: ((event: unknown) => void) | null;
  onerror?: ((event: unknown) => void) | null;
}

type WorkerClass = new (source: string, options?: object) => ThreadWorker;

/** The threads of a trainer; its own is the first. */
interface Team {
  threads: number;
  workers: readonly ThreadWorker[];
  /**
   * The start of memory, where all of them look: at threadWords.begun how many calls have begun and ended, with the number of sleepers behind it, at threadWords.done
   * how many pieces of work are done, with the number of sleepers, at threadWords.failed whether a thread has failed, at threadWords.entry which entry it is (below 0:
   * none any more), from threadWords.counts on what stood in the counters of pieces before the call, from threadWords.sizes on the sizes of the call.
   */
  readonly control: Int32Array;
  /** Where it is tried whether threads help. */
  readonly trials: Trials | undefined;
  /** The main thread of a page must not. */
  readonly maySleep: boolean;
  /** When the first thread last made sure that the others are there, how many had come, and for how many seconds none has. */
  lookedAt: number;
  came: number;
  silence: number;
}

/** What each worker runs. It is a text, because a module cannot tell where it was loaded from once it is bundled. */
const threadSource = `
const node = globalThis.process?.getBuiltinModule?.("node:worker_threads");
const port = node?.parentPort ?? globalThis;
const run = ({ code, memory, entries, sizes, thread, threads }) => {
  const control = new Int32Array(memory.buffer, 0, ${threadWords.length});
  const sleep = (address, before) => {
    Atomics.add(control, address / 4 + 1, 1);
    if (!Atomics.load(control, ${threadWords.failed})) Atomics.wait(control, address / 4, before, address === ${4 * threadWords.begun} ? Infinity : 1000);
    Atomics.sub(control, address / 4 + 1, 1);
  };
  const { exports } = new WebAssembly.Instance(code, { env: { memory, sleep } });
  const words = (from, length) => Array.from({ length }, (_, i) => Atomics.load(control, from + i));
  let work = Atomics.load(control, ${threadWords.begun});
  port.postMessage("ready");
  try {
    for (;;) {
      work = exports.awaitWork(work);
      const [entry] = words(${threadWords.entry}, 1);
      const counts = words(${threadWords.counts}, 3);
      const given = words(${threadWords.sizes}, sizes);
      // Too late: the call has ended.
      if (work % 2 === 0 || Atomics.load(control, ${threadWords.begun}) !== work) continue;
      if (entry < 0) return port.close();
      exports.enter(...counts);
      exports[entries[entry]](...given, thread, threads);
    }
  } catch (error) {
    Atomics.store(control, ${threadWords.failed}, 1);
    Atomics.notify(control, ${threadWords.done});
    throw error;
  }
};
if (node?.parentPort) port.once("message", run);
else port.onmessage = ({ data }) => run(data);
`;

/** With 'auto' no more threads than that: what they gain is tried with all of them or none. */
const mostThreads = 8;

/** As many threads as were asked for, or 1 where memory cannot be shared: in pages that are not isolated, for one. */
export function threadsFor(asked: number | 'auto' = 1): number {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (typeof SharedArrayBuffer === 'undefined' || crossOriginIsolated === false || !workerMaker()) return 1;
  return asked === 'auto' ? Math.min(coresHere(), mostThreads) : Math.min(asked, 256);
}

function coresHere(): number {
  const { navigator, process } = globalThis as {
    navigator?: { hardwareConcurrency?: number };
    process?: { getBuiltinModule?(name: string): { availableParallelism(): number } | undefined };
  };
  // What the process may use, which can be less than there is.
  return process?.getBuiltinModule?.('node:os')?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

/** How a worker is made from `threadSource` here. */
function workerMaker(): (() => ThreadWorker) | undefined {
  const { process, Worker } = globalThis as {
    process?: { getBuiltinModule?(name: string): { Worker: WorkerClass } | undefined };
    Worker?: WorkerClass;
  };
  const node = process?.getBuiltinModule?.('node:worker_threads');
  if (node) return () => new node.Worker(threadSource, { eval: true, execArgv: [] });
  if (!Worker) return undefined;
  return () => {
    const url = URL.createObjectURL(new Blob([threadSource], { type: 'text/javascript' }));
    try {
      return new Worker(url);
    } finally {
      // The worker has begun to load it by now.
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    }
  };
}

/** As makeMemory, for one thread or for several. */
export function makeThreadMemory(words: number, threads: number): WebAssembly.Memory {
  return orRefuse(
    words,
    () => new WebAssembly.Memory({ initial: pagesFor(words), maximum: 65536, shared: threads > 1 }),
  );
}

/** Starts the other threads, and waits until they have. Where one cannot, the trainer's own does all the work. */
export async function startThreads(
  threads: number,
  code: WebAssembly.Module,
  memory: WebAssembly.Memory,
  entries: readonly string[],
  sizes: number,
  asked: number | 'auto' | undefined,
): Promise<Team> {
  const control = new Int32Array(memory.buffer, 0, threadWords.length);
  const workers: ThreadWorker[] = [];
  const trials = asked === 'auto' ? createTrials() : undefined;
  const team: Team = {
    threads,
    workers,
    control,
    trials,
    maySleep: maySleep(control),
    lookedAt: 0,
    came: 0,
    silence: 0,
  };
  if (threads === 1) return team;
  try {
    const make = workerMaker();
    if (!make) throw new Error('there are no workers here');
    const started = Array.from({ length: threads - 1 }, (_, i) => {
      const worker = make();
      workers.push(worker);
      const ready = readyOf(worker);
      worker.postMessage({ code, memory, entries, sizes, thread: i + 1, threads });
      return ready;
    });
    await Promise.all(started);
    for (const worker of workers) {
      worker.unref?.();
      // Node begins to count with the first question.
      worker.performance?.eventLoopUtilization();
      // Between two calls nothing is lost with it.
      worker.on?.('exit', () => endThreads(team));
    }
  } catch {
    endThreads(team);
  }
  return team;
}

/** The first message comes once the code is there; an error before it means that the worker cannot run. */
function readyOf(worker: ThreadWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('a thread could not start'));
    if (worker.on) {
      worker.on('message', () => resolve());
      for (const event of ['error', 'exit']) worker.on(event, fail);
    } else {
      worker.onmessage = () => resolve();
      worker.onerror = fail;
    }
  });
}

/** The main thread of a page must not sleep; this is how it says so. */
function maySleep(control: Int32Array): boolean {
  try {
    Atomics.wait(control, threadWords.begun, control[threadWords.begun] + 1, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where the first thread has looked in vain for a while whether the others have come: it sleeps, about every second making sure
 * that they can. Whoever changes the number looks for sleepers afterwards; one that is not counted yet finds the number changed.
 */
export function sleepUntil(team: Team, address: number, before: number): void {
  const { control } = team;
  if (team.maySleep) {
    const sleepers = address / 4 + 1;
    Atomics.add(control, sleepers, 1);
    const outcome =
      Atomics.load(control, threadWords.failed) === 0 ? Atomics.wait(control, address / 4, before, 1000) : 'failed';
    Atomics.sub(control, sleepers, 1);
    if (outcome === 'timed-out') checkWorkers(team);
  } else if (performance.now() - team.lookedAt > 1000) {
    team.lookedAt = performance.now();
    checkWorkers(team);
  }
}

/**
 * Throws where a thread will not come any more. In Node that is certain, however slow one is. Elsewhere it is taken for granted after
 * a minute, made of seconds during which this thread ran, in which none has come.
 */
function checkWorkers(team: Team): void {
  const came = Atomics.load(team.control, threadWords.done);
  team.silence = came === team.came ? team.silence + 1 : 0;
  team.came = came;
  const states = team.workers.map((worker) => worker.performance?.eventLoopUtilization());
  if (states.some((state) => (state ? state.idle < 0 : team.silence > 60)))
    throw new Error('a thread has ended, by itself or by force, or ran out of memory; this call is incomplete');
}

/**
 * Begins a call of an entry whose sizes are in `control`: says how many threads make it, and has the others begin. The trainer's own must
 * follow. `size`: how much there is to do, beside other calls of the entry.
 */
export function beginEntry(team: Team, entry: number, size: number): number {
  if (team.threads > 1 && Atomics.load(team.control, threadWords.failed) !== 0) endThreads(team);
  const threads =
    team.threads > 1 && team.trials ? threadsOfCall(team.trials, team.threads, entry, size) : team.threads;
  if (threads > 1) wakeThreads(team, entry);
  return threads;
}

/** After a call that was complete. */
export function endEntry({ threads, control, trials }: Team): void {
  if (threads > 1 && control[threadWords.begun] % 2 !== 0) Atomics.add(control, threadWords.begun, 1);
  if (trials) endOfCall(trials);
}

/** Has the other threads run this entry; below 0: end. */
function wakeThreads({ control }: Team, entry: number): void {
  if (control[threadWords.begun] % 2 !== 0) Atomics.add(control, threadWords.begun, 1);
  control[threadWords.entry] = entry;
  [threadWords.homes, threadWords.alone, threadWords.done].forEach((count, i) => {
    control[threadWords.counts + i] = control[count];
  });
  Atomics.add(control, threadWords.begun, 1);
  if (Atomics.load(control, threadWords.sleepers) > 0) Atomics.notify(control, threadWords.begun);
}

/** After an entry has failed: ends all threads but the trainer's own, and tells what to throw. */
export function failThreads(team: Team, error: unknown): unknown {
  const other = Atomics.load(team.control, threadWords.failed) !== 0;
  endThreads(team);
  return other ? new Error('a thread has failed, and this call is incomplete', { cause: error }) : error;
}

/** Ends all threads but the trainer's own, which does all the work from now on. */
export function endThreads(team: Team): void {
  // Those that sleep wake up and end by themselves, which is faster in pages.
  if (team.threads > 1) wakeThreads(team, -1);
  for (const worker of team.workers) void worker.terminate();
  team.workers = [];
  team.threads = 1;
}
