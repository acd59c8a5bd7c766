// What decides which epoch of a run is the best.
import type { Losses } from './model.js';
import { nameOf } from './checks.js';

/** What may decide, beside the loss. */
export interface Monitored {
  /** Losses that have names. */
  readonly losses?: readonly string[];
  readonly metrics?: readonly string[];
}

/** What is known of the epochs before. */
export interface Judged {
  /** The best value of what is monitored, its sign such that lower is better. */
  lowest: number;
  /** So many in a row were no better. */
  worse: number;
}

/** NAME or -NAME of a loss or metric, where it is given. */
export function checkMonitor(monitor: unknown, { losses = [], metrics = [] }: Monitored): void {
  if (monitor === undefined) return;
  if (typeof monitor !== 'string')
    throw new TypeError(`monitor: expected the name of a loss or metric, got ${nameOf(monitor)}`);
  const names = ['loss', ...losses, ...metrics];
  if (!names.includes(monitor.replace(/^-/, '')))
    throw new RangeError(
      `monitor: expected ${names.join(', ')}, or "-NAME" where lower is better, got ${nameOf(monitor)}`,
    );
}

/**
 * Tells of one epoch after the other whether it is better than all before: a metric where it is higher, a loss and `-NAME` where it
 * is lower. What is absent or not finite is never better.
 */
export function betterThanBefore(
  monitor: string,
  { metrics = [] }: Monitored,
  state: Pick<Judged, 'lowest'> = { lowest: Infinity },
): (values: Losses) => boolean {
  const name = monitor.replace(/^-/, '');
  const sign = metrics.includes(monitor) ? -1 : 1;
  return (values) => {
    const score = sign * Reflect.get(values, name);
    if (!Number.isFinite(score) || score >= state.lowest) return false;
    state.lowest = score;
    return true;
  };
}

/** When learning rates fall, and by what. */
export interface Plateau {
  readonly factor: number;
  readonly patience: number;
}

/**
 * Tells of one epoch after the other what learning rates are multiplied with after it: `factor` once more than `patience` in a row were
 * no better, then counted anew; else 1.
 */
export function onPlateau(
  { factor, patience }: Plateau = { factor: 1, patience: 0 },
  state: Pick<Judged, 'worse'> = { worse: 0 },
): (better: boolean) => number {
  return (better) => {
    state.worse = better ? 0 : state.worse + 1;
    if (state.worse <= patience) return 1;
    state.worse = 0;
    return factor;
  };
}
