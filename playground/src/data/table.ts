// Tables as rows of a model: the user's csv, and what else comes as one, by the project's own reader.
import { readCsv } from '../../../src/data/csv.js';
import { datasetOf, rowLength, type Dataset, type Words } from '../../../src/data/dataset.js';
import { fieldOf, settingsOf } from '../../../src/data/fields.js';
import { defaultLimits } from '../../../src/data/limits.js';
import { classesOf } from '../../../src/data/words.js';
import type { DataField, ModelGraph, ModelInput } from '../../../src/ir/model.js';
import { memoryStore } from './memoryStore.js';

export interface Rows {
  readonly data: Dataset;
  readonly words: Words;
  /** What a header calls the numbers of each input, where there is one. */
  readonly heads?: Words;
  readonly notes: readonly string[];
}

/** Reads a table for the inputs of a model, column after column; the user's `own` as the train block says of a csv, where it does. */
export async function tableRows(model: ModelGraph, file: string, text: string, own = false): Promise<Rows> {
  const { inputs } = model;
  const source = model.train.data;
  const said = own && source?.kind === 'csv' && inputs.every((input) => fieldOf(source, input.name) !== undefined);
  const fields = said
    ? new Map(inputs.map(({ name }): [string, DataField] => [name, fieldOf(source, name) ?? 0]))
    : columnsInOrder(inputs);
  const settings = said ? settingsOf(source, inputs) : {};
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const take = (most: number): Promise<Uint8Array> => {
    at += most;
    return Promise.resolve(bytes.subarray(at - most, at));
  };
  const rest = { ...memoryStore, stage: unasked, expect: () => undefined };
  const read = await readCsv({ file, fields, ...settings }, { take }, inputs, defaultLimits, rest);
  const { words, heads, width } = read;
  const used = inputs.reduce((sum, input) => sum + rowLength(input), 0);
  const unused = `${file}: only the first ${used} of its ${width} columns feed inputs; csv(…) in the train block says which`;
  const notes = said || used >= width ? read.notes : [...read.notes, unused];
  return { data: datasetOf(file, inputs, read.columns), words, heads, notes };
}

function unasked(): never {
  throw new Error('a csv is read in its own order');
}

/** Features first, in the order of the inputs, and the classes last: as tables have them. */
function columnsInOrder(inputs: readonly ModelInput[]): Map<string, DataField> {
  const label = labelOf(inputs);
  const order = [...inputs.filter((input) => input !== label), ...(label ? [label] : [])];
  let next = 0;
  return new Map(
    order.map((input): [string, DataField] => {
      const first = next;
      next += rowLength(input);
      return [input.name, next - first === 1 ? first : { from: first, to: next - 1 }];
    }),
  );
}

/** What is to be told: the input of classes, else the last of several. */
export function labelOf(inputs: readonly ModelInput[]): ModelInput | undefined {
  return (
    inputs.find((input) => classesOf(input) > 0 && rowLength(input) === 1) ??
    (inputs.length > 1 ? inputs.at(-1) : undefined)
  );
}
