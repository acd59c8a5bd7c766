// From a model's `data = …` to typed arrays: picks the reader and checks that every input is fed.
import { basename } from 'node:path';
import { dataEmpty, dataFieldForm, dataInputMissing, dataInputUnknown, dataUnsupported } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, DataSource, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { readCsv } from './csv.js';
import { datasetOf, type LoadedData, type Rows } from './dataset.js';
import { chunksOf, reading, withArchive } from './files.js';
import { readIdx } from './idx.js';
import { defaultLimits, memoryOf, type Limits, type Memory } from './limits.js';
import { loadModule } from './module.js';
import { readNpy, readNpz } from './npy.js';
import { readSafetensors } from './safetensors.js';

/**
 * Reads a data source for the inputs of a model; paths start from `folder`. Of the inputs, those `needed` must be there.
 * What is wrong with the data is thrown as a `Fault` that holds the diagnostic.
 */
export async function loadData(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  limits: Limits = defaultLimits,
  needed: readonly ModelInput[] = inputs,
): Promise<LoadedData> {
  checkFields(source, inputs);
  if (source.kind === 'module') return loadModule(pathOf(source), inputs, folder, needed);
  const wanted = inputs.filter((input) => needed.includes(input) || fieldOf(source, input.name) !== undefined);
  const arrays = await readArrays(source, wanted, folder, limits);
  const label = describe(source);
  const missing = wanted.find((input) => !arrays.has(input.name));
  if (missing) throw missingInput(source, missing);
  const train = datasetOf(label, wanted, arrays);
  if (train.rows === 0) throw new Fault(dataEmpty({ place: label }));
  return { train };
}

async function readArrays(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  limits: Limits,
): Promise<ReadonlyMap<string, Rows>> {
  const memory = memoryOf(limits);
  switch (source.kind) {
    case 'csv':
      return readColumns(source, inputs, folder, limits, memory);
    case 'idx':
    case 'npy': {
      const read = source.kind === 'idx' ? readIdx : readNpy;
      const arrays = new Map<string, Rows>();
      for (const input of inputs) {
        const field = fieldOf(source, input.name);
        if (field === undefined) continue;
        const path = stringOf(source, input.name, field, 'the path of a file');
        const chunks = chunksOf(folder, path);
        arrays.set(input.name, await reading(chunks, (bytes) => read(input, basename(path), bytes, memory)));
      }
      return arrays;
    }
    case 'npz':
    case 'safetensors': {
      const read = source.kind === 'npz' ? readNpz : readSafetensors;
      const wanted = namesOf(source, inputs);
      return withArchive(folder, pathOf(source), limits, (archive) => read(archive, wanted, memory));
    }
    case 'text':
    case 'module':
      throw new Fault(dataUnsupported({ kind: source.kind }));
    default:
      return source.kind satisfies never;
  }
}

async function readColumns(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  limits: Limits,
  memory: Memory,
): Promise<ReadonlyMap<string, Rows>> {
  const fields = new Map(
    inputs.map((input) => {
      const field = fieldOf(source, input.name);
      if (field === undefined) throw missingInput(source, input);
      return [input.name, field];
    }),
  );
  const setting = (name: string, expected: string, accepts: RegExp): string | undefined => {
    const field = inputs.some((input) => input.name === name) ? undefined : fieldOf(source, name);
    if (field === undefined || (typeof field === 'string' && accepts.test(field))) return field;
    throw new Fault(dataFieldForm({ name, source: describe(source), expected }));
  };
  const delimiter = setting('delimiter', 'one character, such as ";" or "\\t"', /^[\t -!#-~]$/);
  const decimal = setting(
    'decimal',
    '"." or ",", and not the delimiter',
    delimiter === ',' ? /^\.$/ : delimiter === '.' ? /^,$/ : /^[.,]$/,
  );
  const path = pathOf(source);
  const csv = {
    file: basename(path),
    fields,
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal: decimal === ',' ? (',' as const) : ('.' as const) }),
  };
  return reading(chunksOf(folder, path), (bytes) => readCsv(csv, bytes, inputs, limits, memory));
}

function missingInput(source: DataSource, { name, type }: ModelInput): Fault {
  return new Fault(
    dataInputMissing({ input: name, type: printType(type), source: describe(source), form: formOf(source, name) }),
  );
}

/** Arrays bear the input's name unless the source says `INPUT = "name"`. */
function namesOf(source: DataSource, inputs: readonly ModelInput[]): ReadonlyMap<ModelInput, string> {
  return new Map(
    inputs.map((input) => {
      const field = fieldOf(source, input.name);
      return [input, field === undefined ? input.name : stringOf(source, input.name, field, 'the name of an array')];
    }),
  );
}

/** Fields may have any name, those of every object's properties too. */
function fieldOf({ fields }: DataSource, name: string): DataField | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function checkFields(source: DataSource, inputs: readonly ModelInput[]): void {
  const names = inputs.map((input) => input.name);
  const known = source.kind === 'csv' ? [...names, 'delimiter', 'decimal'] : names;
  const unknown = Object.keys(source.fields).find((name) => !known.includes(name));
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

/** `csv("rows.csv")` */
export function describe(source: DataSource): string {
  return source.path === undefined ? `${source.kind}(…)` : `${source.kind}("${source.path}")`;
}

function formOf(source: DataSource, input: string): string {
  const path = source.path === undefined ? '' : `"${source.path}", `;
  if (source.kind === 'csv') return `csv(${path}${input} = 0)`;
  return `${source.kind}(${path}${input} = "…")`;
}
