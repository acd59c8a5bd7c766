// How much the readers take, so that no file can fill the memory or hold them up: limits are said where they are met.
import { dataLimit } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';

export interface Limits {
  /** Bytes of one row of a csv file. */
  readonly row: number;
  /** Cells of one row of it. */
  readonly columns: number;
  /** Bytes of a data set in memory; what is beyond goes to temporary files. */
  readonly memory: number;
  /** Bytes of a data set in memory and in temporary files. */
  readonly stored: number;
  /** Packed data of more bytes than this may unpack to no more than so many times its size: such are made to fill memories and disks. */
  readonly unpacked: { readonly bytes: number; readonly times: number };
  /** Pixels of an image. */
  readonly pixels: number;
  /** Bytes that a gzipped archive unpacks to, which is held in memory while it is read. */
  readonly archive: number;
}

const [mebi, gibi] = [2 ** 20, 2 ** 30];

export const defaultLimits: Limits = {
  row: 64 * mebi,
  columns: 4 * mebi,
  memory: gibi / 4,
  stored: 64 * gibi,
  unpacked: { bytes: gibi / 4, times: 200 },
  pixels: 2 ** 26,
  archive: gibi / 2,
};

/** What is over a limit, and by which it is held. */
export function overLimit(place: string, what: string, most: number): Fault {
  return new Fault(dataLimit({ place, what, most: bytesIn(most) }));
}

/** `64 MiB`. */
export function bytesIn(bytes: number): string {
  const rounded = (unit: number): number => Number((bytes / unit).toPrecision(3));
  if (bytes >= gibi) return `${rounded(gibi)} GiB`;
  if (bytes >= mebi) return `${rounded(mebi)} MiB`;
  return `${bytes} bytes`;
}
