// Data as the trainer takes it: a typed array for each input of the model, checked against the input's type.
import { dataInputShape, dataRowsDisagree, dataShape, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { constantOf } from '../ir/index.js';
import { sizeIn } from '../ir/toldSizes.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { takingOf } from './elements.js';
import { wholeColumn, type Column } from './columns.js';
import { overLimit } from './limits.js';

export type InputArray = Float32Array | Int32Array | Uint8Array;

/** Arrays by input, as a trainer takes them. */
export type InputArrays = Readonly<Record<string, InputArray>>;

/** Rows for every input of a model. */
export interface Dataset {
  readonly kind: 'rows';
  readonly rows: number;
  readonly columns: readonly InputColumn[];
}

export interface InputColumn {
  readonly input: ModelInput;
  readonly column: Column;
}

/** Rows that a module makes while they are asked for, batch by batch; how many, nobody knows. */
export interface BatchStream {
  readonly kind: 'batches';
  /** Those that its batches have. */
  readonly inputs: readonly ModelInput[];
  batches(run: { readonly epoch: number; readonly seed: number; readonly batch: number }): AsyncIterable<Batch>;
}

export interface Batch {
  readonly rows: number;
  readonly inputs: InputArrays;
}

/** What the numbers of an index stand for, by input: classes, or the characters of a vocabulary. */
export type Words = Readonly<Record<string, readonly string[]>>;

export interface LoadedData {
  readonly train: Dataset | BatchStream;
  readonly validation?: Dataset | BatchStream;
  readonly test?: Dataset | BatchStream;
  readonly words: Words;
  /** What a user should know of how it was read: rows that were left out. */
  readonly notes: readonly string[];
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
export function makeArray(input: ModelInput, count: number, place: string): InputArray {
  const { kind } = input.type.element;
  const type = kind === 'f32' ? Float32Array : kind === 'bool' ? Uint8Array : Int32Array;
  const bytes = count * type.BYTES_PER_ELEMENT;
  try {
    return new type(count);
  } catch {
    throw overLimit(place, 'the rows in memory', bytes);
  }
}

/** A module's numbers for an input; every one of them is checked, and converted where the input has another type. */
export function convertedRows(input: ModelInput, raw: RawArray): Column {
  const { values, place } = raw;
  const rows = rowsOf(input, { ...raw, count: values.length });
  const length = rowLength(input);
  const of = (kept: InputArray): Column => ({ ...wholeColumn(kept, length), rows });
  if (values instanceof Float32Array && input.type.element.kind === 'f32') return of(values);
  const integer = ArrayBuffer.isView(values) && !(values instanceof Float32Array || values instanceof Float64Array);
  const { accepts, expected } = takingOf(input, integer);
  const kept = isKept(values) ? values : makeArray(input, values.length, place);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!accepts(value)) throw wrongValue(input, `${place}, position ${i}`, value, expected);
    if (kept !== values) kept[i] = value;
  }
  return of(kept);
}

/** Puts the rows of all inputs together. */
export function datasetOf(source: string, inputs: readonly ModelInput[], found: ReadonlyMap<string, Column>): Dataset {
  const columns = inputs.flatMap((input): InputColumn[] => {
    const column = found.get(input.name);
    return column ? [{ input, column }] : [];
  });
  const [first] = columns;
  for (const { input, column } of columns)
    if (column.rows !== first.column.rows) {
      const [rows, others] = [first.column.rows, column.rows];
      throw new Fault(dataRowsDisagree({ source, input: first.input.name, rows, other: input.name, others }));
    }
  return { kind: 'rows', rows: columns.length > 0 ? first.column.rows : 0, columns };
}

/** Puts rows together to inputs, at most so many; the arrays are used again at the next call. */
export function taker({ columns }: Dataset, most: number): (rows: ArrayLike<number>) => InputArrays {
  const arrays = columns.map(({ input, column }) => makeArray(input, most * column.length, input.name));
  return (rows) => {
    // Entries make a property of any name, `__proto__` too.
    return Object.fromEntries(
      columns.map(({ input, column }, c): [string, InputArray] => {
        const { length } = column;
        for (let i = 0; i < rows.length; i++) column.copy(rows[i], arrays[c], i * length);
        return [input.name, arrays[c].subarray(0, rows.length * length)];
      }),
    );
  };
}

/** The rows from `start` up to `end` in arrays of their own; all of them where nothing is said. */
export function arraysIn(data: Dataset, start = 0, end = data.rows): InputArrays {
  const rows = Uint32Array.from({ length: end - start }, (_, i) => start + i);
  return taker(data, rows.length)(rows);
}

export function wrongValue(input: ModelInput, place: string, value: number, expected: string): Fault {
  return new Fault(dataValue({ place, found: `${value}`, input: `${input.name}: ${printType(input.type)}`, expected }));
}

/** Such arrays stay as they are: rows become numbers of the input's type as they are taken. */
function isKept(values: ArrayLike<number>): values is Int32Array | Uint8Array {
  return values instanceof Int32Array || values instanceof Uint8Array;
}
