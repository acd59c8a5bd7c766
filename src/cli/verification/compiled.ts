// The trainers that a verification compares: compiled once each, with every form verified on the way.
import { compileToRun, makePrograms, targets, type CompileOptions, type Target } from '../../compile.js';
import type { Source, TrainerProgram } from '../../index.js';
import { memoryCounting } from '../../inspect/check/allocation.js';
import { readImport } from '../files.js';
import { gpuDevice } from '../gpu.js';
import type { ModelOptions } from '../modelOptions.js';
import type { Start } from '../targets.js';
import { importTrainer, type Trainer, type TrainerModule, type TrainerOptions } from '../trainer.js';

/** A target with so many threads. */
export interface Engine {
  readonly target: Target;
  readonly threads: number;
}

/** What it is called in messages and in the certificate. */
export function nameOf({ target, threads }: Engine): string {
  return threads === 1 ? target : `${target} with ${threads} threads`;
}

export interface Build {
  readonly code: string;
  readonly program: TrainerProgram;
  readonly module: TrainerModule;
  /** Optional passes that had something to do. */
  readonly optional: readonly string[];
}

/** Compiles for a target; where nothing is left out, every form is verified on the way. */
export async function build(
  target: Target,
  source: Source,
  { model, set, memoryLimit }: ModelOptions,
  without: readonly string[] = [],
): Promise<Build> {
  const options: CompileOptions = {
    model,
    set,
    memoryLimit,
    target,
    without,
    read: readImport,
    threads: target === 'wasm',
    // What has no halves is compared all the same.
    full: !targets[target].halves,
  };
  const ran: string[] = [];
  if (without.length === 0)
    makePrograms(source, { ...options, verify: true, watch: ({ pass }) => ran.push(pass.name) });
  const { code, program } = await compileToRun(source, options);
  if (code === undefined || !program) throw new Error('a checked model does not compile');
  const module = await importTrainer(code);
  const { passes } = await import('../../passes.js');
  const optional = passes.flatMap((pass) => (pass.optional && ran.includes(pass.name) ? [pass.name] : []));
  return { code, program, module, optional };
}

/** A fresh trainer that stands at the point. */
export async function begin({ module }: Build, { target, threads }: Engine, start: Start): Promise<Trainer> {
  const { point, rows } = start;
  const parameters = Object.fromEntries(point.parameters);
  const options: TrainerOptions = { seed: point.seed, batch: rows.count, parameters, updates: steps };
  if (target === 'ts') return module.createTrainer(options);
  if (target === 'wasm') return module.createTrainer({ ...options, threads });
  return module.createTrainer({ ...options, device: await gpuDevice() });
}

/** Bytes that a trainer allocates for so many rows. */
export async function allocated({ code }: Build, batch: number): Promise<number> {
  const module: TrainerModule & { allocated?: () => number } = await importTrainer(memoryCounting + code);
  const trainer = await module.createTrainer({ batch });
  const bytes = module.allocated?.() ?? NaN;
  trainer.dispose();
  return bytes;
}

/** How long a run is: of so many steps repeatability is shown. */
export const steps = 100;
