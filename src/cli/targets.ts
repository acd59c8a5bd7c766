// Trainers of one model on every target that runs here, for commands that compare them.
import { Fault } from '../diagnostics/diagnostic.js';
import { trainRefused } from '../diagnostics/data.js';
import type { CompileOptions, ModelGraph, Source, Target } from '../index.js';
import type { Point } from '../inspect/check/point.js';
import { readImport } from './files.js';
import { gpuDevice } from './gpu.js';
import type { ModelOptions } from './modelOptions.js';
import type { SomeRows } from './rows.js';
import { importTrainer, unlessRefused, type TrainerModule } from './trainer.js';

/** Where a trainer begins, and what it is fed. */
export interface Start {
  readonly rows: SomeRows;
  readonly point: Point;
}

export interface Gradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Compiles for a target, without asking for text that people read. Derivatives are asked for, which halves would blur. */
export async function compiledFor(
  target: Target,
  source: Source,
  { model, set, memoryLimit }: ModelOptions,
  options: Pick<CompileOptions, 'threads' | 'without'> = {},
): Promise<TrainerModule> {
  const { compileToRun } = await import('../compile.js');
  const { code } = await compileToRun(source, {
    ...{ model, set, memoryLimit, target, read: readImport, full: true },
    ...options,
  });
  if (code === undefined) throw new Error('a checked model does not compile');
  return importTrainer(code);
}

/** What a trainer is made with to stand at a point. */
export async function startOptions(target: Target, { rows, point }: Start, model: string): Promise<object> {
  const parameters = Object.fromEntries(point.parameters);
  const device = target === 'wgsl' ? await gpuDevice() : undefined;
  if (target === 'wgsl' && !device) throw new Fault(trainRefused({ model, reason: 'there is no WebGPU here' }));
  return { seed: point.seed, batch: rows.count, parameters, ...(device !== undefined && { device }) };
}

/** Loss and gradients of a fresh trainer. */
export async function gradientsOn(
  target: Target,
  source: Source,
  options: ModelOptions,
  start: Start,
  model: Pick<ModelGraph, 'name'>,
): Promise<Gradients> {
  const { createTrainer } = await compiledFor(target, source, options);
  const given = await startOptions(target, start, model.name);
  return unlessRefused(model, async () => {
    const trainer = await createTrainer(given);
    const { loss, gradients } = await trainer.gradients(start.rows.inputs);
    const found = new Map(Object.entries(gradients).map(([name, values]) => [name, Float32Array.from(values)]));
    trainer.dispose();
    return { loss, gradients: found };
  });
}
