// How much the readers take, so that no file can fill the memory or hold them up: limits are said where they are met.
import { dataLimit } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';

export interface Limits {
  /** Bytes of one row of a csv file. */
  readonly row: number;
  /** Cells of one row of it. */
  readonly columns: number;
  /** Bytes of a data set in memory. */
  readonly memory: number;
  /** Bytes that a gzipped archive unpacks to, which is held in memory while it is read. */
  readonly archive: number;
}

const [mebi, gibi] = [2 ** 20, 2 ** 30];

export const defaultLimits: Limits = { row: 64 * mebi, columns: 4 * mebi, memory: 4 * gibi, archive: gibi };

/** What is over a limit, and by which it is held. */
export function overLimit(place: string, what: string, most: number): Fault {
  return new Fault(dataLimit({ place, what, most: bytesIn(most) }));
}

/** Memory for a data set counts all of its arrays together. */
export function memoryOf(limits: Limits): { take(place: string, bytes: number): void } {
  let taken = 0;
  return {
    take(place, bytes) {
      taken += bytes;
      if (!(taken <= limits.memory)) throw overLimit(place, 'the rows in memory', limits.memory);
    },
  };
}

export type Memory = ReturnType<typeof memoryOf>;

/** `64 MiB`. */
function bytesIn(bytes: number): string {
  if (bytes >= gibi) return `${bytes / gibi} GiB`;
  if (bytes >= mebi) return `${bytes / mebi} MiB`;
  return `${bytes} bytes`;
}
