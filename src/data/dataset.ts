// Data as the trainer takes it: a typed array for each input of the model, checked against the input's type.
import { dataInputShape, dataRowsDisagree, dataShape, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { constantOf } from '../ir/index.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';

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

/** Numbers as they came from a file. */
export interface RawArray {
  /** The first dimension counts the rows; absent where only the length is known. */
  readonly shape?: readonly number[];
  readonly values: ArrayLike<number>;
  /** Where the array came from: `train-images-idx3-ubyte`. */
  readonly place: string;
  /** Where one of its values stands. */
  placeOf?(position: number): string;
}

/** How many numbers one row of an input has. */
export function rowLength(input: ModelInput): number {
  const [batch, ...rest] = input.type.shape;
  const sizes = rest.map((d) => constantOf(d.size));
  if (batch === undefined || constantOf(batch.size) !== undefined || sizes.includes(undefined))
    throw new Fault(dataInputShape({ input: input.name, type: printType(input.type) }));
  return sizes.reduce<number>((product, size) => product * (size ?? 1), 1);
}

/** Puts arrays together to a data set of a source; every array is checked and converted to its input's element type. */
export function datasetOf(
  source: string,
  inputs: readonly ModelInput[],
  arrays: ReadonlyMap<string, RawArray>,
): Dataset {
  const fitted = new Map<string, InputArray>();
  let first: { name: string; rows: number } | undefined;
  for (const input of inputs) {
    const raw = arrays.get(input.name);
    if (!raw) continue;
    const rows = rowsOf(input, raw);
    first ??= { name: input.name, rows };
    if (rows !== first.rows)
      throw new Fault(
        dataRowsDisagree({ source, input: first.name, rows: first.rows, other: input.name, others: rows }),
      );
    fitted.set(input.name, converted(input, raw));
  }
  return { rows: first?.rows ?? 0, inputs: Object.fromEntries(fitted) };
}

/** The rows from `start` up to `end`; the arrays are views. */
export function slice(data: Dataset, start: number, end: number): Dataset {
  const inputs = Object.entries(data.inputs).map(([name, array]) => {
    const length = array.length / data.rows;
    return [name, array.subarray(start * length, end * length)] as const;
  });
  return { rows: end - start, inputs: Object.fromEntries(inputs) };
}

function rowsOf(input: ModelInput, raw: RawArray): number {
  const length = rowLength(input);
  const total = raw.values.length;
  const rows = raw.shape ? (raw.shape[0] ?? 1) : total / length;
  if (rows * length === total && Number.isInteger(rows)) return rows;
  const found = raw.shape ? `an array of shape [${raw.shape.join(', ')}]` : `an array of ${total} numbers`;
  throw new Fault(dataShape({ place: raw.place, input: input.name, found, expected: printType(input.type) }));
}

function converted(input: ModelInput, raw: RawArray): InputArray {
  const { values } = raw;
  const { element } = input.type;
  switch (element.kind) {
    case 'f32':
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case 'bool':
      return Uint8Array.from(checked(input, raw, 2, 'true or false'));
    case 'index': {
      const classes = constantOf(element.size) ?? Infinity;
      const whole = checked(input, raw, classes, `a whole number from 0 to ${classes - 1}`);
      return whole instanceof Int32Array || whole instanceof Uint8Array ? whole : Int32Array.from(whole);
    }
    default:
      return element satisfies never;
  }
}

function checked(input: ModelInput, raw: RawArray, below: number, expected: string): ArrayLike<number> {
  const { values } = raw;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value >= 0 && value < below && Number.isInteger(value)) continue;
    const place = raw.placeOf?.(i) ?? `${raw.place}, position ${i}`;
    const type = printType(input.type);
    throw new Fault(dataValue({ place, found: `${value}`, input: `${input.name}: ${type}`, expected }));
  }
  return values;
}
