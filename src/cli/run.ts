// A run's folder: the best and the last checkpoint, and a line of metrics for each epoch.
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
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
  /** Takes note of an epoch; files are written at most once a second. */
  record(record: EpochRecord, trainer: Trainer): Promise<void>;
  /** Writes everything: the last checkpoint holds all that going on exactly needs. */
  finish(trainer: Trainer): Promise<void>;
}

const writeEvery = 1000;

/** Opens a run's folder; without a name, the first free one of runs/NAME, runs/NAME-2, …. */
export function openRun(out: string | undefined, model: string): Run {
  const folder = out ?? freeFolder(join('runs', model));
  const metrics = join(folder, 'metrics.jsonl');
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  attempt(metrics, () => writeFileSync(metrics, ''));
  let lowest = Infinity;
  let best: Uint8Array | undefined;
  let lines = '';
  let written = performance.now();

  const finish = async (trainer: Trainer): Promise<void> => {
    const files = [{ path: join(folder, 'last.safetensors'), content: await trainer.save({ optimizer: true }) }];
    if (best) files.push({ path: join(folder, 'best.safetensors'), content: best });
    writeFiles(files);
    attempt(metrics, () => appendFileSync(metrics, lines));
    best = undefined;
    lines = '';
    written = performance.now();
  };
  return {
    folder,
    finish,
    async record(record, trainer) {
      lines += `${JSON.stringify(record)}\n`;
      const { loss } = record.validation ?? record.train;
      if (loss < lowest) {
        lowest = loss;
        best = await trainer.save();
      }
      if (performance.now() - written > writeEvery) await finish(trainer);
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
