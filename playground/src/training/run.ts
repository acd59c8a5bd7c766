// A run in its worker: the trainer, its data, and the steps that are made when the page asks for them.
import { check } from '../../../src/compile.js';
import type { Source } from '../../../src/diagnostics/diagnostic.js';
import { constantOf } from '../../../src/ir/index.js';
import type { ModelGraph } from '../../../src/ir/model.js';
import type { Target } from '../../../src/targets.js';
import { arraysIn } from '../../../src/data/dataset.js';
import { emitToRun } from '../compiler/services/emit.js';
import type { DataChoice } from '../data/choice.js';
import { rowsFor } from '../data/rows.js';
import type { Rows } from '../data/table.js';
import { moduleOf, type Progress, type Trainer } from './trainer.js';

export interface RunOptions {
  readonly source: Source;
  readonly data: DataChoice;
  readonly target: Target;
}

/** What is known of a run before its first step. */
export interface Prepared {
  readonly model: string;
  readonly parameters: number;
  readonly rows: number;
  readonly batch: number;
  readonly epochs: number;
  /** What a step reports, the total loss first. */
  readonly reports: readonly string[];
  readonly notes: readonly string[];
}

/** Some steps. */
export interface Advanced {
  /** The number of each step, from 1, and what it reports, one array of each report. */
  readonly steps: readonly number[];
  readonly values: readonly (readonly number[])[];
  readonly epoch: number;
  readonly epochs: number;
  readonly finished: boolean;
  readonly validation?: Readonly<Record<string, number>>;
}

export interface Run {
  readonly model: ModelGraph;
  readonly rows: Rows;
  readonly trainer: Trainer;
  readonly reports: readonly string[];
  readonly progress: AsyncIterator<Progress>;
  /** Of the epoch so far: rows, and the sums of what was reported. */
  seen: { readonly rows: number; readonly means: readonly number[] };
  made: number;
}

let current: Run | undefined;

/** The run that was prepared last. */
export function running(): Run {
  if (!current) throw new Error('nothing is prepared for training');
  return current;
}

/** Compiles the model and reads the data; a run before is over. `from`: a checkpoint to begin with. */
export async function prepare({ source, data, target }: RunOptions, from?: Uint8Array): Promise<Prepared> {
  current?.trainer.dispose();
  current = undefined;
  const { model } = check(source);
  if (!model) throw new Error('the model has errors');
  if (model.training.loss === undefined) throw new Error('the model has no loss: there is nothing to train');
  if (target === 'wgsl' && !(await hasWebGpu()))
    throw new Error(
      'WebGPU is not to be had in this browser, or on this machine: WebAssembly and TypeScript train everywhere',
    );
  const rows = await rowsFor(model, data);
  const code = await emitToRun(source, { target });
  if (code === undefined) throw new Error('the model has errors');
  const { createTrainer } = await moduleOf(code);
  const trainer = await createTrainer();
  if (from) await trainer.load(from);
  const reports = ['loss', ...named(model)];
  const progress = trainer.fit(arraysIn(rows.data), { report: 'step' })[Symbol.asyncIterator]();
  current = { model, rows, trainer, reports, progress, seen: { rows: 0, means: [] }, made: 0 };
  const { batch, epochs } = model.train;
  const parameters = model.parameters.reduce((sum, { type }) => sum + sizeOf(type), 0);
  return { model: model.name, parameters, rows: rows.data.rows, batch, epochs, reports, notes: rows.notes };
}

async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } };
  return Boolean(await gpu?.requestAdapter());
}

function named({ training: { losses, metrics } }: ModelGraph): string[] {
  const names = [...losses, ...metrics].map(({ name }) => name);
  return names.filter((name) => name !== 'loss');
}

function sizeOf({ shape }: ModelGraph['parameters'][number]['type']): number {
  return shape.reduce((product, { size }) => product * (constantOf(size) ?? 1), 1);
}

/** Makes so many steps, or as many as take so many milliseconds: at least one. */
export async function advance({ steps: most = Infinity, milliseconds = Infinity }: Paced): Promise<Advanced> {
  const run = running();
  const until = performance.now() + milliseconds;
  const steps: number[] = [];
  const values: number[][] = run.reports.map(() => []);
  let last: Progress | undefined;
  let finished = false;
  do {
    const next = await run.progress.next();
    if (next.done === true) {
      finished = true;
      break;
    }
    last = next.value;
    note(run, last, values);
    steps.push(++run.made);
  } while (steps.length < most && performance.now() < until);
  const { epochs } = run.model.train;
  return {
    steps,
    values,
    epoch: last?.epoch ?? epochs,
    epochs: last?.epochs ?? epochs,
    finished,
    ...(last?.validation && { validation: last.validation }),
  };
}

export interface Paced {
  readonly steps?: number;
  readonly milliseconds?: number;
}

/** What this step reported, worked out of the means over the epoch before it and with it. */
function note(run: Run, { rows, losses, step }: Progress, values: readonly number[][]): void {
  const before = step === 1 ? { rows: 0, means: [] } : run.seen;
  const means = run.reports.map((name) => losses[name] ?? NaN);
  means.forEach((mean, i) => {
    const earlier = before.rows === 0 ? 0 : before.means[i] * before.rows;
    values[i].push((mean * rows - earlier) / (rows - before.rows));
  });
  run.seen = { rows, means };
}

/** The checkpoint as it is now, with the optimizer's part. */
export async function save(): Promise<Uint8Array> {
  return await running().trainer.save({ optimizer: true });
}
