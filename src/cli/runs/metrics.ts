// What a run measures, as lines of files: an epoch a row in metrics.jsonl and metrics.csv, some steps in steps.jsonl.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { codeOf } from '../../data/files.js';
import type { Histogram } from '../../inspect/health/units.js';
import type { Values } from '../trainer.js';

export interface EpochRecord {
  readonly epoch: number;
  /** Updates made since the beginning. */
  readonly step: number;
  readonly seconds: number;
  readonly train: Values;
  readonly validation?: Values;
  /** Where gradients are stored as halves, and some of this epoch's were not finite: so many steps were left out, and what the scale is now. */
  readonly leftOut?: number;
  readonly lossScale?: number;
}

/** Norms of a parameter. */
export interface Norms {
  readonly weight: number;
  readonly gradient: number;
  /** Of what the last step changed. */
  readonly update: number;
}

export interface StepRecord {
  /** Calls of step since the beginning. */
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  /** Means since the row before. */
  readonly train: Values;
  readonly learningRate?: number;
  readonly norms?: Readonly<Record<string, Norms>>;
  /** Of trained parameters. */
  readonly weights?: Readonly<Record<string, Histogram>>;
  /** Of activations: how they are spread, and of units that can die, how many gave nothing but 0. */
  readonly layers?: Readonly<Record<string, { histogram: Histogram; dead?: number; units?: number }>>;
}

/** A row of a table of epochs, as text. */
export function csvLine(names: readonly string[], { epoch, step, seconds, train, validation }: EpochRecord): string {
  const of = (values: Values | undefined): string[] => names.map((name) => numberText(values?.[name]));
  return `${[epoch, step, seconds, ...of(train), ...of(validation)].join(',')}\n`;
}

export function csvHeader(names: readonly string[]): string {
  const of = (part: string): string[] => names.map((name) => quoted(`${part}.${name}`));
  return `${['epoch', 'step', 'seconds', ...of('train'), ...of('validation')].join(',')}\n`;
}

function numberText(value: number | undefined): string {
  return value === undefined ? '' : `${value}`;
}

export function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of a file of lines of JSON that are whole; none where there is no such file. */
export function rowsIn<T>(file: string): readonly T[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line): T[] => {
    if (line === '') return [];
    try {
      return [JSON.parse(line) as T];
    } catch {
      return [];
    }
  });
}

/** Adds whole lines in one write, which a kill does not cut. */
export function append(file: string, lines: string): void {
  if (lines === '') return;
  const descriptor = openSync(file, 'a');
  try {
    const bytes = Buffer.from(lines);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
  } finally {
    closeSync(descriptor);
  }
}
