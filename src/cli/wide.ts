// `--wide`: vectors of 256 bits, where V8 can make them of neighbours of 128.
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import type { CommandTarget } from './modelOptions.js';

/** Adds `--wide` to a command that runs modules. */
export function withWide(command: Command): Command {
  return command.option(
    '--wide',
    'wasm: vectors of 256 bits, by an experimental flag of V8 for this process (Node 22 and later, on x64)',
  );
}

/**
 * Where it is asked for, has V8 join vectors that lie side by side (its revectorization), in all that is compiled from now on. Ends the
 * command where the target has no vectors, or the engine cannot.
 */
export function widenIfAsked(command: Command, { wide }: { readonly wide?: boolean }, target: CommandTarget): void {
  if (!wide) return;
  if (target !== 'wasm') command.error('error: --wide is for --target wasm');
  const { arch, versions } = process;
  if (arch !== 'x64' || Number(versions.node.split('.')[0]) < 22)
    command.error(`error: --wide needs Node 22 or later on x64, and this is Node ${versions.node} on ${arch}`);
  setFlagsFromString('--experimental-wasm-revectorize');
}
