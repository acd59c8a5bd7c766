// What a command that takes long is doing, on standard error: one line that changes on a terminal, lines elsewhere.
import type { Output } from './output.js';

export interface Activity {
  /** What is done now; a step of it is only shown where the line changes. */
  now(what: string, step?: string): void;
  /** Takes the line away. */
  end(): void;
}

/** `lines`: elsewhere than on a terminal, a line for each thing that is done; else nothing. */
export function activityOn(stream: Output, { lines }: { readonly lines: boolean }): Activity {
  if (!stream.isTTY)
    return {
      now(what, step) {
        if (lines && step === undefined) stream.write(`${what}\n`);
      },
      end: () => undefined,
    };
  return {
    now(what, step) {
      const text = step === undefined ? what : `${what}: ${step}`;
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
    },
    end: () => stream.write('\r\x1b[2K'),
  };
}
