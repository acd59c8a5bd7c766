// `nnc train`: compiles in memory and trains on the model's data.
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { LoadedData } from '../data/dataset.js';
import { dataAbsent, trainAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataSource, ModelGraph } from '../ir/model.js';
import { constantOf } from '../ir/index.js';
import { elementCount } from '../ir/types.js';
import { readImport, readSource } from './files.js';
import {
  seedNumber,
  wholeNumber,
  withModelOptions,
  withTargetOptions,
  type ModelOptions,
  type TargetOptions,
} from './modelOptions.js';
import { clock, formatValues, progressOn, type ProgressDisplay } from './progress.js';
import { report } from './report.js';
import { openRun, type Run } from './run.js';
import { evaluateAll, importTrainer, simdWorks, type Trainer, type Values } from './trainer.js';

interface Options extends ModelOptions, TargetOptions {
  readonly data?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly out?: string;
}

export function addTrain(program: Command): void {
  withTargetOptions(withModelOptions(program.command('train')), 'wasm where it works, else ts')
    .description('compile a model in memory and train it on its data')
    .argument('<file>', 'the .nn file')
    .option('--data <path>', "another file or data module in place of the model's")
    .option('--epochs <n>', 'how often to go through the data', wholeNumber(1))
    .option('--batch <n>', 'rows in a step', wholeNumber(1))
    .option('--seed <n>', 'seed of the initial parameters, the shuffling and all other draws', seedNumber)
    .option('--threads <n>', 'wasm: threads to compute with; the numbers are the same for any of them', wholeNumber(1))
    .option('--out <run>', 'the folder for checkpoints and metrics (default: runs/MODEL)')
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { compile } = await import('../index.js');
  const source = readSource(file);
  const target = options.target ?? (simdWorks() ? 'wasm' : 'ts');
  const { threads = 1 } = options;
  if (threads > 1 && target !== 'wasm') command.error('error: --threads is for --target wasm');
  const settings = { ...options, target, threads: threads > 1, read: readImport };
  const { model, code, diagnostics } = await compile(source, { ...settings, language: 'js' });
  if (report(diagnostics) || !model || code === undefined) {
    process.exitCode = 1;
    return;
  }
  if (model.updates.length === 0) throw new Fault(trainAbsent({ model: model.name }));
  const { loadData } = await import('../data/load.js');
  const data = await loadData(sourceOf(model, options), model.inputs, options.data ? '.' : dirname(file));
  const { createTrainer } = await importTrainer(code);
  const batch = options.batch ?? model.train.batch;
  const trainer = await createTrainer({ seed: options.seed ?? model.train.seed, batch, threads });
  const output = openRun(options.out, model.name);
  const display = progressOn(process.stdout);
  const interrupt = catchInterrupt();
  display.line(
    `${model.name}: ${count(parametersOf(model), 'parameter')}, ${count(data.train.rows, 'row')} to train on (${target})`,
  );
  try {
    await fit(trainer, model, data, { ...options, batch }, output, display, interrupt.signal);
    if (data.test) {
      const values = await evaluateAll(trainer, data.test, Math.max(batch, 256));
      display.line(`test on ${count(data.test.rows, 'row')}: ${formatValues(values)}`);
    }
  } finally {
    display.end();
    interrupt.release();
    trainer.dispose();
  }
  process.stdout.write(`saved in ${output.folder}: last.safetensors, best.safetensors, metrics.jsonl\n`);
}

async function fit(
  trainer: Trainer,
  model: ModelGraph,
  data: LoadedData,
  options: Options & { readonly batch: number },
  output: Run,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<void> {
  const { batch } = options;
  const epochs = options.epochs ?? model.train.epochs;
  const validation = data.validation?.inputs ?? model.train.validation;
  const fitOptions = { epochs, batch, validation, report: display.live ? 'step' : 'epoch', signal } as const;
  const begin = performance.now();
  let rowsBefore = 0;
  for await (const progress of trainer.fit(data.train.inputs, fitOptions)) {
    const { epoch, step, steps, rows, losses } = progress;
    display.step({ epoch, epochs, step, steps, rows: rowsBefore + rows, values: losses });
    if (step < steps) continue;
    rowsBefore += rows;
    const seconds = (performance.now() - begin) / 1000;
    const checked = progress.validation;
    if (isShown(epoch, epochs)) display.line(epochLine(epoch, epochs, losses, checked, seconds));
    await output.record({ epoch, step: trainer.stepCount, seconds, train: losses, validation: checked }, trainer);
  }
  await output.finish(trainer);
  if (signal.aborted) display.line(`stopped after ${count(trainer.stepCount, 'step')}`);
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

/** The model's data source, or the file given instead of it with the same columns. */
function sourceOf(model: ModelGraph, options: Options): DataSource {
  const own = model.train.data;
  if (options.data === undefined) {
    if (own) return own;
    throw new Fault(dataAbsent({ model: model.name }));
  }
  const extension = /\.(\w+)(\.gz)?$/.exec(options.data)?.[1] ?? '';
  const kinds: Readonly<Record<string, DataSource['kind']>> = {
    mjs: 'module',
    js: 'module',
    npz: 'npz',
    safetensors: 'safetensors',
    csv: 'csv',
    tsv: 'csv',
  };
  const kind = kinds[extension] ?? own?.kind ?? 'csv';
  return { kind, path: resolve(options.data), fields: kind === own?.kind ? own.fields : {} };
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
