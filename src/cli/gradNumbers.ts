// Worked numbers for `nnc grad --at`: where the weights come from, and which batch.
import { trainRefused } from '../diagnostics/data.js';
import { Fault, type Source } from '../diagnostics/diagnostic.js';
import { sizesOfInputs } from '../inspect/check/point.js';
import type { At } from '../inspect/derivation/numbers.js';
import { weightsIn } from '../inspect/derivation/weights.js';
import type { ModelGraph } from '../ir/model.js';
import { readBytes } from './files.js';
import type { ModelOptions } from './modelOptions.js';
import { sourceOf } from './source.js';
import { trainerOf, unlessRefused } from './trainer.js';

export interface NumbersOptions extends ModelOptions {
  readonly at?: string;
  /** So many of the first rows, or a data file. */
  readonly batch?: number | string;
}

/** Rows where nothing says how many. */
const usualRows = 4;

/** What numbers are worked for, and whether the batch is made up. */
export async function numbersAt(
  model: ModelGraph,
  source: Source,
  options: NumbersOptions,
): Promise<{ readonly at: At; readonly madeUp: boolean }> {
  const { at = 'init' } = options;
  const { tensors, counts } = await weightsOf(model, source, options);
  const { inputs, sizes, madeUp } = await batchOf(model, source, options);
  return { at: { name: at, inputs, tensors, sizes, counts }, madeUp };
}

/** The tensors of a fresh trainer, or of one that has read the checkpoint. */
async function weightsOf(
  model: ModelGraph,
  source: Source,
  options: NumbersOptions,
): Promise<Pick<At, 'tensors' | 'counts'>> {
  const trainer = await trainerOf(source, options);
  const { at } = options;
  if (at !== undefined && at !== 'init') {
    const file = readBytes(at);
    await unlessRefused(model, () => trainer.load(file));
  }
  const bytes = await trainer.save();
  trainer.dispose();
  return weightsIn(bytes, model.train.seed, (why) => new Fault(trainRefused({ model: model.name, reason: why })));
}

/** The first rows of the data in the source's order, all of a file that is named, or made-up rows where there is no data. */
async function batchOf(
  model: ModelGraph,
  source: Source,
  { batch = usualRows }: NumbersOptions,
): Promise<Pick<At, 'inputs' | 'sizes'> & { readonly madeUp: boolean }> {
  const { arraysOf, firstRows, rowsOfData } = await import('./rows.js');
  const rows =
    typeof batch === 'string'
      ? await rowsOfData(model, sourceOf(model, batch), '.')
      : await firstRows(model, source.file, batch);
  return {
    inputs: arraysOf(rows),
    sizes: Object.fromEntries(sizesOfInputs(model).map((name) => [name, rows.sizeOf(name)])),
    madeUp: rows.source === undefined,
  };
}
