// What `nnc export` is given: a .nn file, or the folder of a run with what it has kept of its model.
import { statSync } from 'node:fs';
import type { ModelGraph, Source } from '../index.js';
import { keepingImports, readSource, rememberSource } from './files.js';
import type { ModelOptions } from './modelOptions.js';
import { report } from './report.js';
import { keptIn, keptOf, type Kept } from './runs/keep.js';
import { compiledAs } from './runs/prepare.js';
import { readRecord, type RunRecord } from './runs/record.js';
import { weightsOfRun } from './runs/trained.js';

export interface Exported {
  readonly model: ModelGraph;
  readonly source: Source;
  readonly overrides: ModelOptions;
  /** The text of what it imports. */
  read(path: string): string | undefined;
  /** The model's file and all that it imports. */
  readonly kept: readonly Kept[];
  /** Of a run: what it was told, and its best weights. */
  readonly run?: { readonly record: RunRecord; readonly weights: string };
}

export function isRun(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The model of a file or a run; undefined where it has errors, which have been shown. */
export async function openExported(path: string, options: ModelOptions): Promise<Exported | undefined> {
  return isRun(path) ? ofRun(path) : ofFile(path, options);
}

async function ofFile(file: string, { model, set, memoryLimit }: ModelOptions): Promise<Exported | undefined> {
  const source = readSource(file);
  const { imports, read } = keepingImports();
  const settings = { ...(model !== undefined && { model }), ...(set && { set }), ...(memoryLimit && { memoryLimit }) };
  const checked = await checkedOf(source, settings, read);
  return checked && { ...checked, kept: keptOf(source, imports) };
}

async function ofRun(folder: string): Promise<Exported | undefined> {
  const record = readRecord(folder);
  const kept = keptIn(folder, record);
  const { source, settings, texts } = compiledAs(folder, kept, record, false);
  for (const [file, text] of texts) rememberSource(file, text);
  const checked = await checkedOf(source, record.overrides, settings.read);
  return checked && { ...checked, kept, run: { record, weights: weightsOfRun(folder) } };
}

async function checkedOf(
  source: Source,
  overrides: ModelOptions,
  read: Exported['read'],
): Promise<Pick<Exported, 'model' | 'source' | 'overrides' | 'read'> | undefined> {
  const { check } = await import('../index.js');
  const { model, diagnostics } = check(source, { ...overrides, read });
  if (report(diagnostics) || !model) return undefined;
  return { model, source, overrides, read };
}
