// A run's folder: the best and the last checkpoint, and a line of metrics for each epoch.
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../data/files.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { runExists } from '../diagnostics/files.js';
import { attempt, makeFolder, reached, writeFiles } from './files.js';
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
  /** Takes note of an epoch, which may be the best so far; files are written at most once a second. */
  record(record: EpochRecord, best: boolean, trainer: Trainer): Promise<void>;
  /** Writes everything: the last checkpoint holds all that going on exactly needs. */
  finish(trainer: Trainer): Promise<void>;
  /** The files that are there. There is no best checkpoint where what is monitored was finite in no epoch. */
  files(): readonly string[];
  /** Was what is monitored not finite in every epoch so far? */
  diverged(): boolean;
}

const writeEvery = 1000;
const [last, best, metrics] = ['last.safetensors', 'best.safetensors', 'metrics.jsonl'];

/** Opens a run's folder; without a name, the first free one of runs/NAME, runs/NAME-2, …. An earlier run stays but for `force`. */
export function openRun(out: string | undefined, model: string, force = false): Run {
  const folder = out === undefined ? freeFolder(join('runs', model)) : namedFolder(out, force);
  const lineFile = join(folder, metrics);
  attempt(lineFile, () => writeFileSync(lineFile, ''));
  let found = false;
  let bestFile: Uint8Array | undefined;
  let lines = '';
  let epochs = 0;
  let written = performance.now();

  const finish = async (trainer: Trainer): Promise<void> => {
    const files = [{ path: join(folder, last), content: await trainer.save({ optimizer: true }) }];
    if (bestFile) files.push({ path: join(folder, best), content: bestFile });
    writeFiles(files);
    attempt(lineFile, () => appendFileSync(lineFile, lines));
    bestFile = undefined;
    lines = '';
    written = performance.now();
  };
  return {
    folder,
    finish,
    files: () => (found ? [last, best, metrics] : [last, metrics]),
    diverged: () => epochs > 0 && !found,
    async record(record, isBest, trainer) {
      epochs++;
      lines += `${JSON.stringify(record)}\n`;
      if (isBest) {
        found = true;
        bestFile = await trainer.save();
      }
      if (performance.now() - written > writeEvery) await finish(trainer);
    },
  };
}

/** A run is not overwritten unasked. */
export function refuseExisting(folder: string): void {
  if (filesIn(folder).length > 0) throw new Fault(runExists({ folder }));
}

function namedFolder(folder: string, force: boolean): string {
  if (!force) refuseExisting(folder);
  reached(folder, () => makeFolder(folder));
  for (const file of filesIn(folder)) attempt(file, () => rmSync(file));
  return folder;
}

/** The files of an earlier run. */
function filesIn(folder: string): readonly string[] {
  return [last, best, metrics].map((name) => join(folder, name)).filter((file) => existsSync(file));
}

/** Made by this process alone, however many are started at once. */
function freeFolder(first: string): string {
  reached('runs', () => makeFolder('runs'));
  for (let n = 1; ; n++) {
    const folder = n === 1 ? first : `${first}-${n}`;
    if (existsSync(folder)) continue;
    if (isMade(folder)) return folder;
  }
}

/** False where another process was first. */
function isMade(folder: string): boolean {
  return attempt(folder, () => {
    try {
      mkdirSync(folder);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  });
}
