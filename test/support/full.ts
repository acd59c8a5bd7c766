// What `npm test` leaves to `npm run test:full`: more of the same, where a part shows what can differ.

/** The exhaustive tests run too. */
export const full = process.env.FULL === '1';

/** All of a table under FULL=1, else what is chosen. */
export function chosen<T>(all: readonly T[], choose: (one: T) => boolean): readonly T[] {
  return full ? all : all.filter(choose);
}
