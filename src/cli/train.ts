// `nnc train`: compiles in memory and trains on the model's data.
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { lossAbsent, noUpdate, trainAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelGraph } from '../ir/model.js';
import { constantOf } from '../ir/index.js';
import { stepOf } from '../ir/program.js';
import { elementCount } from '../ir/types.js';
import { feed, trainOn, updatesIn, type Fed } from './feed.js';
import { checkFolderWritable, readImport, readSource } from './files.js';
import {
  folderName,
  seedNumber,
  threadCount,
  wholeNumber,
  withModelOptions,
  withTargetOptions,
  type ModelOptions,
  type TargetOptions,
} from './modelOptions.js';
import { standardOutput } from './output.js';
import { clock, formatValues, progressOn, type ProgressDisplay } from './progress.js';
import { report } from './report.js';
import { readData } from './reading.js';
import { openRun, refuseExisting, type Run } from './run.js';
import { evaluateAll, importTrainer, simdWorks, unlessRefused, type Trainer, type Values } from './trainer.js';
import { widenIfAsked, withWide } from './wide.js';

interface Options extends ModelOptions, TargetOptions {
  readonly data?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly threads?: number | 'auto';
  readonly wide?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

export function addTrain(program: Command): void {
  withWide(withTargetOptions(withModelOptions(program.command('train')), 'wasm where it works, else ts'))
    .description('compile a model in memory and train it on its data')
    .argument('<file>', 'the .nn file')
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
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { out, force } = options;
  if (out !== undefined && !force) refuseExisting(out);
  checkFolderWritable(out ?? 'runs');
  const { compile } = await import('../index.js');
  const source = readSource(file);
  const target = options.target ?? (simdWorks() ? 'wasm' : 'ts');
  const { threads: asked = target === 'wasm' ? 'auto' : 1 } = options;
  if (asked !== 1 && target !== 'wasm') command.error('error: --threads is for --target wasm');
  widenIfAsked(command, options, target);
  const settings = { ...options, target, threads: asked !== 1, read: readImport };
  const { model, program, code, diagnostics } = await compile(source, { ...settings, language: 'js' });
  if (report(diagnostics) || !model || !program || code === undefined) {
    process.exitCode = 1;
    return;
  }
  if (!model.training.loss) throw new Fault(lossAbsent({ model: model.name, what: 'train' }));
  if (model.players.length === 0) throw new Fault(trainAbsent({ model: model.name }));
  // A step that is too little to share starts no threads.
  const threads = asked === 'auto' && stepOf(program)?.alone ? 1 : asked;
  const seed = options.seed ?? model.train.seed;
  const plan = { batch: options.batch ?? model.train.batch, epochs: options.epochs ?? model.train.epochs };
  const data = await readData(model, dirname(file), options.data);
  const fed = feed(data, model, { seed, batch: plan.batch });
  warnOfNoUpdate(model, fed, plan);
  const { createTrainer } = await importTrainer(code);
  // Memory for no more rows than there are.
  const most = Math.min(plan.batch, data.train.kind === 'rows' ? data.train.rows : Infinity);
  const updates = updatesIn(model, fed, plan.epochs);
  const trainer = await unlessRefused(model, () =>
    createTrainer({ seed, batch: most, threads, ...(updates !== undefined && { updates }) }),
  );
  const output = openRun(out, model.name, force);
  const display = progressOn(standardOutput);
  const interrupt = catchInterrupt();
  try {
    display.line(`${model.name}: ${count(parametersOf(model), 'parameter')}, ${portionText(fed)} (${target})`);
    for (const note of data.notes) display.line(note);
    await unlessRefused(model, () => fit(trainer, model, fed, plan, output, display, interrupt.signal));
    const { test } = fed;
    if (test) {
      const { values, rows } = await unlessRefused(model, () => evaluateAll(trainer, test.batches));
      display.line(`test on ${count(rows, 'row')}: ${formatValues(values)}`);
    }
  } finally {
    interrupt.release();
    trainer.dispose();
    display.end();
  }
  const monitored = (model.train.monitor ?? 'loss').replace(/^-/, '');
  if (output.diverged()) standardOutput.write(`no epoch had a finite ${monitored}: none of them is the best\n`);
  standardOutput.write(`saved in ${output.folder}: ${output.files().join(', ')}\n`);
}

/** `60 rows to train on` */
function portionText({ train: { rows } }: Fed): string {
  return rows === undefined ? 'batches to train on' : `${count(rows, 'row')} to train on`;
}

/** How long a run is to be. */
interface Plan {
  readonly batch: number;
  readonly epochs: number;
}

/** With `accumulate` the first so many steps change nothing. */
function warnOfNoUpdate({ name, players: [{ accumulate }] }: ModelGraph, { train }: Fed, { epochs }: Plan): void {
  const steps = epochs * (train.batches.steps ?? Infinity);
  if (steps < accumulate) report([noUpdate({ model: name, steps, accumulate })]);
}

async function fit(
  trainer: Trainer,
  model: ModelGraph,
  fed: Fed,
  { batch, epochs }: Plan,
  output: Run,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<void> {
  const fitOptions = { epochs, batch, report: display.live ? 'step' : 'epoch', signal } as const;
  const begin = performance.now();
  const { patience = Infinity } = model.train;
  let rowsBefore = 0;
  let best = 1;
  let finished = false;
  for await (const progress of trainOn(trainer, model, fed, fitOptions)) {
    const { epoch, step, steps, rows, losses } = progress;
    const seconds = (performance.now() - begin) / 1000;
    const checked = progress.validation;
    const ended = progress.best !== undefined;
    // What was learnt is kept before anything is shown: nobody may be there to read it.
    if (ended) {
      const record = { epoch, step: trainer.stepCount, seconds, train: losses, validation: checked };
      await output.record(record, progress.best === true, trainer);
      if (progress.best) best = epoch;
      // With patience the trainer goes back to its best epoch: what is saved as the last is the last.
      finished = patience < Infinity && (epoch === epochs || epoch - best >= patience);
      if (finished) await output.finish(trainer);
    }
    try {
      display.step({ epoch, epochs, step, steps, rows: rowsBefore + rows, values: losses });
      if (ended && isShown(epoch, epochs)) display.line(epochLine(epoch, epochs, losses, checked, seconds));
    } catch (error) {
      await output.finish(trainer);
      throw error;
    }
    if (ended) rowsBefore += rows;
    if (finished && epoch < epochs) display.line(stoppedLine(model, epoch, best));
  }
  if (!finished) await output.finish(trainer);
  if (signal.aborted) display.line(`stopped after ${count(trainer.stepCount, 'step')}`);
}

function stoppedLine({ train: { monitor = 'loss' } }: ModelGraph, epoch: number, best: number): string {
  return `stopped after epoch ${epoch}: ${monitor.replace(/^-/, '')} is best in epoch ${best}`;
}

/** Runs of many epochs show about forty of them. */
function isShown(epoch: number, epochs: number): boolean {
  return epoch === 1 || epoch === epochs || epoch % Math.ceil(epochs / 40) === 0;
}

function epochLine(
  epoch: number,
  epochs: number,
  losses: Values,
  validation: Values | undefined,
  seconds: number,
): string {
  const checked = validation ? `  ${formatValues(validation, 'validation ')}` : '';
  return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}  ${formatValues(losses)}${checked}  ${clock(seconds)}`;
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

function count(value: number, noun: string): string {
  return `${value.toLocaleString('en')} ${noun}${value === 1 ? '' : 's'}`;
}
