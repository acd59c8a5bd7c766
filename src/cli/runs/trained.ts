// A trained model: that of a run, with its best weights, or that of a file with a checkpoint.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Words } from '../../data/dataset.js';
import { checkpointAbsent } from '../../diagnostics/runs.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import type { ModelOptions, TargetOptions } from '../modelOptions.js';
import { importTrainer, simdWorks, unlessRefused, type Trainer } from '../trainer.js';
import { classesIn, loadTrainer, readCheckpoint } from './checkpoint.js';
import { names } from './folder.js';
import { prepareFile, prepareRun, type Prepared } from './prepare.js';
import { readRecord, type RunRecord } from './record.js';

export interface TrainedOptions extends ModelOptions, TargetOptions {
  readonly checkpoint?: string;
  readonly data?: string;
  readonly batch?: number;
}

export interface Trained {
  readonly prepared: Prepared;
  readonly trainer: Trainer;
  readonly checkpoint: string;
  /** What numbers of an index stand for. */
  readonly words: Words;
  readonly seed: number;
  readonly batch: number;
  /** The folder that paths of the model's data start from, and the file that stood in their place. */
  readonly folder: string;
  readonly given?: string;
  readonly record?: RunRecord;
}

export function withTrainedOptions(command: Command): Command {
  return command
    .argument('<file>', 'a run, or a .nn file with --checkpoint')
    .option('--checkpoint <path>', 'the weights: a safetensors file (default: the best of the run)');
}

/** Compiles and loads what the argument names; undefined where the model has errors, which have been shown. */
export async function openTrained(
  path: string,
  options: TrainedOptions,
  command: Command,
): Promise<Trained | undefined> {
  const isRun = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const { checkpoint, relaxed } = options;
  if (!isRun && checkpoint === undefined)
    command.error(`error: ${path} is a model: say which weights, with --checkpoint, or name a run`);
  const record = isRun ? readRecord(path) : undefined;
  const target = options.target ?? record?.target ?? (simdWorks() ? 'wasm' : 'ts');
  const settings = { ...options, target, threads: false, ...(relaxed && { relaxed }) };
  const prepared = await (record
    ? prepareRun(path, { ...record, target }, { threads: false })
    : prepareFile(path, settings));
  if (!prepared) return undefined;
  const { model } = prepared;
  const weights = checkpoint ?? weightsOfRun(path);
  const file = readCheckpoint(weights);
  const batch = options.batch ?? Math.max(record?.batch ?? model.train.batch, 256);
  const seed = record?.seed ?? model.train.seed;
  const { createTrainer } = await importTrainer(prepared.code);
  const trainer = await unlessRefused(model, () => createTrainer({ seed }));
  await loadTrainer(weights, model.name, trainer, file);
  return {
    ...{ prepared, trainer, checkpoint: weights, words: classesIn(weights, file), seed, batch },
    folder: record?.data.folder ?? dirname(path),
    ...(record?.data.given !== undefined && { given: record.data.given }),
    ...(record && { record }),
  };
}

/** The best weights of a run, else its last. */
export function weightsOfRun(folder: string): string {
  const found = [names.best, names.last].map((name) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Fault(checkpointAbsent({ folder }));
  return found;
}
