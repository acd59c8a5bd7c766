// Times of a trainer's steps and of its kernels one by one: in turn, and the best of many short samples.
import type { InputArrays } from '../data/dataset.js';
import type { ShapedInput } from '../data/synthetic.js';
import type { Trainer } from './trainer.js';

/** What a module with a profile makes. */
export interface ProfiledTrainer extends Trainer {
  step(inputs: Inputs | InputArrays): ReturnType<Trainer['step']>;
  load(checkpoint: Uint8Array): void | Promise<void>;
  /** Each runs one kernel of a step on what the last step left in memory. */
  readonly kernels: readonly (() => void)[];
}

export interface Times {
  /** Seconds of one step. */
  readonly step: number;
  /** Seconds of each kernel's share of a step, in order. */
  readonly kernels: readonly number[];
  readonly samples: number;
}

type Inputs = Readonly<Record<string, ShapedInput>>;

/** A sample should be long beside the clock's own time. */
const sampleSeconds = 0.3e-3;

export function isProfiled(trainer: Trainer): trainer is ProfiledTrainer {
  return 'kernels' in trainer;
}

/**
 * Measures for about so many seconds, and at least so many samples beyond the first, which warms up. Kernels run in the order of a step,
 * so that each finds what it reads, and the caches much as they are within a step; short ones are repeated. Parameters start anew after
 * each round.
 */
export async function timeSteps(
  trainer: ProfiledTrainer,
  batches: readonly Inputs[],
  seconds: number,
  fewest = 5,
): Promise<Times> {
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  const start = await trainer.save({ optimizer: true });
  let next = 0;
  const step = (): void => void trainer.step(batches[next++ % batches.length]);
  // Engines translate code well only once it has run for a while.
  const warmUp = seconds / 4 / 2;
  const whole = warmedUp(step, warmUp);
  await trainer.load(start);
  const parts = trainer.kernels.map((kernel) => warmedUp(kernel, warmUp / trainer.kernels.length));
  await trainer.load(start);

  let best = whole.last;
  const kernels = parts.map(({ last }) => last);
  let samples = 1;
  while (samples <= fewest || elapsed() < seconds) {
    best = Math.min(best, time(step, whole.count));
    trainer.kernels.forEach((kernel, i) => {
      kernels[i] = Math.min(kernels[i], time(kernel, parts[i].count));
    });
    await trainer.load(start);
    samples++;
  }
  return { step: best, kernels, samples };
}

/** Runs the action for so many seconds; returns how often it should run in a sample, and the seconds of one run in the last. */
function warmedUp(action: () => void, seconds: number): { readonly count: number; readonly last: number } {
  const end = performance.now() + 1000 * seconds;
  let count = 1;
  let [fastest, last] = [Infinity, Infinity];
  do {
    last = time(action, count);
    fastest = Math.min(fastest, last);
    count = Math.max(1, Math.ceil(sampleSeconds / fastest));
  } while (performance.now() < end);
  return { count, last };
}

/** Seconds of one run, over so many. */
function time(action: () => void, count: number): number {
  const begin = performance.now();
  for (let i = 0; i < count; i++) action();
  return (performance.now() - begin) / 1000 / count;
}
