// The rows that a command looks at a model with: the first of its data, or made-up ones where it names none.
import { dirname } from 'node:path';
import { arraysIn } from '../data/dataset.js';
import { describe } from '../data/fields.js';
import { loadData } from '../data/load.js';
import { batchesLooked } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { syntheticInputs, type ShapedInput } from '../data/synthetic.js';
import { counted } from '../diagnostics/quote.js';
import { sizesFor } from '../inspect/check/point.js';
import { constantOf } from '../ir/index.js';
import type { DataSource, ModelGraph, ModelInput } from '../ir/model.js';
import { inputsToLearn } from '../passes/entries.js';

export interface SomeRows {
  readonly count: number;
  readonly inputs: Readonly<Record<string, ShapedInput>>;
  /** The run-time sizes. */
  sizeOf(name: string): number;
  /** `4 rows of csv("rows.csv")`, `4 made-up rows` */
  readonly said: string;
  /** Of the data; absent where the rows are made up. */
  readonly source?: string;
}

/** Rows of made-up data are drawn up to so many times, until a model can compute with them. */
const draws = 8;

/**
 * The first rows of the model's data in source order, paths being those of `file`. Made-up rows are the first draw that `works`: later
 * draws have no index 0, such as lengths of nothing, and no mask that hides a value.
 */
export async function firstRows(
  model: ModelGraph,
  file: string,
  wanted: number,
  works: (rows: SomeRows) => boolean = () => true,
): Promise<SomeRows> {
  const { data } = model.train;
  const { rows: count, sizeOf } = sizesFor(model, wanted);
  if (data) return rowsOfData(model, data, dirname(file), count);
  const made = (draw: number): SomeRows => {
    const inputs = syntheticInputs(model.inputs, sizeOf, draw);
    if (draw > draws / 2) for (const input of model.inputs) leaveNothingOut(input, inputs[input.name].data);
    return { count, inputs, sizeOf, said: `${count} made-up ${count === 1 ? 'row' : 'rows'}` };
  };
  for (let draw = 1; draw < draws; draw++) {
    const rows = made(draw);
    if (works(rows)) return rows;
  }
  return made(draws);
}

/** The first rows of data whose paths are those of a folder; all of them where nothing says how many. */
export async function rowsOfData(
  model: ModelGraph,
  data: DataSource,
  folder: string,
  wanted = Infinity,
): Promise<SomeRows> {
  const { train } = await loadData(data, model.inputs, folder, { needed: inputsToLearn(model) });
  const source = describe(data);
  if (train.kind === 'batches') throw new Fault(batchesLooked({ source }));
  const count = Math.min(train.rows, wanted);
  const some = arraysIn(train, 0, count);
  const sizeOf = (): number => count;
  const shaped = model.inputs.map((input): [string, ShapedInput] => {
    const { name, type } = input;
    // What only outputs read may be missing.
    if (!Object.hasOwn(some, name)) return [name, syntheticInputs([input], sizeOf, 1)[name]];
    const [, ...rest] = type.shape.map((d) => constantOf(d.size) ?? 1);
    return [name, { data: some[name], shape: [count, ...rest] }];
  });
  const said = `${counted(count, 'row')} of ${source}`;
  return { count, inputs: Object.fromEntries(shaped), sizeOf, said, source };
}

/** The values of each input, without their shapes. */
export function arraysOf({ inputs }: SomeRows): Record<string, ShapedInput['data']> {
  return Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
}

function leaveNothingOut({ type: { element } }: ModelInput, values: ShapedInput['data']): void {
  if (element.kind === 'f32' || (element.kind === 'index' && constantOf(element.size) === 1)) return;
  for (let i = 0; i < values.length; i++) values[i] = Math.max(1, values[i]);
}
