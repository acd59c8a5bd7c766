// From a model's `data = …` to typed arrays: picks the reader and checks that every input is fed.
import { dataEmpty, dataFieldForm, dataInputMissing, dataInputUnknown, dataUnsupported } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, DataSource, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { decodeCsv } from './csv.js';
import { datasetOf, type LoadedData, type RawArray } from './dataset.js';
import { readDataFile } from './files.js';
import { decodeIdx } from './idx.js';
import { loadModule } from './module.js';
import { decodeNpy, decodeNpz } from './npy.js';
import { decodeSafetensors } from './safetensors.js';

/**
 * Reads a data source for the inputs of a model; paths start from `folder`.
 * What is wrong with the data is thrown as a `Fault` that holds the diagnostic.
 */
export async function loadData(source: DataSource, inputs: readonly ModelInput[], folder: string): Promise<LoadedData> {
  checkFields(source, inputs);
  if (source.kind === 'module') return loadModule(pathOf(source), inputs, folder);
  const arrays = await readArrays(source, inputs, folder);
  const label = describe(source);
  const missing = inputs.find((input) => !arrays.has(input.name));
  if (missing) throw missingInput(source, missing);
  const train = datasetOf(label, inputs, arrays);
  if (train.rows === 0) throw new Fault(dataEmpty({ place: label }));
  return { train };
}

async function readArrays(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
): Promise<ReadonlyMap<string, RawArray>> {
  switch (source.kind) {
    case 'csv': {
      const unmapped = inputs.find((input) => source.fields[input.name] === undefined);
      if (unmapped) throw missingInput(source, unmapped);
      return decodeCsv(await readDataFile(folder, pathOf(source)), inputs, source.fields);
    }
    case 'idx':
    case 'npy': {
      const decode = source.kind === 'idx' ? decodeIdx : decodeNpy;
      const arrays = new Map<string, RawArray>();
      for (const [name, field] of Object.entries(source.fields))
        arrays.set(name, decode(await readDataFile(folder, stringOf(source, name, field, 'the path of a file'))));
      return arrays;
    }
    case 'npz':
      return renamed(source, inputs, decodeNpz(await readDataFile(folder, pathOf(source))));
    case 'safetensors':
      return renamed(source, inputs, decodeSafetensors(await readDataFile(folder, pathOf(source))));
    case 'text':
    case 'module':
      throw new Fault(dataUnsupported({ kind: source.kind }));
    default:
      return source.kind satisfies never;
  }
}

function missingInput(source: DataSource, { name, type }: ModelInput): Fault {
  return new Fault(
    dataInputMissing({ input: name, type: printType(type), source: describe(source), form: formOf(source, name) }),
  );
}

/** Arrays bear the input's name unless the source says `INPUT = "name"`. */
function renamed(
  source: DataSource,
  inputs: readonly ModelInput[],
  arrays: ReadonlyMap<string, RawArray>,
): ReadonlyMap<string, RawArray> {
  const found = new Map<string, RawArray>();
  for (const { name } of inputs) {
    const field = source.fields[name];
    const array = arrays.get(field === undefined ? name : stringOf(source, name, field, 'the name of an array'));
    if (array) found.set(name, array);
  }
  return found;
}

function checkFields(source: DataSource, inputs: readonly ModelInput[]): void {
  const names = inputs.map((input) => input.name);
  const unknown = Object.keys(source.fields).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Fault(dataInputUnknown({ name: unknown, source: describe(source), inputs: names }));
}

function pathOf(source: DataSource): string {
  if (source.path !== undefined) return source.path;
  throw new Fault(
    dataFieldForm({ name: 'its first argument', source: describe(source), expected: 'the path of a file' }),
  );
}

function stringOf(source: DataSource, name: string, field: DataField, expected: string): string {
  if (typeof field === 'string') return field;
  throw new Fault(dataFieldForm({ name, source: describe(source), expected }));
}

function describe(source: DataSource): string {
  return source.path === undefined ? `${source.kind}(…)` : `${source.kind}("${source.path}")`;
}

function formOf(source: DataSource, input: string): string {
  const path = source.path === undefined ? '' : `"${source.path}", `;
  if (source.kind === 'csv') return `csv(${path}${input} = 0)`;
  return `${source.kind}(${path}${input} = "…")`;
}
