// A model made ready to run: compiled, from its file or from what a run has kept of it.
import { join } from 'node:path';
import type { Source } from '../../diagnostics/diagnostic.js';
import type { ModelGraph, TrainerProgram } from '../../index.js';
import { stepOf } from '../../ir/program.js';
import { importPath } from '../../passes/elaborate/imports.js';
import { keepingImports, readSource, rememberSource } from '../files.js';
import type { CommandTarget, ModelOptions } from '../modelOptions.js';
import { report } from '../report.js';
import { keptIn, keptOf, type Kept } from './keep.js';
import type { RunRecord } from './record.js';

export interface Prepared {
  readonly model: ModelGraph;
  readonly program: TrainerProgram;
  readonly code: string;
  readonly target: CommandTarget;
  /** The model's file and all that it imports. */
  readonly kept: readonly Kept[];
}

export interface Settings extends Pick<ModelOptions, 'model' | 'set' | 'memoryLimit'> {
  readonly target: CommandTarget;
  readonly relaxed?: boolean;
  readonly wide?: boolean;
  readonly threads: boolean;
}

/** Compiles a file; undefined where it has errors, which have been shown. */
export async function prepareFile(file: string, settings: Settings): Promise<Prepared | undefined> {
  const source = readSource(file);
  const { imports, read } = keepingImports();
  const prepared = await prepare(source, settings, read);
  return prepared && { ...prepared, kept: keptOf(source, imports) };
}

/** Compiles what a run has kept of its model, in its folder. */
export async function prepareRun(
  folder: string,
  record: RunRecord,
  { threads, wide }: Pick<Settings, 'threads' | 'wide'>,
): Promise<Prepared | undefined> {
  const kept = keptIn(folder, record);
  const { source, settings, texts } = compiledAs(folder, kept, record, threads);
  for (const [file, text] of texts) rememberSource(file, text);
  const prepared = await prepare(source, { ...settings, wide }, settings.read);
  return prepared && { ...prepared, kept };
}

/** How what a run has kept is compiled; `texts` are its files by the names that diagnostics have for them. */
export function compiledAs(
  folder: string,
  kept: readonly Kept[],
  { overrides, target, relaxed = false }: RunRecord,
  threads: boolean,
): {
  readonly source: Source;
  readonly settings: Settings & { read(path: string): string | undefined };
  readonly texts: ReadonlyMap<string, string>;
} {
  const [entry] = kept;
  const file = join(folder, entry.path);
  const texts = new Map(kept.map(({ path, text }) => [path === entry.path ? file : importPath(file, path), text]));
  const settings = { ...overrides, target, relaxed, threads, read: (path: string) => texts.get(path) };
  return { source: { file, text: entry.text }, settings, texts };
}

async function prepare(
  source: Source,
  settings: Settings,
  read: (path: string) => string | undefined,
): Promise<Omit<Prepared, 'kept'> | undefined> {
  const { compileToRun } = await import('../../compile.js');
  const { model, program, code, diagnostics } = await compileToRun(source, {
    ...settings,
    read,
    fileName: (file) => file,
  });
  if (report(diagnostics) || !model || !program || code === undefined) return undefined;
  return { model, program, code, target: settings.target };
}

/** A step that is too little to share starts no threads. */
export function threadsFor({ program }: Prepared, asked: number | 'auto'): number | 'auto' {
  return asked === 'auto' && stepOf(program)?.alone ? 1 : asked;
}
