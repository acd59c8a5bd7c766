// A run's folder: which one it is, and writing to it such that it is whole at any moment.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, reasonOf } from '../../data/files.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { runExists } from '../../diagnostics/files.js';
import { runUnwritable } from '../../diagnostics/runs.js';
import { attempt, makeFolder, reached, writeFiles } from '../files.js';
import { withMetadata, positionText, type Position } from './checkpoint.js';
import { append, csvHeader, csvLine, rowsIn, type EpochRecord, type StepRecord } from './metrics.js';
import { recordName, recordText, type Best, type Ending, type RunRecord, type Warned } from './record.js';
import type { Kept } from './keep.js';

export const names = {
  last: 'last.safetensors',
  best: 'best.safetensors',
  metrics: 'metrics.jsonl',
  table: 'metrics.csv',
  steps: 'steps.jsonl',
  report: 'report.html',
} as const;

/** What a run's folder may hold, in the order in which it is told. */
const known = [names.last, names.best, names.metrics, names.table, names.steps, recordName, names.report, 'model.nn'];

/** The part of a trainer that is saved. */
export interface Saved {
  save(options?: { optimizer?: boolean }): Uint8Array | Promise<Uint8Array>;
  readonly stepCount: number;
}

export interface RunFolder {
  readonly folder: string;
  readonly record: RunRecord;
  /** Takes note of an epoch. */
  epoch(row: EpochRecord, best: Best | undefined, trainer: Saved): Promise<void>;
  step(row: StepRecord): void;
  /** Takes note of a warning. */
  warn(warned: Warned): void;
  /** Whether saving is due: enough time has passed that it costs a tenth of it at most. */
  due(): boolean;
  /** Writes everything: the last checkpoint holds all that going on exactly needs. */
  save(trainer: Saved, position: Position, seconds: number): Promise<Uint8Array>;
  /** Says how the run ended. */
  end(ended: Ending, changes?: Partial<RunRecord>): void;
  /** The files that are there. There is no best checkpoint where what is monitored was finite in no epoch. */
  files(): readonly string[];
}

/** Makes the folder of a new run; without a name, the first free one of runs/NAME, runs/NAME-2, …. An earlier run stays but for `force`. */
export function newFolder(out: string | undefined, model: string, force = false): string {
  return out === undefined ? freeFolder(join('runs', model)) : namedFolder(out, force);
}

/** Writes what a run begins with. */
export function beginRun(
  folder: string,
  record: RunRecord,
  kept: readonly Kept[],
  metrics: readonly string[],
): RunFolder {
  for (const { path } of kept.slice(1)) reached(folder, () => makeFolder(join(folder, path, '..')));
  writeFiles([
    ...kept.map(({ path, text }) => ({ path: join(folder, path), content: text })),
    { path: join(folder, names.metrics), content: '' },
    { path: join(folder, names.table), content: csvHeader(metrics) },
    { path: join(folder, names.steps), content: '' },
    { path: join(folder, recordName), content: recordText(record) },
  ]);
  return writing(folder, record, metrics);
}

/** Goes on with a run: what was measured after its last checkpoint is dropped. */
export function continueRun(
  folder: string,
  record: RunRecord,
  metrics: readonly string[],
  position: Position | undefined,
): RunFolder {
  const last = (position?.state.epoch ?? 1) - 1;
  const calls = position?.calls ?? 0;
  const epochs = rowsIn<EpochRecord>(join(folder, names.metrics)).filter(({ epoch }) => epoch <= last);
  const steps = rowsIn<StepRecord>(join(folder, names.steps)).filter(({ step }) => step <= calls);
  writeFiles(
    [
      { path: join(folder, names.metrics), content: linesOf(epochs) },
      {
        path: join(folder, names.table),
        content: csvHeader(metrics) + epochs.map((row) => csvLine(metrics, row)).join(''),
      },
      { path: join(folder, names.steps), content: linesOf(steps) },
      { path: join(folder, recordName), content: recordText(record) },
    ],
    { inPlace: true },
  );
  const lowest = epochs.reduce<Best | undefined>(lower, undefined);
  return writing(folder, { ...record, lowest }, metrics);
}

/** The lower of two losses, each with its epoch; what is not finite is none. */
function lower(before: Best | undefined, { epoch, train, validation }: EpochRecord): Best | undefined {
  const { loss: value } = validation ?? train;
  return Number.isFinite(value) && !(before && before.value <= value) ? { epoch, value } : before;
}

function linesOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Milliseconds between two checkpoints of one epoch. */
const saveEvery = 30_000;

/** Lines that wait to be added to the files of a run. */
function waitingLines(folder: string) {
  const waiting = new Map<string, string>();
  return {
    add: (name: string, text: string): void => void waiting.set(name, (waiting.get(name) ?? '') + text),
    flush() {
      for (const [name, text] of waiting) {
        const file = join(folder, name);
        attempt(file, () => append(file, text));
      }
      waiting.clear();
    },
  };
}

/** Saving is due where an epoch has ended, or after a while, but costs a tenth of the time at most. */
function savingClock() {
  let saved = performance.now();
  let cost = 0;
  return {
    due: (epochEnded: boolean): boolean =>
      performance.now() - saved >= (epochEnded ? 10 * cost : Math.max(saveEvery, 10 * cost)),
    saved(begin: number) {
      saved = performance.now();
      cost = saved - begin;
    },
  };
}

function writing(folder: string, begun: RunRecord, metrics: readonly string[]): RunFolder {
  let record = begun;
  let bestFile: Uint8Array | undefined;
  let epochEnded = false;
  const lines = waitingLines(folder);
  const clock = savingClock();
  return {
    folder,
    get record() {
      return record;
    },
    async epoch(row, best, trainer) {
      lines.add(names.metrics, `${JSON.stringify(row)}\n`);
      lines.add(names.table, csvLine(metrics, row));
      epochEnded = true;
      record = { ...record, lowest: lower(record.lowest, row) };
      if (!best) return;
      record = { ...record, best };
      bestFile = withMetadata(await trainer.save(), { ...classesOf(record), epoch: String(best.epoch) });
    },
    warn(warned) {
      const { warned: before = [], warnings = [] } = record;
      const codes = new Set([...warnings, warned.code]);
      record = { ...record, warnings: [...codes], warned: [...before, warned] };
    },
    step: (row) => lines.add(names.steps, `${JSON.stringify(row)}\n`),
    due: () => clock.due(epochEnded),
    async save(trainer, position, seconds) {
      const begin = performance.now();
      record = { ...record, done: { epochs: position.state.epoch - 1, steps: trainer.stepCount, seconds } };
      const own = { ...classesOf(record), position: positionText(position) };
      const last = withMetadata(await trainer.save({ optimizer: true }), own);
      try {
        lines.flush();
        // The best comes first: where only it is written, the same epoch is the best again when the run goes on.
        writeFiles(
          [
            ...(bestFile ? [{ path: join(folder, names.best), content: bestFile }] : []),
            { path: join(folder, names.last), content: last },
            { path: join(folder, recordName), content: recordText(record) },
          ],
          { inPlace: true },
        );
      } catch (error) {
        throw rescued(error, record.model, last);
      }
      bestFile = undefined;
      epochEnded = false;
      clock.saved(begin);
      return last;
    },
    end(ended, changes = {}) {
      record = { ...record, ...changes, ended };
      lines.flush();
      writeFiles([{ path: join(folder, recordName), content: recordText(record) }], { inPlace: true });
    },
    files: () => known.filter((name) => existsSync(join(folder, name))),
  };
}

function classesOf({ classes }: RunRecord): Readonly<Record<string, string>> {
  return Object.keys(classes).length > 0 ? { classes: JSON.stringify(classes) } : {};
}

/** What was learnt is kept where something can be written still. */
function rescued(error: unknown, model: string, last: Uint8Array): unknown {
  if (!(error instanceof Fault)) return error;
  const [file, reason] = /^(.*) cannot be written: (.*)$/s.exec(error.message)?.slice(1) ?? [model, reasonOf(error)];
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'nnc-run-')), names.last);
    writeFileSync(path, last);
    return new Fault(runUnwritable({ file, reason, instead: path }));
  } catch {
    return new Fault(runUnwritable({ file, reason }));
  }
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
  return known.map((name) => join(folder, name)).filter((file) => existsSync(file));
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
