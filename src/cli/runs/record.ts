// run.json: what a run was told, what it reads, and how it ended.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Words } from '../../data/dataset.js';
import { codeOf, reasonOf } from '../../data/files.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { runAbsent, runDamaged } from '../../diagnostics/runs.js';
import type { CommandTarget, ModelOptions } from '../modelOptions.js';

/** The best epoch so far. */
export interface Best {
  readonly epoch: number;
  /** Of what is monitored. */
  readonly value: number;
}

/** running: it is under way, or was killed. */
export type Ending = 'running' | 'finished' | 'patience' | 'interrupted' | 'not finite' | 'failed';

/** A file of the run's folder, and the path that it was read from. */
export interface KeptFile {
  readonly path: string;
  readonly from: string;
}

export interface RunRecord {
  readonly version: 1;
  readonly model: string;
  /** Of the model's text. */
  readonly digest: string;
  /** The model's file, then what it imports. */
  readonly files: readonly KeptFile[];
  readonly overrides: Pick<ModelOptions, 'model' | 'set' | 'memoryLimit'>;
  readonly seed: number;
  readonly batch: number;
  readonly epochs: number;
  /** What it is compiled for where it is read again. */
  readonly target: CommandTarget;
  /** What trained it, where that was no module of ours: the script of `nnc export --stablehlo`. */
  readonly engine?: string;
  readonly relaxed?: boolean;
  readonly data: {
    /** The folder that its paths start from, absolute. */
    readonly folder: string;
    /** `csv("rows.csv")` */
    readonly source: string;
    /** The file that stood in its place, absolute. */
    readonly given?: string;
    /** To train on, where that is known. */
    readonly rows?: number;
  };
  /** What numbers of an index stand for, by input. */
  readonly classes: Words;
  /** The checkpoint that it started from. */
  readonly from?: string;
  readonly versions: { readonly nnc: string; readonly [of: string]: string };
  readonly started: string;
  /** What decides which epoch is the best. */
  readonly monitor: string;
  readonly best?: Best;
  /** The lowest loss, of the validation where there is one, and its epoch: the best, where nothing else is monitored. */
  readonly lowest?: Best;
  /** Epochs that are complete, steps and seconds. */
  readonly done: { readonly epochs: number; readonly steps: number; readonly seconds: number };
  readonly ended: Ending;
  /** Losses and metrics on the test data. */
  readonly test?: Readonly<Record<string, number>>;
  /** The codes of what it was warned of, each once. */
  readonly warnings?: readonly string[];
  readonly warned?: readonly Warned[];
}

/** A warning as it was given. */
export interface Warned {
  readonly code: string;
  /** What is warned of once. */
  readonly key: string;
  readonly epoch: number;
  /** Calls of step before it. */
  readonly step: number;
  readonly message: string;
  /** Where the fault is, and what is said there; lines and columns are from 1. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly label?: string;
  readonly notes: readonly string[];
  readonly help?: string;
}

export const recordName = 'run.json';

export function recordText(record: RunRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** The record in a folder, which is an error of the user's where there is none. */
export function readRecord(folder: string): RunRecord {
  const file = join(folder, recordName);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') throw new Fault(runAbsent({ folder }));
    throw new Fault(runDamaged({ file, reason: reasonOf(error) }));
  }
  return checked(file, text);
}

function checked(file: string, text: string): RunRecord {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Fault(runDamaged({ file, reason: 'it is not JSON' }));
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new Fault(runDamaged({ file, reason: 'it is not an object' }));
  const found = record as Readonly<Record<string, unknown>>;
  if (found.version !== 1) throw new Fault(runDamaged({ file, reason: 'it is of another version of nnc' }));
  const wrong = Object.entries(kinds).find(([name, kind]) => kindOf(found[name]) !== kind);
  if (wrong) throw new Fault(runDamaged({ file, reason: `${wrong[0]} should be ${kindWords[wrong[1]]}` }));
  return record as RunRecord;
}

const kindWords = { string: 'a text', number: 'a number', object: 'an object', array: 'a list' } as const;
type Kind = keyof typeof kindWords;

/** What cannot be done without. */
const kinds: Readonly<Record<string, Kind>> = {
  ...{ model: 'string', files: 'array', overrides: 'object', seed: 'number', batch: 'number', epochs: 'number' },
  ...{ target: 'string', data: 'object', classes: 'object', monitor: 'string', done: 'object', ended: 'string' },
};

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
