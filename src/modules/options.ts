// How an imported .nn file is compiled: by the options of a plugin, and by what the import says behind `?`.
import { Fault } from '../diagnostics/diagnostic.js';
import { importOption } from '../diagnostics/files.js';
import { modules, type ModuleTarget } from '../targets.js';

/** How a file is compiled where a program imports it. Each may be said in the import too: `./mnist.nn?target=wasm&set.hidden=64`. */
export interface ImportOptions {
  /** What the module computes with. Default: ts. */
  readonly target?: ModuleTarget;
  /** wasm: fused multiply-add where the engine has it; last bits differ between machines. */
  readonly relaxed?: boolean;
  /** wasm: the trainer takes the option `threads`. Default: true, for the target wasm alone. */
  readonly threads?: boolean;
  /** Which model, where the file holds several. */
  readonly model?: string;
  /** Overrides of model parameters; in an import `set.NAME=VALUE`. */
  readonly set?: Readonly<Record<string, number | boolean | string>>;
}

/** What an import says behind `?` of how its file is compiled; `undefined` is no option of ours, which a bundler may have added. */
export function optionsIn(query: string, defaults: ImportOptions, file: string): ImportOptions {
  let options = defaults;
  for (const [name, value] of new URLSearchParams(query))
    options = { ...options, ...optionOf(name, value, options, file) };
  return options;
}

/** Whether an import asks for a file as text or as an address, which is a bundler's affair. */
export function isBundlersOwn(query: string): boolean {
  return /(?:^|[?&])(?:raw|url)(?:&|=|$)/.test(query);
}

function optionOf(name: string, value: string, { set }: ImportOptions, file: string): ImportOptions {
  switch (name) {
    case 'target':
      if (Object.hasOwn(modules, value)) return { target: value as ModuleTarget };
      throw new Fault(importOption({ file, option: `target=${value}`, expected: Object.keys(modules) }));
    case 'relaxed':
    case 'threads':
      if (!['', 'true', 'false'].includes(value))
        throw new Fault(importOption({ file, option: `${name}=${value}`, expected: ['true', 'false'] }));
      return { [name]: value !== 'false' };
    case 'model':
      return { model: value };
    default:
      return name.startsWith('set.') ? { set: { ...set, [name.slice('set.'.length)]: settingOf(value) } } : {};
  }
}

/** A setting as it is written behind `=`: a number, true or false, else a text. */
export function settingOf(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  const value = Number(text);
  return text !== '' && Number.isFinite(value) ? value : text;
}
