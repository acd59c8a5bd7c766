// What a run needs before its first step: a new one, or one that goes on.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LoadedData } from '../../data/dataset.js';
import { describe } from '../../data/fields.js';
import { lossAbsent, noUpdate, trainAbsent } from '../../diagnostics/data.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { runChanged } from '../../diagnostics/runs.js';
import { version } from '../../embedded.js';
import { fingerprint } from '../../ir/fingerprint.js';
import type { ModelGraph } from '../../ir/model.js';
import { feed, updatesIn, type Fed } from '../feed.js';
import { checkFolderWritable } from '../files.js';
import type { ModelOptions, TargetOptions } from '../modelOptions.js';
import { readData } from '../reading.js';
import { report } from '../report.js';
import { sourcesOf } from '../source.js';
import { importTrainer, simdWorks, unlessRefused, type Trainer } from '../trainer.js';
import { loadTrainer, positionIn, readCheckpoint, weightsOf } from './checkpoint.js';
import { beginRun, continueRun, names, newFolder, refuseExisting, type RunFolder } from './folder.js';
import { prepareFile, prepareRun, threadsFor, type Prepared } from './prepare.js';
import { readRecord, type RunRecord } from './record.js';

export interface TrainOptions extends ModelOptions, TargetOptions {
  readonly data?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly threads?: number | 'auto';
  readonly wide?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly from?: string;
  readonly resume?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly checkNumerics?: boolean;
  readonly allowNonfinite?: boolean;
}

/** All that a run needs before its first step. */
export interface Session {
  readonly prepared: Prepared;
  readonly fed: Fed;
  readonly notes: readonly string[];
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  readonly trainer: Trainer;
  readonly position?: ReturnType<typeof positionIn>;
  readonly looks: boolean;
  open(): RunFolder;
}

export async function newRun(file: string, options: TrainOptions): Promise<Session | undefined> {
  const { out, force } = options;
  if (out !== undefined && !force) refuseExisting(out);
  checkFolderWritable(out ?? 'runs');
  const target = options.target ?? (simdWorks() ? 'wasm' : 'ts');
  const { threads: asked = target === 'wasm' ? 'auto' : 1, relaxed } = options;
  const prepared = await prepareFile(file, { ...options, target, threads: asked !== 1, ...(relaxed && { relaxed }) });
  if (!prepared) return undefined;
  const { model } = prepared;
  checkTrains(model);
  const begun = options.from === undefined ? undefined : startFrom(options.from);
  const seed = options.seed ?? model.train.seed;
  const [batch, epochs] = [options.batch ?? model.train.batch, options.epochs ?? model.train.epochs];
  const folder = dirname(file);
  const data = await readData(model, folder, options.data, { silent: silent(options) });
  const fed = feed(data, model, { seed, batch });
  warnOfNoUpdate(model, fed, epochs);
  const trainer = await makeTrainer(prepared, fed, data, { seed, batch, epochs, threads: asked });
  if (begun) await loadTrainer(begun.path, model.name, trainer, begun.file);
  const { model: name, set, memoryLimit } = options;
  const record: RunRecord = {
    version: 1,
    model: model.name,
    digest: `fnv1a-64:${fingerprint(model.text)}`,
    files: prepared.kept.map(({ path, from }) => ({ path, from })),
    overrides: { ...(name !== undefined && { model: name }), ...(set && { set }), ...(memoryLimit && { memoryLimit }) },
    ...{ seed, batch, epochs, target, ...(relaxed && { relaxed }) },
    data: {
      folder: resolve(folder),
      source: describe(sourcesOf(model, options.data).data),
      ...(options.data !== undefined && { given: resolve(options.data) }),
      ...(fed.train.rows !== undefined && { rows: fed.train.rows }),
    },
    classes: data.words,
    ...(begun && { from: resolve(begun.path) }),
    versions: { nnc: version, node: process.versions.node },
    started: new Date().toISOString(),
    monitor: model.train.monitor ?? 'loss',
    done: { epochs: 0, steps: 0, seconds: 0 },
    ended: 'running',
  };
  const looks = !knowsData(model, begun?.names);
  const open = (): RunFolder => beginRun(newFolder(out, model.name, force), record, prepared.kept, lossNamesOf(model));
  return { prepared, fed, notes: data.notes, epochs, batch, seed, trainer, looks, open };
}

export async function oldRun(path: string, options: TrainOptions): Promise<Session | undefined> {
  const kept = readRecord(path);
  checkFolderWritable(path);
  const { threads: asked = kept.target === 'wasm' ? 'auto' : 1, epochs = kept.epochs } = options;
  const prepared = await prepareRun(path, kept, { threads: asked !== 1, wide: options.wide });
  if (!prepared) return undefined;
  const { model } = prepared;
  checkTrains(model);
  const { seed, batch, data: source } = kept;
  const data = await readData(model, source.folder, source.given, { silent: silent(options) });
  const fed = feed(data, model, { seed, batch });
  if (source.rows !== undefined && fed.train.rows !== source.rows)
    throw changed(path, 'its data have another number of rows', source.rows, fed.train.rows);
  if (JSON.stringify(data.words) !== JSON.stringify(kept.classes))
    throw changed(path, 'its data have other classes', JSON.stringify(kept.classes), JSON.stringify(data.words));
  const trainer = await makeTrainer(prepared, fed, data, { seed, batch, epochs, threads: asked });
  const last = join(path, names.last);
  // A run that was killed before its first checkpoint begins anew.
  const file = existsSync(last) ? readCheckpoint(last) : undefined;
  const position = file && positionIn(last, file);
  if (file) await loadTrainer(last, model.name, trainer, file);
  const begun = file || kept.from === undefined ? undefined : startFrom(kept.from);
  if (begun) await loadTrainer(begun.path, model.name, trainer, begun.file);
  const done = position ? kept.done : { epochs: 0, steps: 0, seconds: 0 };
  const record = {
    ...kept,
    best: position?.best,
    ...warningsUntil(kept, position?.calls ?? 0),
    epochs,
    done,
    ended: 'running' as const,
  };
  const open = (): RunFolder => continueRun(path, record, lossNamesOf(model), position);
  const looks = position === undefined && !knowsData(model, begun?.names);
  return { prepared, fed, notes: data.notes, epochs, batch, seed, trainer, looks, open, ...(position && { position }) };
}

function changed(folder: string, what: string, was: unknown, is: unknown): Fault {
  return new Fault(runChanged({ folder, what, was: `${was}`, is: `${is}` }));
}

function checkTrains(model: ModelGraph): void {
  if (!model.training.loss) throw new Fault(lossAbsent({ model: model.name, what: 'train' }));
  if (model.players.length === 0) throw new Fault(trainAbsent({ model: model.name }));
}

/** Do weights come with what their model has observed of the data that they learnt from? */
function knowsData({ observed }: ModelGraph, tensors: readonly string[] = []): boolean {
  return observed.some(({ name }) => tensors.includes(name));
}

/** What was warned of before a checkpoint; the length of the run may be another one now. */
function warningsUntil({ warned = [] }: RunRecord, calls: number): Pick<RunRecord, 'warnings' | 'warned'> {
  const kept = warned.filter(({ code, step }) => step <= calls && code !== 'schedule-length');
  return kept.length > 0
    ? { warnings: [...new Set(kept.map(({ code }) => code))], warned: kept }
    : { warnings: undefined, warned: undefined };
}

/** The weights of a checkpoint; a folder's are those of its best. */
function startFrom(from: string) {
  const path = existsSync(join(from, names.best)) ? join(from, names.best) : from;
  return { path, ...weightsOf(path, readCheckpoint(path)) };
}

interface Making {
  readonly seed: number;
  readonly batch: number;
  readonly epochs: number;
  readonly threads: number | 'auto';
}

async function makeTrainer(
  prepared: Prepared,
  fed: Fed,
  data: LoadedData,
  { seed, batch, epochs, threads: asked }: Making,
): Promise<Trainer> {
  const { createTrainer } = await importTrainer(prepared.code);
  // Memory for no more rows than there are.
  const most = Math.min(batch, data.train.kind === 'rows' ? data.train.rows : Infinity);
  const updates = updatesIn(prepared.model, fed, epochs);
  const threads = threadsFor(prepared, asked);
  return unlessRefused(prepared.model, () =>
    createTrainer({ seed, batch: most, threads, ...(updates !== undefined && { updates }) }),
  );
}

/** Is nothing redrawn? */
function silent({ quiet, json }: TrainOptions): boolean {
  return quiet === true || json === true;
}

/** With `accumulate` the first so many steps change nothing. */
function warnOfNoUpdate(
  { name, players: [{ accumulate }] }: ModelGraph,
  { train: { batches } }: Fed,
  epochs: number,
): void {
  const steps = epochs * (batches.steps ?? Infinity);
  if (steps < accumulate) report([noUpdate({ model: name, steps, accumulate })]);
}

/** What an epoch tells, in order. */
function lossNamesOf({ training: { losses, metrics } }: ModelGraph): readonly string[] {
  return [...new Set(['loss', ...losses.map(({ name }) => name), ...metrics.map(({ name }) => name)])];
}
