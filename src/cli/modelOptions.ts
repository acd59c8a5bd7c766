// The options that choose and configure a model, shared by every command that takes a file.
import { InvalidArgumentError, Option, type Command } from 'commander';
import { settingOf } from '../modules/options.js';

export type Settings = Readonly<Record<string, number | boolean | string>>;

export interface ModelOptions {
  readonly model?: string;
  readonly set?: Settings;
  readonly memoryLimit?: number;
}

/** Adds `--model`, `--set` and `--memory-limit`. */
export function withModelOptions(command: Command): Command {
  return command
    .option('--model <name>', 'which model, where the file holds several')
    .option('--set <name=value>', 'override a model parameter (again for more)', addSetting)
    .option('--memory-limit <gib>', 'refuse models that take more for one example (default: 16)', amount);
}

export type CommandTarget = 'ts' | 'wasm';

export interface TargetOptions {
  readonly target?: CommandTarget;
  readonly relaxed?: boolean;
}

/**
 * Adds `--target` and `--relaxed`. Without `--target` the command decides; `byDefault` says how in its help. What runs modules
 * takes those that run here; `also` names others.
 */
export function withTargetOptions(command: Command, byDefault: string, also: readonly string[] = []): Command {
  const target = new Option('--target <target>', `the arithmetic of the module (default: ${byDefault})`);
  return command
    .addOption(target.choices([...(['ts', 'wasm'] satisfies CommandTarget[]), ...also]))
    .option('--relaxed', 'wasm: fused multiply-add where the engine has it; last bits differ between machines');
}

function addSetting(text: string, before: Settings = {}): Settings {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It should look like NAME=VALUE.');
  return { ...before, [text.slice(0, at).trim()]: settingOf(text.slice(at + 1).trim()) };
}

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new InvalidArgumentError('It should be a number above 0.');
  return value;
}

/** Parses an option that counts something. */
export function wholeNumber(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most < Infinity ? `from ${least} to ${most}` : `of at least ${least}`;
    throw new InvalidArgumentError(`It should be a whole number ${range}.`);
  };
}

/** Parses how many threads to compute with. */
export function threadCount(text: string): number | 'auto' {
  if (text === 'auto') return text;
  try {
    return wholeNumber(1)(text);
  } catch {
    throw new InvalidArgumentError('It should be a whole number of at least 1, or auto.');
  }
}

/** Parses an option that names a folder. */
export function folderName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It should name a folder.');
  return text;
}

/** Every seed of random draws is one word. */
export const seedNumber = wholeNumber(0, 2 ** 32 - 1);
