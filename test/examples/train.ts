// Trains an example as `nnc train` does, and hands over the trainer.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { feed } from '../../src/cli/feed.js';
import { evaluateAll, importTrainer, type Trainer, type Values } from '../../src/cli/trainer.js';
import type { InputArrays } from '../../src/data/dataset.js';
import { loadData } from '../../src/data/load.js';
import { check } from '../../src/index.js';
import { inputsToLearn } from '../../src/passes/entries.js';
import { allOf } from '../data/files.js';
import { runnableText } from '../support/runnable.js';

const examples = join(import.meta.dirname, '../../examples');

export interface Example extends Omit<Trainer, 'predict'> {
  predict(inputs: Readonly<Record<string, ArrayLike<number>>>): Readonly<Record<string, ArrayLike<number>>>;
  readonly parameters: Readonly<Record<string, Float32Array>>;
}

type Rows = ReturnType<typeof allOf>;

export interface Trained {
  readonly trainer: Example;
  readonly data: { readonly train: Rows; readonly test?: Rows };
  /** The means of the last epoch. */
  readonly last: Values;
  readonly validation?: Values;
  /** On the example's test data. */
  readonly test?: Values;
}

/** Compiles and trains `examples/NAME`, on its first `rows` if given, with model parameters as `set` has them; `path` is the file in the examples' folder. */
export async function trainExample(
  path: string,
  options: {
    readonly seed?: number;
    readonly epochs?: number;
    readonly target?: 'ts' | 'wasm';
    readonly rows?: number;
    readonly set?: Readonly<Record<string, number>>;
  } = {},
): Promise<Trained> {
  const file = join(examples, path);
  const text = readFileSync(file, 'utf8');
  const code = await runnableText(text, { target: options.target, set: options.set }, file);
  const { model } = check({ file, text }, { set: options.set });
  const source = model?.train.data;
  if (!model || !source) throw new Error(`${path} names no data`);
  const data = await loadData(source, model.inputs, dirname(file), { needed: inputsToLearn(model) });
  const { createTrainer } = await importTrainer(code);
  const trainer = (await createTrainer({ seed: options.seed ?? model.train.seed })) as unknown as Example;
  const { batch, validation } = model.train;
  const train = allOf(data.train);
  const fitOptions = { epochs: options.epochs ?? model.train.epochs, batch, validation, report: 'epoch' } as const;
  let last: Values = {};
  let checked: Values | undefined;
  for await (const progress of trainer.fit(firstRows(train, options.rows), fitOptions)) {
    last = progress.losses;
    checked = progress.validation;
  }
  const { test } = feed(data, model, { seed: 0, batch: 500 });
  const tested = test && (await evaluateAll(trainer, test.batches)).values;
  return {
    trainer,
    data: { train, ...(data.test && { test: allOf(data.test) }) },
    last,
    validation: checked,
    test: tested,
  };
}

function firstRows({ inputs, rows }: Rows, count = rows): InputArrays {
  if (count === rows) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [name, values.subarray(0, (values.length / rows) * count)]),
  );
}
