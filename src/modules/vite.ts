// A plugin for Vite and Rollup, `nnc/vite`: `import { createTrainer } from './mnist.nn'`.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { requireOptions } from '../diagnostics/misuse.js';
import { modules } from '../targets.js';
import { buildModule, type Problem } from './build.js';
import { isBundlersOwn, type ImportOptions } from './options.js';

export type { ImportOptions } from './options.js';

/** What the plugin needs to know of Rollup's and Vite's types, so that neither has to be installed. */
export interface ModulePlugin {
  readonly name: string;
  readonly enforce: 'pre';
  configResolved(config: { readonly command: 'build' | 'serve' }): void;
  configureServer(server: { readonly watcher: Watcher }): void;
  resolveId(id: string, importer?: string): string | undefined;
  load(this: LoadContext, id: string, request?: { readonly ssr?: boolean }): Promise<Loaded | undefined>;
}

interface Watcher {
  add(file: string): unknown;
}

interface Loaded {
  readonly code: string;
  readonly map: string | { readonly mappings: '' };
  /** What Rolldown is told of a file whose ending it does not know. */
  readonly moduleType: 'js';
}

interface LoadContext {
  addWatchFile(file: string): void;
  warn(problem: string | Reported): void;
  error(problem: string | Reported): never;
}

/** An error as Vite shows it over the page: where it is, and its text. */
interface Reported {
  readonly message: string;
  readonly id: string;
  readonly loc: { readonly file: string; readonly line: number; readonly column: number };
}

/** Marks the compiled module behind the one that keeps its trainers while it is edited. */
const compiledMark = 'nnc-compiled';
const known: Readonly<Record<keyof ImportOptions, readonly string[] | undefined>> = {
  target: Object.keys(modules),
  relaxed: undefined,
  threads: undefined,
  model: undefined,
  set: undefined,
};
const hotModule = 'virtual:nnc/hot';

/**
 * Compiles each imported .nn file, as the plugin's options and the import's query say. While Vite serves, a file that is edited is compiled
 * again, and trainers that are in use become trainers of the new module: weights that still fit stay.
 */
export default function nnc(options: ImportOptions = {}): ModulePlugin {
  requireOptions('nnc/vite', options, known);
  let serves = false;
  let watcher: Watcher | undefined;
  return {
    name: 'nnc',
    enforce: 'pre',
    configResolved({ command }) {
      serves = command === 'serve';
    },
    configureServer(server) {
      ({ watcher } = server);
    },
    resolveId(id, importer) {
      if (id === hotModule) return `\0${hotModule}`;
      // Rollup looks for files by all of an import, with its query.
      const [path] = id.split('?', 1);
      const relative = /^\.{1,2}\//.test(path) && path.endsWith('.nn') && importer !== undefined;
      return relative ? resolve(dirname(importer.split('?', 1)[0]), path) + id.slice(path.length) : undefined;
    },
    async load(id, request) {
      if (id === `\0${hotModule}`)
        return { ...asScript(readFileSync(new URL('./hot.js', import.meta.url), 'utf8')), map: { mappings: '' } };
      const [path, query = ''] = id.split('?', 2);
      if (!path.endsWith('.nn') || isBundlersOwn(query)) return undefined;
      // Of files outside its root Vite itself watches those alone that it has read.
      watcher?.add(path);
      const isCompiled = new URLSearchParams(query).has(compiledMark);
      if (serves && !isCompiled && request?.ssr !== true)
        return { ...asScript(kept(path, query)), map: { mappings: '' } };
      const { code, map = '', errors, warnings, files } = await buildModule(path, query, options);
      // Told of a module's own file as one that it is made of, Vite would take the two modules of a file for a circle.
      for (const file of files) if (!serves || file !== path) this.addWatchFile(file);
      for (const warning of warnings) this.warn(reported(warning, id));
      if (code === undefined)
        return this.error(reported({ ...errors[0], text: errors.map(({ text }) => text).join('\n\n') }, id));
      return { ...asScript(code), map };
    },
  };
}

function asScript(code: string): Pick<Loaded, 'code' | 'moduleType'> {
  return { code, moduleType: 'js' };
}

/** What stands for a file while Vite serves it: its module, with a createTrainer whose trainers outlive it. */
function kept(path: string, query: string): string {
  const compiled = JSON.stringify(`${path}?${[query, compiledMark].filter((part) => part !== '').join('&')}`);
  return `import * as compiled from ${compiled};
import { keepTrainers } from ${JSON.stringify(hotModule)};
export * from ${compiled};
export const createTrainer = import.meta.hot ? keepTrainers(compiled, import.meta.hot) : compiled.createTrainer;
if (import.meta.hot) import.meta.hot.accept();
`;
}

function reported({ text, file, line, column }: Problem, id: string): Reported {
  return { message: text, id, loc: { file, line, column } };
}
