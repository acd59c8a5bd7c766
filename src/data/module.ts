// Data from an ES module that exports `train`, and `validation` and `test` if it has them: arrays, or functions that give batches.
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { dataEmpty, dataInputMissing, dataInputUnknown, dataModule, dataUnreadable } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import type { Column } from './columns.js';
import {
  arraysIn,
  convertedRows,
  datasetOf,
  type Batch,
  type BatchStream,
  type Dataset,
  type LoadedData,
  type RawArray,
} from './dataset.js';
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
  const [train, validation, test] = parts.map((part) => partFrom(path, part, exported[part], inputs, needed));
  if (!train) throw new Fault(dataModule({ file: path, reason: 'exports no `train`' }));
  return { train, ...(validation && { validation }), ...(test && { test }), words: {}, notes: [] };
}

async function importModule(path: string, folder: string): Promise<Record<string, unknown>> {
  const full = resolve(folder, path);
  if (!existsSync(full)) throw new Fault(dataUnreadable({ file: path, reason: 'there is no such file' }));
  if (statSync(full).isDirectory()) throw new Fault(dataUnreadable({ file: path, reason: 'it is a folder' }));
  try {
    const loaded = (await importNamed(pathToFileURL(full).href)) as Record<string, unknown>;
    return loaded;
  } catch (error) {
    throw new Fault(dataModule({ file: path, reason: `cannot be loaded: ${reasonIn(error)}` }));
  }
}

function reasonIn(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}

function partFrom(
  file: string,
  part: string,
  value: unknown,
  inputs: readonly ModelInput[],
  needed: readonly ModelInput[],
): Dataset | BatchStream | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'function') return streamFrom(file, part, value as MakeBatches, inputs, needed);
  const data = datasetFrom(file, part, value, inputs, needed);
  if (data.rows === 0) throw new Fault(dataEmpty({ place: `${file}, ${part}` }));
  return data;
}

/** What a module exports to make batches. */
type MakeBatches = (run: { readonly epoch: number; readonly seed: number; readonly batch: number }) => unknown;

function streamFrom(
  file: string,
  part: string,
  make: MakeBatches,
  inputs: readonly ModelInput[],
  needed: readonly ModelInput[],
): BatchStream {
  const failed = (error: unknown): Fault =>
    error instanceof Fault ? error : new Fault(dataModule({ file, reason: `fails in ${part}: ${reasonIn(error)}` }));
  return {
    kind: 'batches',
    inputs: needed,
    async *batches(run) {
      let count = 0;
      for (const iterator = await attempt(failed, async () => iteratorOf(file, part, await make(run))); ; count++) {
        const next = await attempt(failed, async () => iterator.next());
        if (next.done === true) break;
        yield batchFrom(file, `${part}, batch ${count}`, next.value, inputs, needed);
      }
      if (count === 0) throw new Fault(dataEmpty({ place: `${file}, ${part}` }));
    },
  };
}

async function attempt<T>(failed: (error: unknown) => Fault, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw failed(error);
  }
}

function iteratorOf(file: string, part: string, batches: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  if (typeof batches === 'object' && batches !== null) {
    if (Symbol.asyncIterator in batches) return (batches as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in batches) return (batches as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new Fault(dataModule({ file, reason: `exports a function ${part} that does not give an iterable of batches` }));
}

function batchFrom(
  file: string,
  part: string,
  value: unknown,
  inputs: readonly ModelInput[],
  needed: readonly ModelInput[],
): Batch {
  const data = datasetFrom(file, part, value, inputs, needed);
  if (data.rows === 0) throw new Fault(dataEmpty({ place: `${file}, ${part}` }));
  return { rows: data.rows, inputs: arraysIn(data) };
}

function datasetFrom(
  file: string,
  part: string,
  value: unknown,
  inputs: readonly ModelInput[],
  needed: readonly ModelInput[],
): Dataset {
  const source = `${file}, ${part}`;
  if (typeof value !== 'object' || value === null)
    throw new Fault(dataModule({ file, reason: `exports a ${part} that is not an object of arrays by input name` }));
  const entries = Object.entries(value);
  const unknown = entries.find(([name]) => !inputs.some((input) => input.name === name));
  if (unknown) throw new Fault(dataInputUnknown({ name: unknown[0], source, inputs: inputs.map((i) => i.name) }));
  const arrays = new Map<string, Column>();
  for (const input of inputs) {
    const given: unknown = entries.find(([name]) => name === input.name)?.[1];
    if (given === undefined && !needed.includes(input)) continue;
    if (given === undefined) throw missing(source, part, input);
    arrays.set(input.name, convertedRows(input, rawOf(file, part, input.name, given)));
  }
  return datasetOf(source, inputs, arrays);
}

function missing(source: string, part: string, input: ModelInput): Fault {
  const form = part.includes(',') ? `{ ${input.name}: … }` : `export const ${part} = { ${input.name}: … }`;
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
