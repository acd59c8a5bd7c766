// A compiled trainer module as the command line uses it, and how its text becomes one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Batches } from '../codegen/runtime/fit.js';
import type { InputArray, InputArrays } from '../data/dataset.js';
import { importNamed } from '../data/importNamed.js';
import type { ShapedInput } from '../data/synthetic.js';
import { trainRefused } from '../diagnostics/data.js';
import { Fault, type Source } from '../diagnostics/diagnostic.js';
import { attempt, readImport } from './files.js';
import type { ModelOptions } from './modelOptions.js';

type Awaitable<T> = T | Promise<T>;
export type Values = Readonly<Record<string, number>>;

/** Arrays as they are, or with their shapes. */
export type TrainerInputs = InputArrays | Readonly<Record<string, ShapedInput>>;

export type Outputs = Readonly<Record<string, InputArray>>;

/** The parts of the contract that commands rely on. */
export interface Trainer {
  step(inputs: TrainerInputs): Awaitable<Values>;
  evaluate(inputs: InputArrays): Awaitable<Values>;
  /** `block`: of several train blocks, whose. */
  gradients(
    inputs: TrainerInputs,
    block?: string,
  ): Awaitable<{ loss: number; gradients: Readonly<Record<string, Float32Array>> }>;
  predict(inputs: TrainerInputs, options?: { readonly seed?: number }): Awaitable<Outputs>;
  fit(data: InputArrays, options: FitOptions): AsyncIterable<Progress>;
  observe?(inputs: InputArrays): Awaitable<void>;
  load(file: Uint8Array): Awaitable<void>;
  save(options?: { optimizer?: boolean; merged?: boolean }): Awaitable<Uint8Array>;
  /** Live views. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  readonly stepCount: number;
  learningRateScale: number;
  /** Where gradients are stored as halves. */
  readonly lossScale?: number;
  dispose(): void;
}

export interface FitOptions {
  readonly epochs: number;
  readonly batch: number;
  readonly validation?: InputArrays | number;
  readonly report: 'epoch' | 'step';
  readonly signal?: AbortSignal;
  /** Calls of step that the run has made. */
  readonly start?: number;
}

export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps made in this epoch, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /** Rows seen in this epoch. */
  readonly rows: number;
  /** Means over the epoch so far. */
  readonly losses: Values;
  /** At the end of an epoch. */
  readonly validation?: Values;
  /** At the end of an epoch: whether it is better than all before. */
  readonly best?: boolean;
}

export interface TrainerOptions {
  readonly seed?: number;
  readonly batch?: number;
  readonly threads?: number | 'auto';
  /** So many updates the run has: what schedules without steps go by. */
  readonly updates?: number;
  readonly parameters?: Readonly<Record<string, Float32Array>>;
  readonly device?: object;
}

export interface TrainerModule {
  createTrainer(options: TrainerOptions): Awaitable<Trainer>;
}

/** Does this engine know SIMD instructions? The smallest module that has one: a function that drops a splat of 0. */
export function simdWorks(): boolean {
  const head = [0, 97, 115, 109, 1, 0, 0, 0];
  const types = [1, 4, 1, 96, 0, 0];
  const functions = [3, 2, 1, 0];
  const code = [10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];
  return (
    typeof WebAssembly !== 'undefined' &&
    WebAssembly.validate(Uint8Array.from([...head, ...types, ...functions, ...code]))
  );
}

/** Imports the JavaScript text of a module from a file of its own, so that stacks and debuggers can show it. */
export async function importTrainer(code: string): Promise<TrainerModule> {
  const folder = attempt(tmpdir(), () => mkdtempSync(join(tmpdir(), 'nnc-')));
  const file = join(folder, 'trainer.mjs');
  try {
    attempt(file, () => writeFileSync(file, code));
    const loaded = (await importNamed(pathToFileURL(file).href)) as TrainerModule;
    return loaded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A trainer of a model whose numbers are single precision throughout, for what is read of it or made of a checkpoint. */
export async function trainerOf(
  source: Source,
  options: ModelOptions & { readonly read?: (path: string) => string | undefined },
): Promise<Trainer> {
  const { compileToRun } = await import('../compile.js');
  const settings = { read: readImport, ...options, target: 'ts', full: true } as const;
  const { code = '' } = await compileToRun(source, settings);
  return (await importTrainer(code)).createTrainer({});
}

/** A trainer refuses what does not fit its model, or the memory there is, in its own words. */
export async function unlessRefused<T>(model: { readonly name: string }, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof RangeError) throw new Fault(trainRefused({ model: model.name, reason: error.message }));
    throw error;
  }
}

/** Losses and metrics over all batches: means over their rows, and how many these are. */
export async function evaluateAll(
  trainer: Pick<Trainer, 'evaluate'>,
  batches: Batches,
): Promise<{ readonly values: Values; readonly rows: number }> {
  const sums = new Map<string, number>();
  let count = 0;
  for await (const { inputs, rows } of batches.of(0, 0)) {
    const values = await trainer.evaluate(inputs as InputArrays);
    for (const [name, value] of Object.entries(values)) sums.set(name, (sums.get(name) ?? 0) + value * rows);
    count += rows;
  }
  return { values: Object.fromEntries([...sums].map(([name, sum]) => [name, sum / count])), rows: count };
}
