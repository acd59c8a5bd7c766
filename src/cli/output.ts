// Standard output and standard error: what cannot be written is an error of its own, said once.
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { codeOf, reasonOf } from '../data/files.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { outputUnwritable } from '../diagnostics/files.js';

/** A stream of the process, written at once. */
export interface Output {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  /** Throws a `Fault` the first time that it fails; from then on nothing is written. */
  write(text: string): void;
}

export const standardOutput = outputTo(1, 'standard output', () => process.stdout.columns);
export const standardError = outputTo(2, 'standard error', () => process.stderr.columns);

/** What is thrown where a stream reports later that it cannot be written. */
export function unwritable(stream: string, error: unknown): Fault {
  return new Fault(outputUnwritable({ stream, reason: reasonOf(error) }));
}

function outputTo(descriptor: number, stream: string, columns: () => number | undefined): Output {
  let failed = false;
  const isTTY = isatty(descriptor);
  return {
    isTTY,
    get columns() {
      return isTTY ? columns() : undefined;
    },
    write(text) {
      if (failed) return;
      try {
        writeAll(descriptor, Buffer.from(text));
      } catch (error) {
        failed = true;
        throw unwritable(stream, error);
      }
    },
  };
}

/** Node's streams report failures later, and not to the one who writes; so bytes go to the descriptor. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;)
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      // A pipe that does not block, whose reader is slower than we are.
      if (codeOf(error) !== 'EAGAIN') throw error;
      pause(5);
    }
}

/** Sleeps for so many milliseconds. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
