// A run's folder: the best and the last checkpoint, and a line of metrics for each epoch.
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../data/files.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { fileUnwritable } from '../diagnostics/files.js';
import { writeFiles } from './files.js';
import type { Trainer, Values } from './trainer.js';

export interface EpochRecord {
  readonly epoch: number;
  /** Updates made since the beginning. */
  readonly step: number;
  readonly seconds: number;
  readonly train: Values;
  readonly validation?: Values;
}

export interface Run {
  readonly folder: string;
  /** Writes the metrics of an epoch and the checkpoints that follow from it. */
  record(record: EpochRecord, trainer: Trainer): Promise<void>;
  /** Writes the last checkpoint, with all that going on exactly needs. */
  saveLast(trainer: Trainer): Promise<void>;
}

/** Opens a run's folder; without a name, the first free one of runs/NAME, runs/NAME-2, …. */
export function openRun(out: string | undefined, model: string): Run {
  const folder = out ?? freeFolder(join('runs', model));
  const metrics = join(folder, 'metrics.jsonl');
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  attempt(metrics, () => rmSync(metrics, { force: true }));
  let best = Infinity;
  const saveLast = async (trainer: Trainer): Promise<void> =>
    writeFiles([{ path: join(folder, 'last.safetensors'), content: await trainer.save({ optimizer: true }) }]);
  return {
    folder,
    saveLast,
    async record(record, trainer) {
      attempt(metrics, () => appendFileSync(metrics, `${JSON.stringify(record)}\n`));
      const { loss } = record.validation ?? record.train;
      if (loss < best) {
        best = loss;
        writeFiles([{ path: join(folder, 'best.safetensors'), content: await trainer.save() }]);
      }
      await saveLast(trainer);
    },
  };
}

function freeFolder(first: string): string {
  let folder = first;
  for (let n = 2; existsSync(folder); n++) folder = `${first}-${n}`;
  return folder;
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const inTheWay = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new Fault(fileUnwritable({ file: path, reason: inTheWay ? 'a file of this name exists' : reasonOf(error) }));
  }
}
