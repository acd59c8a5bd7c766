// `nnc train`: compiles in memory and trains on the model's data, or goes on with a run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { stateAfter } from '../codegen/runtime/fit.js';
import { constantOf } from '../ir/index.js';
import type { ModelGraph } from '../ir/model.js';
import { elementCount } from '../ir/types.js';
import { writeFiles } from './files.js';
import {
  folderName,
  seedNumber,
  threadCount,
  wholeNumber,
  withModelOptions,
  withTargetOptions,
} from './modelOptions.js';
import { standardOutput } from './output.js';
import { report } from './report.js';
import { loadTrainer, readCheckpoint } from './runs/checkpoint.js';
import { names, type RunFolder } from './runs/folder.js';
import { runLoop } from './runs/loop.js';
import { reporterOn, type Reporter } from './runs/reporter.js';
import { newRun, oldRun, type Session, type TrainOptions } from './runs/session.js';
import { evaluateAll, simdWorks, unlessRefused } from './trainer.js';
import { widenIfAsked, withWide } from './wide.js';

export function addTrain(program: Command): void {
  withWide(withTargetOptions(withModelOptions(program.command('train')), 'wasm where it works, else ts'))
    .description('compile a model in memory and train it on its data')
    .argument('[file]', 'the .nn file; none with --resume')
    .option('--data <path>', "another file or data module in place of the model's")
    .option('--epochs <n>', 'how often to go through the data', wholeNumber(1))
    .option('--batch <n>', 'rows in a step', wholeNumber(1))
    .option('--seed <n>', 'seed of the initial parameters, the shuffling and all other draws', seedNumber)
    .option(
      '--threads <n>',
      'wasm: threads to compute with; the numbers are the same for any of them. auto: all cores, up to 8, where the first steps show that they help (default: "auto")',
      threadCount,
    )
    .option(
      '--out <run>',
      'the folder for checkpoints and metrics (default: runs/MODEL, or the first of runs/MODEL-2, … that is free)',
      folderName,
    )
    .option('--force', 'overwrite the run that the folder holds')
    .option('--from <checkpoint>', 'start from the weights of a checkpoint, or of the best of a run')
    .option(
      '--resume <run>',
      'go on with a run exactly where it stopped; --epochs is how many it has in all',
      folderName,
    )
    .option('--check-numerics', 'look at every parameter after each step, not only at the loss')
    .option('--allow-nonfinite', 'go on where a loss is not finite')
    .option('--quiet', 'print nothing but warnings and errors')
    .option('--json', 'print what happens as lines of JSON')
    .action(run);
}

async function run(file: string | undefined, options: TrainOptions, command: Command): Promise<void> {
  checkUsage(file, options, command);
  const reporter = reporterOn(standardOutput, options.quiet ? 'quiet' : options.json ? 'json' : 'shown');
  try {
    const session =
      options.resume === undefined ? await newRun(file ?? '', options) : await oldRun(options.resume, options);
    if (session === undefined) process.exitCode = 1;
    else await train(session, reporter, options);
  } finally {
    reporter.end();
  }
}

/** A run goes on as it began. */
const fixed = [
  'data',
  'batch',
  'seed',
  'out',
  'force',
  'from',
  'target',
  'relaxed',
  'model',
  'set',
  'memoryLimit',
] as const;

function checkUsage(file: string | undefined, options: TrainOptions, command: Command): void {
  const { resume, threads, quiet, json } = options;
  const target = options.target ?? (simdWorks() ? 'wasm' : 'ts');
  if (resume === undefined && file === undefined) command.error("error: missing required argument 'file'");
  if (resume !== undefined && file !== undefined)
    command.error(`error: --resume ${resume} goes on with the model that the run keeps: leave ${file} out`);
  const other = fixed.find((name) => options[name] !== undefined);
  if (resume !== undefined && other !== undefined)
    command.error(
      `error: --${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} cannot change in a run that goes on`,
    );
  if (quiet && json) command.error('error: --quiet and --json: one of them');
  const multiple = threads !== undefined && threads !== 1;
  if (multiple && target !== 'wasm') command.error('error: --threads is for --target wasm');
  widenIfAsked(command, options, target);
}

async function train(session: Session, reporter: Reporter, options: TrainOptions): Promise<void> {
  const { prepared, fed, notes, epochs, batch, seed, trainer, position, looks } = session;
  const { model, program, target } = prepared;
  const folder = session.open();
  const interrupt = catchInterrupt();
  const state = position?.state ?? stateAfter(0);
  try {
    const { rows } = fed.train;
    reporter.begin({
      ...{ model: model.name, parameters: parametersOf(model), target, folder: folder.folder, epochs, notes },
      ...(rows !== undefined && { rows }),
      ...(position && { done: { epoch: state.epoch - 1, step: state.step } }),
    });
    const loop = {
      trainer,
      model,
      program,
      fed,
      batch,
      epochs,
      folder,
      reporter,
      signal: interrupt.signal,
      state,
      looks,
    };
    const { seconds } = folder.record.done;
    const { checkNumerics: numerics = false, allowNonfinite: nonfinite = false } = options;
    const watching = { seed, numerics, nonfinite };
    const { ended, best, fault } = await unlessRefused(model, () =>
      runLoop({
        ...loop,
        best: position?.best,
        recent: position?.recent,
        seconds,
        calls: position?.calls ?? 0,
        ...watching,
      }),
    );
    const test = ended === 'interrupted' || fault ? undefined : await testOn(session, folder, reporter);
    folder.end(ended, test && { test });
    const steps = trainer.stepCount;
    await writeReport(session, folder);
    reporter.finish({
      ...{ ended, folder: folder.folder, files: folder.files(), steps, epoch: state.epoch - 1 },
      ...(best && { best }),
      monitor: folder.record.monitor,
    });
    if (!fault) return;
    report([fault]);
    process.exitCode = 1;
  } finally {
    interrupt.release();
    trainer.dispose();
  }
}

/** The page of the run, with what its best weights make of rows that it has not learnt from. */
async function writeReport({ prepared, fed, trainer }: Session, { folder, record }: RunFolder): Promise<void> {
  const { reportedModel, reportedRun } = await import('./reportRuns.js');
  const { runReport } = await import('../inspect/runReport.js');
  const path = join(folder, names.best);
  const portion = fed.test ?? fed.validation ?? (fed.train.rows === undefined ? undefined : fed.train);
  let model = {};
  if (portion && existsSync(path)) {
    await loadTrainer(path, prepared.model.name, trainer, readCheckpoint(path));
    const said = fed.test ? 'to test with' : fed.validation ? 'to validate with' : 'all of which it was trained on';
    model = await reportedModel({ prepared, trainer, words: record.classes }, record, portion, said);
  }
  const run = reportedRun(folder, record, prepared.kept[0].text);
  writeFiles([{ path: join(folder, names.report), content: runReport([run], model) }]);
}

/** Losses and metrics on data to test with; a model with patience is tested with its best weights. */
async function testOn({ prepared: { model }, fed, trainer }: Session, { folder }: RunFolder, reporter: Reporter) {
  const { test } = fed;
  if (!test) return undefined;
  const path = join(folder, names.best);
  if (model.train.patience !== undefined && existsSync(path))
    await loadTrainer(path, model.name, trainer, readCheckpoint(path));
  const { values, rows } = await unlessRefused(model, () => evaluateAll(trainer, test.batches));
  reporter.test(values, rows);
  return values;
}

function parametersOf(model: ModelGraph): number {
  return model.parameters.reduce((sum, { type }) => sum + (constantOf(elementCount(type)) ?? 0), 0);
}

/** The first Ctrl-C asks for a stop after the step; the second ends the process. */
function catchInterrupt(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
