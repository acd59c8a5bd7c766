// `nnc bench`: how fast a compiled model trains, and where the time goes.
import { availableParallelism } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { syntheticInputs } from '../data/synthetic.js';
import { lossAbsent, trainAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { MemoryUse } from '../inspect/memory.js';
import { stepOf, type Kernel } from '../ir/program.js';
import type { TrainerProgram } from '../index.js';
import { readImport, readSource } from './files.js';
import {
  wholeNumber,
  withModelOptions,
  withTargetOptions,
  type ModelOptions,
  type TargetOptions,
} from './modelOptions.js';
import { standardOutput } from './output.js';
import { peakMeter, relaxedWorks } from './peak.js';
import { coloured, report } from './report.js';
import { tableLines, type Column } from './table.js';
import { isProfiled, timeSteps, type Times } from './timing.js';
import { importTrainer, simdWorks, unlessRefused } from './trainer.js';
import { widenIfAsked, withWide } from './wide.js';

interface Options extends ModelOptions, TargetOptions {
  readonly wide?: boolean;
  readonly batch?: number;
  readonly seconds: number;
  readonly threads: number;
  readonly json?: boolean;
}

/** Rates are of floating-point operations a second; times are in seconds. */
interface Result {
  readonly model: string;
  readonly target: string;
  readonly relaxed: boolean;
  readonly batch: number;
  /** One where the step is too little to share, however many were asked for. */
  readonly threads: number;
  readonly stepsPerSecond: number;
  readonly secondsPerStep: number;
  readonly flopsPerStep: number;
  /** In bytes. */
  readonly memory: MemoryUse;
  /** What so many cores reach where they do nothing but multiply and add; unknown for JavaScript. */
  readonly peak?: number;
  readonly kernels: readonly KernelResult[];
}

interface KernelResult {
  readonly name: string;
  readonly formulas: readonly string[];
  readonly plan: string;
  readonly secondsPerCall: number;
  readonly callsPerStep: number;
  readonly share: number;
  readonly flopsPerCall: number;
}

export function addBench(program: Command): void {
  withWide(withTargetOptions(withModelOptions(program.command('bench')), 'wasm where it works, else ts'))
    .description('measure the steps of a model and each of its kernels, on made-up inputs')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('--batch <n>', 'rows in a step', wholeNumber(1))
    .option('--seconds <n>', 'how long to measure', seconds, 3)
    .option('--threads <n>', 'wasm: threads to compute with', wholeNumber(1), 1)
    .option('--json', 'print the measurements as JSON')
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { compileToRun } = await import('../compile.js');
  const target = options.target ?? (simdWorks() ? 'wasm' : 'ts');
  widenIfAsked(command, options, target);
  const relaxed = target === 'wasm' && options.relaxed === true && relaxedWorks();
  const { threads: asked } = options;
  if (asked > 1 && target !== 'wasm') command.error('error: --threads is for --target wasm');
  const compiled = await compileToRun(readSource(file), {
    model: options.model,
    set: options.set,
    memoryLimit: options.memoryLimit,
    target,
    relaxed,
    wide: options.wide,
    read: readImport,
    profile: 'step',
    threads: asked > 1,
  });
  const { model, code, program } = compiled;
  if (report(compiled.diagnostics) || !model || code === undefined || !program) {
    process.exitCode = 1;
    return;
  }
  if (!model.training.loss) throw new Fault(lossAbsent({ model: model.name, what: 'measure a step of' }));
  if (model.players.length === 0) throw new Fault(trainAbsent({ model: model.name }));
  const { sizesFor } = await import('../inspect/check/point.js');
  const { rows: batch, sizeOf } = sizesFor(model, options.batch ?? model.train.batch);
  const threads = stepOf(program)?.alone ? 1 : asked;
  const { createTrainer } = await importTrainer(code);
  // Of a schedule that follows the length of the run, any will do.
  const updates = 1e6;
  const trainer = await unlessRefused(model, () => createTrainer({ seed: model.train.seed, batch, threads, updates }));
  if (!isProfiled(trainer)) throw new Error('the module has no profile');
  // Several batches in turn, so that what is learnt of one does not make the gradients vanish.
  const times = await unlessRefused(model, () => {
    const batches = [1, 2, 3, 4].map((seed) => syntheticInputs(model.inputs, sizeOf, seed));
    return timeSteps(trainer, batches, options.seconds);
  });
  trainer.dispose();
  const peak =
    target === 'wasm'
      ? Math.min(threads, availableParallelism()) * peakMeter({ relaxed, wide: options.wide === true })()
      : undefined;
  const { memoryUse, summariseMemory } = await import('../inspect/memory.js');
  const memory = memoryUse(program, target, sizeOf, threads);
  const result = await resultOf(program, times, { target, relaxed, batch, threads, peak, memory }, sizeOf);
  standardOutput.write(
    options.json ? `${JSON.stringify(result, null, 2)}\n` : `${textOf(result, summariseMemory(memory))}\n`,
  );
}

async function resultOf(
  program: TrainerProgram,
  times: Times,
  known: Pick<Result, 'target' | 'relaxed' | 'batch' | 'threads' | 'peak' | 'memory'>,
  sizeOf: (name: string) => number,
): Promise<Result> {
  const { callsOf, flopsOf, flopsOfSteps } = await import('../inspect/flops.js');
  const { kernelsOf } = await import('../codegen/uses.js');
  const step = stepOf(program);
  if (!step) throw new Error('there is no step');
  // A kernel that stands at several places of a step is one row.
  const seconds = new Map<Kernel, number>();
  kernelsOf(step).forEach((kernel, i) => seconds.set(kernel, (seconds.get(kernel) ?? 0) + times.kernels[i]));
  const whole = Math.max(
    times.step,
    [...seconds.values()].reduce((sum, each) => sum + each, 0),
  );
  const kernels = [...callsOf(step.steps, sizeOf)].map(([kernel, calls]): KernelResult => {
    const spent = seconds.get(kernel) ?? 0;
    return {
      name: kernel.name,
      formulas: kernel.provenance.formulas,
      plan: kernel.plan,
      secondsPerCall: spent / calls,
      callsPerStep: calls,
      share: spent / whole,
      flopsPerCall: flopsOf(kernel, sizeOf),
    };
  });
  return {
    model: program.model.name,
    ...known,
    stepsPerSecond: 1 / times.step,
    secondsPerStep: times.step,
    flopsPerStep: flopsOfSteps(step.steps, sizeOf),
    kernels,
  };
}

function textOf(result: Result, memory: string): string {
  const { peak, flopsPerStep, secondsPerStep } = result;
  const left = (title: string): Column => ({ title, align: 'left' });
  const right = (title: string): Column => ({ title, align: 'right' });
  const rate = (flops: number, time: number): string => (flops === 0 ? '' : (flops / time / 1e9).toFixed(2));
  const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;
  const columns = [
    left('kernel'),
    right('a call'),
    right('calls'),
    right('share'),
    right('GFLOP/s'),
    ...(peak === undefined ? [] : [right('of peak')]),
    left('plan'),
  ];
  const rows = [...result.kernels]
    .sort((a, b) => b.share - a.share)
    .map((k) => [
      k.name,
      duration(k.secondsPerCall),
      String(k.callsPerStep),
      percent(k.share),
      rate(k.flopsPerCall, k.secondsPerCall),
      ...(peak === undefined ? [] : [k.flopsPerCall === 0 ? '' : percent(k.flopsPerCall / k.secondsPerCall / peak)]),
      (k.plan || k.formulas.join('; ')).replace(/\s+/g, ' '),
    ]);
  const rest = 1 - result.kernels.reduce((sum, { share }) => sum + share, 0);
  const gap = peak === undefined ? [] : [''];
  rows.push([
    '(the rest)',
    duration(Math.max(0, rest) * secondsPerStep),
    '',
    percent(Math.max(0, rest)),
    '',
    ...gap,
    'checks and copies of inputs, calls',
  ]);
  const cores = Math.min(result.threads, availableParallelism());
  const able = cores > 1 ? `${cores} cores like this one` : 'this core';
  const reached = peak === undefined ? '' : ` of ${(peak / 1e9).toFixed(1)} that ${able} can multiply and add`;
  const { stdout } = process;
  return [
    `${result.model}  ${result.target}${result.relaxed ? ' relaxed' : ''}, batch ${result.batch}${result.threads > 1 ? `, ${result.threads} threads` : ''}`,
    `speed       ${perSecond(result.stepsPerSecond)} steps/s, ${duration(secondsPerStep)} a step`,
    `arithmetic  ${amount(flopsPerStep)}FLOP a step, ${(flopsPerStep / secondsPerStep / 1e9).toFixed(2)} GFLOP/s${reached}`,
    `memory      ${memory}`,
    '',
    ...tableLines(columns, rows, { colour: coloured(stdout), width: stdout.isTTY ? stdout.columns : undefined }),
  ].join('\n');
}

function perSecond(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** `1.234 ms`, `56.7 µs`. */
function duration(time: number): string {
  const [value, unit] =
    time >= 1
      ? [time, 's']
      : time >= 1e-3
        ? [1e3 * time, 'ms']
        : time >= 1e-6
          ? [1e6 * time, 'µs']
          : [1e9 * time, 'ns'];
  return `${value.toPrecision(Math.max(3, Math.ceil(Math.log10(Math.max(1, value)))))} ${unit}`;
}

/** `39.2 M`, to stand before a unit. */
function amount(value: number): string {
  const [scaled, prefix] =
    value >= 1e9
      ? [value / 1e9, 'G']
      : value >= 1e6
        ? [value / 1e6, 'M']
        : value >= 1e3
          ? [value / 1e3, 'k']
          : [value, ''];
  return prefix === '' ? `${Math.round(scaled)} ` : `${scaled.toPrecision(3)} ${prefix}`;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It should be a positive number.');
  return value;
}
