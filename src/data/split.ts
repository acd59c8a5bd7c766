// Which of the rows are trained on, which validate and which test: as a train block says.
import { heldBack, split, type Part } from '../codegen/runtime/fit.js';
import { batchesSplit, rowsSplit } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelGraph } from '../ir/model.js';
import { taker, type BatchStream, type Dataset, type LoadedData } from './dataset.js';

export interface Portions {
  readonly train: Part | BatchStream;
  readonly validation?: Part | BatchStream;
  readonly test?: Part | BatchStream;
}

/**
 * Splits what was read. Which rows are held back follows from the seed; without shuffling they are the last: those to test with behind
 * those to validate with. Data of their own take the place of a share.
 */
export function splitData(data: LoadedData, { name, train: settings }: ModelGraph, seed: number): Portions {
  const own = { validation: data.validation && wholeOf(data.validation), test: data.test && wholeOf(data.test) };
  const shares = { validation: own.validation ? 0 : settings.validation, test: own.test ? 0 : settings.test };
  if (data.train.kind === 'batches') {
    if (shares.validation > 0 || shares.test > 0) throw new Fault(batchesSplit({ model: name }));
    return { train: data.train, ...present(own.validation, own.test) };
  }
  const { rows } = data.train;
  const [toValidate, toTest] = [shares.validation, shares.test].map((share) => heldBack(rows, share));
  const left = rows - toValidate - toTest;
  if (left < 1) throw new Fault(rowsSplit({ model: name, rows, validation: toValidate, test: toTest }));
  const counts = [left, toValidate, toTest];
  const [train, validation, test] = split(rowsOf(data.train), counts, settings.shuffle === false ? undefined : seed);
  return { train, ...present(own.validation ?? validation, own.test ?? test) };
}

/** Those that have rows. */
function present(validation: Portions['validation'], test: Portions['test']): Omit<Portions, 'train'> {
  const isThere = (part: Portions['test']): boolean => part !== undefined && ('kind' in part || part.count > 0);
  return {
    ...(validation && isThere(validation) && { validation }),
    ...(test && isThere(test) && { test }),
  };
}

function wholeOf(data: Dataset | BatchStream): Part | BatchStream {
  return data.kind === 'batches' ? data : rowsOf(data);
}

/** All rows in their order. */
function rowsOf(data: Dataset): Part {
  return { count: data.rows, rowAt: (i) => i, taker: (most) => taker(data, most) };
}
