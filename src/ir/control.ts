// The words at the start of memory by which threads wait for one another; each group is on a cache line of its own.

/**
 * By what stands there. Behind `begun` and `met`, numbers that threads wait for, stands how many of them sleep until it changes.
 * The runtime's text has the numbers themselves: scripts/embed.mjs writes them there.
 */
export const threadWords = {
  /** How many entries have begun. */
  begun: 0,
  sleepers: 1,
  /** How often threads have met. */
  met: 16,
  /** How many have come to the next meeting. */
  arrived: 32,
  /** Whether a thread has failed. */
  failed: 48,
  /** Which entry it is; below 0: none any more. */
  entry: 49,
  /** The sizes of the call, now and as there is room, to the end. */
  sizes: 64,
  length: 128,
} as const;
