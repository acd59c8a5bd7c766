// threads: 'auto'. The first calls of an entry are made alone and by all threads in turn, later ones as is faster; now and then the other way is tried.

/** What is known of one entry, by calls of its largest size: a smaller one, as of the rest of the rows, says nothing of others. */
interface Trial {
  readonly size: number;
  calls: number;
  /** Milliseconds that a call takes alone, and by all threads. A faster one counts at once, slower ones by and by. */
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

/** So many calls are made both ways in turn. While the first of them run, engines compile. */
const callsToTry = 16;
const callsToCompile = 4;
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
    trial = { size, calls: 0, took: [Infinity, Infinity], rule: 1, next: 0, pause: firstPause };
    trials.entries[entry] = trial;
  }
  const { calls, rule, next } = trial;
  const measured = size === trial.size;
  const tried = measured && (calls < callsToTry ? calls % 2 !== rule : calls === next);
  trials.trial = measured ? trial : undefined;
  trials.way = tried ? (rule === 1 ? 0 : 1) : rule;
  trials.begun = performance.now();
  return trials.way === 1 ? threads : 1;
}

/** After the call: what the time it took says of the next ones. */
export function endOfCall({ trial, way, begun }: Trials): void {
  if (!trial) return;
  const { took, rule } = trial;
  const time = performance.now() - begun;
  trial.calls++;
  if (trial.calls <= callsToCompile) return;
  const isOther = trial.calls > callsToTry && way !== rule;
  took[way] = isOther || time < took[way] ? time : took[way] + (time - took[way]) / 8;
  if (trial.calls < callsToTry) return;
  if (trial.calls === callsToTry) {
    trial.rule = took[1] < worthwhile * took[0] ? 1 : 0;
    trial.next = trial.calls + trial.pause;
  } else if (isOther) {
    const faster = time < worthwhile * took[rule];
    if (faster) trial.rule = way;
    trial.pause = faster ? firstPause : Math.min(2 * trial.pause, longestPause);
    trial.next = trial.calls + trial.pause;
  } else if (took[way] > 1.5 * took[way === 1 ? 0 : 1]) {
    // The other way was much faster: it may be that another program has begun to use the cores, or has ended.
    trial.next = Math.min(trial.next, trial.calls + 4);
  }
}
