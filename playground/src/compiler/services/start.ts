// Where worked numbers begin: the weights of a fresh trainer, and the first rows of the data that is chosen.
import { syntheticInputs } from '../../../../src/data/synthetic.js';
import { begun, sizesFor, sizesOfInputs } from '../../../../src/inspect/check/point.js';
import type { At } from '../../../../src/inspect/derivation/numbers.js';
import type { ModelGraph } from '../../../../src/ir/model.js';
import type { DataChoice } from '../../data/choice.js';
import { firstRows, rowsFor } from '../../data/rows.js';

export interface Start {
  readonly at: At;
  /** `the first 4 rows of xor` */
  readonly said: string;
}

/** So many rows are enough to see what happens. */
const few = 4;

/** What numbers of a model are worked at. Where the data do not fit the model, rows are made up. */
export async function atStart(model: ModelGraph, data: DataChoice): Promise<Start> {
  const { seed } = model.train;
  const { inputs, sizeOf, said } = (await chosenRows(model, data)) ?? madeUpRows(model);
  const tensors = new Map(
    [...model.parameters, ...model.states].map((each) => [each.name, begun(each, seed, sizeOf)] as const),
  );
  const sizes = Object.fromEntries(sizesOfInputs(model).map((name) => [name, sizeOf(name)]));
  return { at: { name: 'init', inputs, tensors, sizes, counts: { update: 1, draw: 0, seed } }, said };
}

interface SomeRows extends Pick<At, 'inputs'> {
  readonly said: string;
  sizeOf(name: string): number;
}

async function chosenRows(model: ModelGraph, choice: DataChoice): Promise<SomeRows | undefined> {
  try {
    const rows = await rowsFor(model, choice);
    const count = Math.min(few, rows.data.rows);
    const inputs = firstRows(rows, count);
    if (model.inputs.some(({ name }) => !Object.hasOwn(inputs, name))) return undefined;
    const name = choice.kind === 'csv' ? choice.name : choice.kind;
    return {
      inputs,
      sizeOf: () => count,
      said: count === 1 ? `the first row of ${name}` : `the first ${count} rows of ${name}`,
    };
  } catch {
    return undefined;
  }
}

function madeUpRows(model: ModelGraph): SomeRows {
  const { rows, sizeOf } = sizesFor(model, few);
  const made = Object.entries(syntheticInputs(model.inputs, sizeOf, 1));
  return {
    inputs: Object.fromEntries(made.map(([name, { data }]) => [name, data])),
    sizeOf,
    said: `${rows} made-up ${rows === 1 ? 'row' : 'rows'}`,
  };
}
