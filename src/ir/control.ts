// The words at the start of memory by which threads share work; each group is on a cache line of its own.

/**
 * By what stands there. Behind `begun` and `done`, numbers that threads wait for, stands how many of them sleep until it changes.
 * The runtime's text has the numbers themselves: scripts/embed.mjs writes them there.
 */
export const threadWords = {
  /** How many calls have begun and ended: odd while one runs that threads share. */
  begun: 0,
  sleepers: 1,
  /** How many pieces of work are done. */
  done: 16,
  /** How often one thread has taken what one alone does. */
  alone: 32,
  /** Whether a thread has failed. */
  failed: 48,
  /** Which entry it is; below 0: none any more. */
  entry: 49,
  /** What was taken of each part, alone, and done when the call began. */
  counts: 50,
  /** The sizes of the call, now and as there is room, up to `homes`. */
  sizes: 64,
  /** How many pieces are taken of each thread's part. */
  homes: 128,
  length: 384,
} as const;
