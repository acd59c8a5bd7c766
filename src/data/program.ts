// Data for programs: what a model's train block names, read and split as `nnc train` does it, in arrays.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Part } from '../codegen/runtime/fit.js';
import { check } from '../compile.js';
import { batchesLooked, dataAbsent } from '../diagnostics/data.js';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import { requireOptions, requirePath } from '../diagnostics/misuse.js';
import { fileUnreadable } from '../diagnostics/files.js';
import { render } from '../diagnostics/render.js';
import type { ModelGraph } from '../ir/model.js';
import { inputsToLearn } from '../passes/entries.js';
import type { BatchStream, InputArrays, Words } from './dataset.js';
import { describe } from './fields.js';
import { reasonOf } from './files.js';
import { loadSources, type Sources } from './sources.js';
import { splitData } from './split.js';

/** Which data to read. */
export interface DataRequest {
  /** The .nn file whose train block names the data; paths in it start from its folder. */
  readonly file: string;
  /** Which model, where the file holds several. */
  readonly model?: string;
  /** Model parameters that are overridden. */
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  /** What decides which rows are held back; the train block's seed where nothing is said. */
  readonly seed?: number;
}

/** Arrays by input, as `fit`, `step` and `evaluate` of a trainer take them. */
export interface ProgramData {
  readonly train: InputArrays;
  readonly validation?: InputArrays;
  readonly test?: InputArrays;
  /** What the numbers of an index stand for, by input: classes, or the characters of a vocabulary. */
  readonly words: Words;
  /** What one should know of how the data were read: rows that were left out. */
  readonly notes: readonly string[];
}

/**
 * Reads the data of a model for its trainer: `fit(data.train, { validation: data.validation })` then trains as `nnc train` does.
 * What is wrong with the model or its data is an `Error` with the message that `nnc` shows.
 */
export async function readData(source: string | DataRequest): Promise<ProgramData> {
  const request = typeof source === 'string' ? { file: source } : source;
  requireOptions('readData', request, { file: undefined, model: undefined, set: undefined, seed: undefined });
  requirePath('readData', request.file);
  const texts = new Map<string, string>();
  return asErrors(texts, () => read(request, texts));
}

/** Makes what is the user's fault an `Error` with the message that `nnc` shows; `texts` are the sources read so far. */
export async function asErrors<T>(texts: ReadonlyMap<string, string>, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Error(shown([error.diagnostic], texts), { cause: error });
  }
}

async function read({ file, model: name, set, seed }: DataRequest, texts: Map<string, string>): Promise<ProgramData> {
  const text = textOf(file, texts);
  const options = {
    ...(name !== undefined && { model: name }),
    ...(set && { set }),
    read: (path: string): string | undefined => {
      try {
        return textOf(path, texts);
      } catch {
        return undefined;
      }
    },
  };
  const { model, diagnostics } = check({ file, text }, options);
  refuseErrors(diagnostics, texts);
  if (!model) throw new Error(shown(diagnostics, texts));
  const { data, others = {} } = model.train;
  if (!data) throw new Fault(dataAbsent({ model: model.name }));
  return readPortions(model, { data, ...others }, dirname(resolve(file)), { seed: seed ?? model.train.seed });
}

/** A model with errors is refused with all of them. */
export function refuseErrors(diagnostics: readonly Diagnostic[], texts: ReadonlyMap<string, string>): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(shown(errors, texts));
}

/** Reads sources and splits them as the model says; paths start from `folder`. */
export async function readPortions(
  model: ModelGraph,
  sources: Sources,
  folder: string,
  { seed, words = {} }: { readonly seed: number; readonly words?: Words },
): Promise<ProgramData> {
  const needed = model.training.loss ? inputsToLearn(model) : model.inputs;
  const loaded = await loadSources(sources, model.inputs, folder, { needed, words });
  const portions = splitData(loaded, model, seed);
  const arraysOf = (part: Part | BatchStream): InputArrays => {
    if ('kind' in part) throw new Fault(batchesLooked({ source: describe(sources.data) }));
    return part.taker(part.count)(Array.from({ length: part.count }, (_, i) => part.rowAt(i))) as InputArrays;
  };
  const { train, validation, test } = portions;
  return {
    train: arraysOf(train),
    ...(validation && { validation: arraysOf(validation) }),
    ...(test && { test: arraysOf(test) }),
    words: loaded.words,
    notes: loaded.notes,
  };
}

function textOf(file: string, texts: Map<string, string>): string {
  try {
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    return text;
  } catch (error) {
    throw new Fault(fileUnreadable({ file, reason: reasonOf(error) }));
  }
}

function shown(diagnostics: readonly Diagnostic[], texts: ReadonlyMap<string, string>): string {
  return diagnostics.map((diagnostic) => render(diagnostic, (file) => texts.get(file), { colour: false })).join('\n\n');
}
