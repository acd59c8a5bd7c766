// Data as the trainer takes it: a typed array for each input of the model, checked against the input's type.
import { dataInputShape, dataRowsDisagree, dataShape, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { constantOf } from '../ir/index.js';
import { sizeIn } from '../ir/toldSizes.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { takingOf } from './elements.js';
import { overLimit, type Memory } from './limits.js';

export type InputArray = Float32Array | Int32Array | Uint8Array;

/** Rows for every input of a model; row-major, one after the other. */
export interface Dataset {
  readonly rows: number;
  readonly inputs: Readonly<Record<string, InputArray>>;
}

export interface LoadedData {
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test?: Dataset;
}

/** One input's share of a data set. */
export interface Rows {
  readonly rows: number;
  readonly values: InputArray;
}

/** Numbers as a module gives them. */
export interface RawArray {
  /** The first dimension counts the rows; absent where only the length is known. */
  readonly shape?: readonly number[];
  readonly values: ArrayLike<number>;
  /** Where the array came from: `data.mjs, train.x`. */
  readonly place: string;
}

/** How many numbers one row of an input has. */
export function rowLength(input: ModelInput): number {
  const [batch, ...rest] = input.type.shape;
  const sizes = rest.map((d) => constantOf(d.size));
  if (batch === undefined || sizeIn(batch.size) === undefined || sizes.includes(undefined))
    throw new Fault(dataInputShape({ input: input.name, type: printType(input.type) }));
  return sizes.reduce<number>((product, size) => product * (size ?? 1), 1);
}

/** How many rows of an input an array holds; `count` is that of its numbers. */
export function rowsOf(
  input: ModelInput,
  { shape, count, place }: { readonly shape?: readonly number[]; readonly count: number; readonly place: string },
): number {
  const length = rowLength(input);
  const rows = shape ? (shape[0] ?? 1) : count / length;
  if (rows * length === count && Number.isInteger(rows)) return rows;
  const found = shape ? `an array of shape [${shape.join(', ')}]` : `an array of ${count} numbers`;
  throw new Fault(dataShape({ place, input: input.name, found, expected: printType(input.type) }));
}

/** Memory for so many numbers of an input. */
export function makeArray(input: ModelInput, count: number, place: string, memory?: Memory): InputArray {
  const { kind } = input.type.element;
  const type = kind === 'f32' ? Float32Array : kind === 'bool' ? Uint8Array : Int32Array;
  const bytes = count * type.BYTES_PER_ELEMENT;
  memory?.take(place, bytes);
  try {
    return new type(count);
  } catch {
    throw overLimit(place, 'the rows in memory', bytes);
  }
}

/** A module's numbers for an input; every one of them is checked, and converted where the input has another type. */
export function convertedRows(input: ModelInput, raw: RawArray): Rows {
  const { values, place } = raw;
  const rows = rowsOf(input, { ...raw, count: values.length });
  if (values instanceof Float32Array && input.type.element.kind === 'f32') return { rows, values };
  const integer = ArrayBuffer.isView(values) && !(values instanceof Float32Array || values instanceof Float64Array);
  const { accepts, expected } = takingOf(input, integer);
  const kept = isKept(input, values) ? values : makeArray(input, values.length, place);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!accepts(value)) throw wrongValue(input, `${place}, position ${i}`, value, expected);
    if (kept !== values) kept[i] = value;
  }
  return { rows, values: kept };
}

/** Puts the rows of all inputs together. */
export function datasetOf(source: string, inputs: readonly ModelInput[], arrays: ReadonlyMap<string, Rows>): Dataset {
  const found = inputs.flatMap(({ name }) => {
    const array = arrays.get(name);
    return array ? [{ name, ...array }] : [];
  });
  const [first] = found;
  for (const { name, rows } of found)
    if (rows !== first.rows)
      throw new Fault(dataRowsDisagree({ source, input: first.name, rows: first.rows, other: name, others: rows }));
  // Entries make a property of any name, `__proto__` too.
  const arraysByName = Object.fromEntries(found.map(({ name, values }) => [name, values]));
  return { rows: found.length > 0 ? first.rows : 0, inputs: arraysByName };
}

/** The rows from `start` up to `end`; the arrays are views. */
export function slice(data: Dataset, start: number, end: number): Dataset {
  const inputs = Object.entries(data.inputs).map(([name, array]) => {
    const length = array.length / data.rows;
    return [name, array.subarray(start * length, end * length)] as const;
  });
  return { rows: end - start, inputs: Object.fromEntries(inputs) };
}

export function wrongValue(input: ModelInput, place: string, value: number, expected: string): Fault {
  return new Fault(dataValue({ place, found: `${value}`, input: `${input.name}: ${printType(input.type)}`, expected }));
}

/** Arrays of whole numbers feed an index as they are. */
function isKept(input: ModelInput, values: ArrayLike<number>): values is Int32Array | Uint8Array {
  const { kind } = input.type.element;
  return kind === 'index' ? values instanceof Int32Array || values instanceof Uint8Array : false;
}
