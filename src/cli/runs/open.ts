// A run for programs: its model compiled, its weights, and what it tells of itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Words } from '../../data/dataset.js';
import { asErrors, readPortions, refuseErrors, type ProgramData } from '../../data/program.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { requireOptions, requirePath } from '../../diagnostics/misuse.js';
import { checkpointAbsent } from '../../diagnostics/runs.js';
import { compileToRun } from '../../compile.js';
import { sourcesOf } from '../source.js';
import { importTrainer, simdWorks, type Trainer } from '../trainer.js';
import { classesIn, loadTrainer, positionIn, readCheckpoint } from './checkpoint.js';
import { names } from './folder.js';
import { keptIn } from './keep.js';
import { rowsIn, type EpochRecord } from './metrics.js';
import { compiledAs } from './prepare.js';
import { readRecord, type RunRecord } from './record.js';
import { weightsOfRun } from './trained.js';

export interface OpenOptions {
  /** Which weights: the best of the run where nothing is said; the last come with what the optimizer remembers. */
  readonly weights?: 'best' | 'last';
  /** What computes: the run's own where that runs in Node. */
  readonly target?: 'ts' | 'wasm';
}

/** A run of `nnc train`. */
export interface OpenRun {
  readonly folder: string;
  /** What run.json holds. */
  readonly record: RunRecord;
  /** The rows of metrics.jsonl. */
  readonly epochs: readonly EpochRecord[];
  /** What the numbers of an index stand for, by input. */
  readonly words: Words;
  /** The path of the weights. */
  readonly checkpoint: string;
  /** Calls of step after which the weights were saved, from which `fit` goes on as its `start`; absent with the best. */
  readonly start?: number;
  /** A trainer of the run's model, with these weights. */
  readonly trainer: Trainer;
  predict: Trainer['predict'];
  evaluate: Trainer['evaluate'];
  /** The data that it was trained on, split as they were. */
  data(): Promise<ProgramData>;
  dispose(): void;
}

/** Opens the folder of a run. What is wrong with it is an `Error` with the message that `nnc` shows. */
export async function openRun(folder: string, options: OpenOptions = {}): Promise<OpenRun> {
  requirePath('openRun', folder);
  requireOptions('openRun', options, { weights: ['best', 'last'], target: ['ts', 'wasm'] });
  const { weights, target } = options;
  const texts = new Map<string, string>();
  return asErrors(texts, async () => {
    const record = readRecord(folder);
    const own = record.target === 'ts' ? 'ts' : simdWorks() ? 'wasm' : 'ts';
    const {
      source,
      settings,
      texts: kept,
    } = compiledAs(folder, keptIn(folder, record), { ...record, target: target ?? own }, false);
    for (const [path, text] of kept) texts.set(path, text);
    const { model, code, diagnostics } = await compileToRun(source, settings);
    refuseErrors(diagnostics, texts);
    if (!model || code === undefined) throw new Error(`${folder}: the model is not whole`);
    const checkpoint = weights === undefined ? weightsOfRun(folder) : join(folder, names[weights]);
    if (!existsSync(checkpoint)) throw new Fault(checkpointAbsent({ folder }));
    const file = readCheckpoint(checkpoint);
    const trainer = await (await importTrainer(code)).createTrainer({ seed: record.seed });
    await loadTrainer(checkpoint, model.name, trainer, file);
    const start = positionIn(checkpoint, file)?.calls;
    const words = classesIn(checkpoint, file);
    return {
      ...{ folder, record, words, checkpoint, trainer, ...(start !== undefined && { start }) },
      epochs: rowsIn<EpochRecord>(join(folder, names.metrics)),
      predict: (inputs, options) => trainer.predict(inputs, options),
      evaluate: (inputs) => trainer.evaluate(inputs),
      data: () =>
        asErrors(texts, () => {
          const { data, seed } = record;
          return readPortions(model, sourcesOf(model, data.given), data.folder, { seed, words });
        }),
      dispose: () => trainer.dispose(),
    };
  });
}
