// A model made ready to run: compiled, from its file or from what a run has kept of it.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../data/files.js';
import { Fault, type Source } from '../../diagnostics/diagnostic.js';
import { runDamaged } from '../../diagnostics/runs.js';
import type { ModelGraph, TrainerProgram } from '../../index.js';
import { stepOf } from '../../ir/program.js';
import { importPath } from '../../passes/elaborate/imports.js';
import { readImport, readSource, rememberSource } from '../files.js';
import type { CommandTarget, ModelOptions } from '../modelOptions.js';
import { report } from '../report.js';
import type { KeptFile, RunRecord } from './record.js';

/** A file that a run keeps: where, where it was read from, and its text. */
export interface Kept extends KeptFile {
  readonly text: string;
}

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
  readonly threads: boolean;
}

/** Compiles a file; undefined where it has errors, which have been shown. */
export async function prepareFile(file: string, settings: Settings): Promise<Prepared | undefined> {
  const source = readSource(file);
  const imports = new Map<string, string>();
  const read = (path: string): string | undefined => {
    const text = readImport(path);
    if (text !== undefined) imports.set(path, text);
    return text;
  };
  const prepared = await prepare(source, settings, read);
  return prepared && { ...prepared, kept: keptOf(source, imports) };
}

/** Compiles what a run has kept of its model, under the names that it had. */
export async function prepareRun(folder: string, record: RunRecord, threads: boolean): Promise<Prepared | undefined> {
  const kept = keptIn(folder, record);
  for (const { from, text } of kept) rememberSource(from, text);
  const { source, settings } = compiledAs(kept, record, threads);
  const prepared = await prepare(source, settings, settings.read);
  return prepared && { ...prepared, kept };
}

/** What a run has kept of its model, the model's file first. */
export function keptIn(folder: string, { files }: RunRecord): readonly Kept[] {
  return files.map(({ path, from }): Kept => {
    const file = join(folder, path);
    try {
      return { path, from, text: readFileSync(file, 'utf8') };
    } catch (error) {
      throw new Fault(runDamaged({ file, reason: reasonOf(error) }));
    }
  });
}

/** How what a run has kept is compiled. */
export function compiledAs(
  [entry, ...imports]: readonly Kept[],
  { overrides, target, relaxed = false }: RunRecord,
  threads: boolean,
): { readonly source: Source; readonly settings: Settings & { read(path: string): string | undefined } } {
  const texts = new Map(imports.map(({ from, text }) => [from, text]));
  const settings = { ...overrides, target, relaxed, threads, read: (path: string) => texts.get(path) };
  return { source: { file: entry.from, text: entry.text }, settings };
}

async function prepare(
  source: Source,
  settings: Settings,
  read: (path: string) => string | undefined,
): Promise<Omit<Prepared, 'kept'> | undefined> {
  const { compile } = await import('../../index.js');
  const { model, program, code, diagnostics } = await compile(source, { ...settings, read, language: 'js' });
  if (report(diagnostics) || !model || !program || code === undefined) return undefined;
  return { model, program, code, target: settings.target };
}

/** Imports lie where the model's own text finds them, where that is within the folder. */
function keptOf(source: Source, imports: ReadonlyMap<string, string>): readonly Kept[] {
  const taken = new Set(['model.nn']);
  const folder = dirname(importPath(source.file, basename(source.file)));
  const others = [...imports].map(([from, text], i): Kept => {
    const within = folder === '.' ? from : from.startsWith(`${folder}/`) ? from.slice(folder.length + 1) : '';
    const own = within !== '' && !/^(\.\.?(\/|$)|\/)/.test(within) && within.endsWith('.nn') && !taken.has(within);
    const path = own ? within : `imports/${i + 1}/${basename(from)}`;
    taken.add(path);
    return { path, from, text };
  });
  return [{ path: 'model.nn', from: source.file, text: source.text }, ...others];
}

/** A step that is too little to share starts no threads. */
export function threadsFor({ program }: Prepared, asked: number | 'auto'): number | 'auto' {
  return asked === 'auto' && stepOf(program)?.alone ? 1 : asked;
}
