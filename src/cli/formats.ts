// Which format a command writes: what --format says, or the extension of the file that -o names.
import { extname } from 'node:path';
import type { Command } from 'commander';

/** The formats of a command. */
export interface Formats<F extends string> {
  /** What standard output gets where nothing says. */
  readonly usual: F;
  /** By extension, `.txt`. */
  readonly of: ReadonlyMap<string, F>;
}

/** The format of what is written to `output` (`-` or undefined: standard output). An extension that says another than --format is an error of use. */
export function formatFor<F extends string>(
  output: string | undefined,
  format: F | undefined,
  formats: Formats<F>,
  command: Command,
): F {
  if (output === undefined || output === '-') return format ?? formats.usual;
  const own = formats.of.get(extname(output).toLowerCase());
  if (own === undefined)
    return command.error(`error: -o ${output}: its extension should be one of ${[...formats.of.keys()].join(' ')}`);
  if (format !== undefined && format !== own)
    return command.error(`error: -o ${output} is ${own}, and --format says ${format}`);
  return own;
}
