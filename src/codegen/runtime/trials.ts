// threads: 'auto'. The first calls of an entry are made alone and by all threads in turn, later ones as is faster; now and then the other way is tried.

/** What is known of one entry, by calls of its largest size: a smaller one, as of the rest of the rows, says nothing of others. */
interface Trial {
  readonly size: number;
  calls: number;
  /** Milliseconds of the calls before it is decided. */
  spent: number;
  decided: boolean;
  /** Milliseconds that a call takes alone, and by all threads: the least where it was tried; by and by slower ones count where it is the rule. */
  readonly took: [alone: number, together: number];
  /** Which of the two is the rule, and before which call, and how many calls later, the other one is tried. */
  rule: 0 | 1;
  next: number;
  pause: number;
}

export interface Trials {
  /** By the number of the entry. */
  readonly entries: (Trial | undefined)[];
  /** Of the call that is being made, where it is measured; how it is made; and when it began. */
  trial: Trial | undefined;
  way: 0 | 1;
  begun: number;
}

/** So many calls one after another are made in a way that is tried: threads that sleep wake up in the first. */
const callsOfRun = 4;
/** It is decided after so many runs, and so many milliseconds or calls. While the first runs are made, engines compile. */
const leastRuns = 4;
const runsToCompile = 2;
const longEnough = 50;
const mostCalls = 1024;
/** The other way becomes the rule where it takes less than this share of the time. */
const worthwhile = 0.95;
/** After so many calls the other way is tried; after twice as many each time that it is slower. */
const firstPause = 64;
const longestPause = 4096;

export function createTrials(): Trials {
  return { entries: [], trial: undefined, way: 0, begun: 0 };
}

/** How many of the threads make this call. `size`: how much there is to do, beside other calls of the entry. */
export function threadsOfCall(trials: Trials, threads: number, entry: number, size: number): number {
  let trial = trials.entries[entry];
  if (!trial || size > trial.size) {
    const took: Trial['took'] = [Infinity, Infinity];
    trial = { size, calls: 0, spent: 0, decided: false, took, rule: 1, next: 0, pause: firstPause };
    trials.entries[entry] = trial;
  }
  const { calls, decided, rule, next } = trial;
  const measured = size === trial.size;
  const tried = measured && (decided ? calls >= next : Math.floor(calls / callsOfRun) % 2 !== rule);
  trials.trial = measured ? trial : undefined;
  trials.way = tried ? (rule === 1 ? 0 : 1) : rule;
  trials.begun = performance.now();
  return trials.way === 1 ? threads : 1;
}

/** After the call: what the time it took says of the next ones. */
export function endOfCall({ trial, way, begun }: Trials): void {
  if (!trial) return;
  const { took, rule, next } = trial;
  const time = performance.now() - begun;
  trial.calls++;
  if (!trial.decided) {
    trial.spent += time;
    if (trial.calls > runsToCompile * callsOfRun) took[way] = Math.min(took[way], time);
    const isWhole = trial.calls >= leastRuns * callsOfRun && trial.calls % (2 * callsOfRun) === 0;
    if (!isWhole || (trial.spent < longEnough && trial.calls < mostCalls)) return;
    trial.decided = true;
    trial.rule = took[1] < worthwhile * took[0] ? 1 : 0;
    trial.next = trial.calls + trial.pause;
  } else if (way !== rule) {
    took[way] = trial.calls === next + 1 ? time : Math.min(took[way], time);
    if (trial.calls < next + callsOfRun) return;
    const faster = took[way] < worthwhile * took[rule];
    if (faster) trial.rule = way;
    trial.pause = faster ? firstPause : Math.min(2 * trial.pause, longestPause);
    trial.next = trial.calls + trial.pause;
  } else {
    took[way] = time < took[way] ? time : took[way] + (time - took[way]) / 8;
    // The other way was much faster: it may be that another program has begun to use the cores, or has ended.
    if (took[way] > 1.5 * took[way === 1 ? 0 : 1]) trial.next = Math.min(next, trial.calls + callsOfRun);
  }
}
