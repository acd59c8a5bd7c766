// The loop of a run: trains epoch by epoch, keeps what is learnt, tells how it goes, and stops when it should.
import { join } from 'node:path';
import type { Batches } from '../../codegen/runtime/fit.js';
import type { RunState } from '../../codegen/runtime/fit.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { unsilenced } from '../../diagnostics/ignored.js';
import type { ModelGraph } from '../../ir/model.js';
import type { TrainerProgram } from '../../ir/program.js';
import { trainOn, updatesIn, type Fed } from '../feed.js';
import { textOf } from '../files.js';
import type { Progress, Trainer } from '../trainer.js';
import type { Recent } from './checkpoint.js';
import { findFault, faultMessage, type Snapshot } from './fault.js';
import { names, type RunFolder } from './folder.js';
import { warnedBeforehand } from './beforehand.js';
import { healthOf, type Examined } from './health.js';
import { judged } from './judge.js';
import { rowsIn, type EpochRecord } from './metrics.js';
import type { Best, Ending, Warned } from './record.js';
import type { Reporter } from './reporter.js';
import { warnedOf } from './warned.js';
import { NotFinite, watchedTrainer } from './watch.js';

export interface Loop {
  readonly trainer: Trainer;
  readonly model: ModelGraph;
  readonly fed: Fed;
  readonly batch: number;
  readonly epochs: number;
  readonly folder: RunFolder;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly state: RunState;
  /** Calls of step that were made before. */
  readonly calls: number;
  readonly best: Best | undefined;
  /** Steps before that steps.jsonl does not tell of yet. */
  readonly recent?: Recent;
  /** That the run has taken before. */
  readonly seconds: number;
  /** Whether the data are to be looked at before the first step. */
  readonly looks: boolean;
  readonly program: TrainerProgram;
  readonly seed: number;
  /** Whether every step is looked at, and whether what is not finite is no reason to stop. */
  readonly numerics: boolean;
  readonly nonfinite: boolean;
}

export interface LoopEnd {
  readonly ended: Ending;
  readonly best: Best | undefined;
  /** Why it went wrong. */
  readonly fault?: Diagnostic;
}

/** Trains to the end, or until something stops it. All that was learnt is saved then. */
export async function runLoop(loop: Loop): Promise<LoopEnd> {
  const { trainer, model, fed, batch, epochs, folder, signal, state } = loop;
  const course = courseOf(loop);
  const options = { epochs, batch, report: 'step', signal } as const;
  // Patience that is over already, where a run goes on.
  if (state.epoch > 1 && state.step === 0 && course.isOver()) return { ended: 'patience', best: course.best() };
  const validated = watched(fed, course.validating);
  try {
    for await (const progress of trainOn(course.trainer, model, validated, options, state, loop.looks)) {
      await course.went(progress);
      if (progress.best === undefined || !course.isOver()) continue;
      await course.ended();
      await course.save();
      return { ended: state.epoch > epochs ? 'finished' : 'patience', best: course.best() };
    }
  } catch (error) {
    const snapshot = course.snapshot();
    if (!(error instanceof NotFinite) || !snapshot) throw error;
    await course.ended();
    const best = course.best();
    const fault = await findFault(loop, snapshot, error);
    const { state: at, call } = fault.moment;
    await folder.save(trainer, { state: at, calls: call, ...(best && { best }) }, course.elapsed());
    const saved = join(folder.folder, names.last);
    return { ended: 'not finite', best, fault: faultMessage(model.name, fault, error, saved) };
  }
  if (!signal.aborted) await course.ended();
  await course.save();
  return { ended: signal.aborted && state.epoch <= epochs ? 'interrupted' : 'finished', best: course.best() };
}

/** What goes along with the steps of a run: what is kept, shown and judged. */
function courseOf(loop: Loop) {
  const { trainer, model, fed, epochs, folder, reporter, state } = loop;
  const begin = performance.now();
  const elapsed = (): number => loop.seconds + (performance.now() - begin) / 1000;
  const { patience = Infinity } = model.train;
  let { best, calls } = loop;
  const recent = loop.recent ?? { of: Object.create(null), count: 0 };
  let before = calls - state.step;
  let moment: Progress | undefined;
  let snapshot: Snapshot | undefined;
  const scale = watchedScale(trainer);
  const shown = showing(loop, () => moment);
  const warn = warner(loop, () => ({ epoch: state.epoch, step: calls }));
  const total = totalOf(fed, epochs);
  const health = healthOf({ ...loop, total, updates: updatesIn(model, fed, epochs), warn });
  const judge = judging(loop, warn);
  for (const warning of warnedBeforehand(model, updatesIn(model, fed, epochs))) warn(warning);
  const watching = watchedTrainer(trainer, {
    ...{ calls, numerics: loop.numerics, nonfinite: loop.nonfinite, total, health },
    ...{ epoch: () => state.epoch, seconds: elapsed, row: folder.step, recent },
    // With what has been observed of the data.
    async before() {
      snapshot ??= { file: await trainer.save({ optimizer: true }), state: structuredClone(state), calls };
    },
  });
  const save = async (): Promise<void> => {
    const file = await folder.save(trainer, { state, calls, recent, ...(best && { best }) }, elapsed());
    snapshot = { file, state: structuredClone(state), calls };
  };
  const epochEnded = async (progress: Progress): Promise<EpochRecord> => {
    before = calls;
    const record = { ...recordOf(progress, trainer.stepCount, elapsed()), ...scale.taken() };
    if (progress.best) best = { epoch: progress.epoch, value: monitoredIn(model, record) };
    await folder.epoch(record, progress.best ? best : undefined, trainer);
    judge(record);
    return record;
  };
  return {
    ...{ trainer: watching, save, elapsed, validating: shown.validating },
    best: () => best,
    ended: health.end,
    snapshot: () => snapshot,
    /** Has there been no better epoch for so long that the run ends? */
    isOver: (): boolean => state.epoch - 1 - (best?.epoch ?? 1) >= patience,
    /** Takes note of a step. What was learnt is kept before anything is shown: nobody may be there to read it. */
    async went(progress: Progress): Promise<void> {
      moment = progress;
      scale.note();
      calls = before + progress.step;
      const record = progress.best === undefined ? undefined : await epochEnded(progress);
      if (folder.due()) await save();
      await orSave(save, () => {
        shown.step(progress);
        if (record) reporter.epoch(record, epochs, progress.best === true);
      });
      if (record) shown.epochEnded(progress);
    },
  };
}

/** Warns of what epochs tell; so rarely that looking at all of them costs nothing, however many there are. */
function judging({ model, epochs, folder }: Loop, warn: Examined['warn']): (record: EpochRecord) => void {
  const rows = [...rowsIn<EpochRecord>(join(folder.folder, names.metrics))];
  let next = 0;
  return (record) => {
    rows.push(record);
    if (rows.length < next && rows.length < epochs) return;
    next = 1.05 * rows.length;
    for (const warning of judged(rows, model, epochs)) warn(warning);
  };
}

/** Warns of each thing once, also where a run goes on. */
function warner({ folder, reporter }: Loop, at: () => Pick<Warned, 'epoch' | 'step'>): Examined['warn'] {
  const known = new Set(folder.record.warned?.map(({ key }) => key));
  return (warning, key = warning.code) => {
    if (known.has(key) || unsilenced([warning], textOf).length === 0) return;
    known.add(key);
    const { epoch, step } = at();
    folder.warn(warnedOf(warning, { key, epoch, step }));
    reporter.warn(warning, { epoch, step });
  };
}

/** Counts the steps that are left out because their gradients are no halves: the scale of the loss falls with each. */
function watchedScale(trainer: Trainer) {
  let scale = trainer.lossScale;
  let leftOut = 0;
  return {
    note(): void {
      const now = trainer.lossScale;
      if (scale !== undefined && now !== undefined && now < scale) leftOut++;
      scale = now;
    },
    /** Since it was taken last. */
    taken(): Pick<EpochRecord, 'leftOut' | 'lossScale'> {
      const found = leftOut > 0 && scale !== undefined ? { leftOut, lossScale: scale } : {};
      leftOut = 0;
      return found;
    },
  };
}

/** Calls of step in a run, where that is known. */
function totalOf({ train: { batches } }: Fed, epochs: number): number | undefined {
  return batches.steps === undefined ? undefined : epochs * batches.steps;
}

function recordOf({ epoch, losses, validation }: Progress, step: number, seconds: number): EpochRecord {
  return { epoch, step, seconds, train: losses, ...(validation && { validation }) };
}

/** What decides which epoch is the best. */
function monitoredIn({ train: { monitor = 'loss' } }: ModelGraph, { train, validation }: EpochRecord): number {
  return (validation ?? train)[monitor.replace(/^-/, '')];
}

/** What cannot be shown ends the run, but not before it is saved. */
async function orSave(save: () => Promise<void>, show: () => void): Promise<void> {
  try {
    show();
  } catch (error) {
    await save();
    throw error;
  }
}

/** What is shown of steps: rows and steps are counted over all epochs. */
function showing({ reporter, epochs, fed }: Loop, last: () => Progress | undefined) {
  let before = { rows: 0, steps: 0 };
  const of = ({ epoch, step, steps, rows, losses }: Progress, checked?: number): void =>
    reporter.step({
      ...{ epoch, epochs, step, steps, values: losses },
      ...{ rows: before.rows + rows, stepsMade: before.steps + step, ...(checked !== undefined && { checked }) },
    });
  return {
    step: (progress: Progress) => of(progress),
    epochEnded({ rows, step }: Progress) {
      before = { rows: before.rows + rows, steps: before.steps + step };
    },
    validating(rows: number) {
      const progress = last();
      const all = fed.validation?.rows;
      if (progress && all !== undefined && all > 0) of(progress, rows / all);
    },
  };
}

/** The same, telling how many rows of the validation have been evaluated. */
function watched(fed: Fed, validating: (rows: number) => void): Fed {
  const { validation } = fed;
  if (!validation) return fed;
  const of: Batches['of'] = async function* (epoch, done) {
    let rows = 0;
    for await (const batch of validation.batches.of(epoch, done)) {
      validating(rows);
      yield batch;
      rows += batch.rows;
    }
  };
  return { ...fed, validation: { ...validation, batches: { ...validation.batches, of } } };
}
