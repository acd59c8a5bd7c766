// Data from an ES module that exports `train`, and `validation` and `test` if it has them.
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { dataEmpty, dataInputMissing, dataInputUnknown, dataModule, dataUnreadable } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { convertedRows, datasetOf, type Dataset, type LoadedData, type RawArray, type Rows } from './dataset.js';
import { importNamed } from './importNamed.js';

const parts = ['train', 'validation', 'test'] as const;

/** Imports the module and checks each of its data sets, which may lack inputs that are not needed. */
export async function loadModule(
  path: string,
  inputs: readonly ModelInput[],
  folder: string,
  needed: readonly ModelInput[],
): Promise<LoadedData> {
  const exported = await importModule(path, folder);
  const [train, validation, test] = parts.map((part) => datasetFrom(path, part, exported[part], inputs, needed));
  if (!train) throw new Fault(dataModule({ file: path, reason: 'exports no `train`' }));
  return { train, ...(validation && { validation }), ...(test && { test }) };
}

async function importModule(path: string, folder: string): Promise<Record<string, unknown>> {
  const full = resolve(folder, path);
  if (!existsSync(full)) throw new Fault(dataUnreadable({ file: path, reason: 'there is no such file' }));
  if (statSync(full).isDirectory()) throw new Fault(dataUnreadable({ file: path, reason: 'it is a folder' }));
  try {
    const loaded = (await importNamed(pathToFileURL(full).href)) as Record<string, unknown>;
    return loaded;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Fault(dataModule({ file: path, reason: `cannot be loaded: ${reason}` }));
  }
}

function datasetFrom(
  file: string,
  part: string,
  value: unknown,
  inputs: readonly ModelInput[],
  needed: readonly ModelInput[],
): Dataset | undefined {
  if (value === undefined) return undefined;
  const source = `${file}, ${part}`;
  if (typeof value !== 'object' || value === null)
    throw new Fault(dataModule({ file, reason: `exports a ${part} that is not an object of arrays by input name` }));
  const entries = Object.entries(value);
  const unknown = entries.find(([name]) => !inputs.some((input) => input.name === name));
  if (unknown) throw new Fault(dataInputUnknown({ name: unknown[0], source, inputs: inputs.map((i) => i.name) }));
  const arrays = new Map<string, Rows>();
  for (const input of inputs) {
    const given: unknown = entries.find(([name]) => name === input.name)?.[1];
    if (given === undefined && !needed.includes(input)) continue;
    if (given === undefined) throw missing(source, part, input);
    arrays.set(input.name, convertedRows(input, rawOf(file, part, input.name, given)));
  }
  const data = datasetOf(source, inputs, arrays);
  if (data.rows === 0) throw new Fault(dataEmpty({ place: source }));
  return data;
}

function missing(source: string, part: string, input: ModelInput): Fault {
  const form = `export const ${part} = { ${input.name}: … }`;
  return new Fault(dataInputMissing({ input: input.name, type: printType(input.type), source, form }));
}

/** A typed array, an array of numbers, or `{ data, shape }`. */
function rawOf(file: string, part: string, name: string, given: unknown): RawArray {
  const place = `${file}, ${part}.${name}`;
  if (isNumbers(given)) return { values: given, place };
  if (typeof given === 'object' && given !== null && 'data' in given && 'shape' in given) {
    const { data, shape } = given;
    if (isNumbers(data) && Array.isArray(shape) && shape.every(Number.isInteger)) return { values: data, shape, place };
  }
  throw new Fault(dataModule({ file, reason: `exports a ${part} whose ${name} is not an array of numbers` }));
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  if (Array.isArray(value)) return value.every((part) => typeof part === 'number');
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  );
}
