// From a model's `data = …` to rows: picks the reader and checks that every input is fed.
import { basename } from 'node:path';
import { dataEmpty, dataInputMissing, dataInputUnknown } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, DataSource, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import type { Column } from './columns.js';
import { readCsv } from './csv.js';
import { datasetOf, type LoadedData, type Words } from './dataset.js';
import { describe, fieldOf, fieldText, pathOf, settingsOf, wordsNamed } from './fields.js';
import { chunksOf, reading, withArchive, type ReadOptions } from './files.js';
import { readIdx } from './idx.js';
import { defaultLimits } from './limits.js';
import { loadModule } from './module.js';
import { readNpy, readNpz } from './npy.js';
import { readSafetensors } from './safetensors.js';
import { readText } from './text.js';
import { storeOf, type Store } from './store.js';

export interface LoadOptions extends Partial<ReadOptions> {
  /** What numbers stand for in data that were read before: the same words get the same numbers. */
  readonly words?: Words;
  /** The inputs that must be there; all of them where nothing is said. */
  readonly needed?: readonly ModelInput[];
}

/** What a reader gives. */
export interface Found {
  readonly columns: ReadonlyMap<string, Column>;
  readonly words?: Words;
  readonly notes?: readonly string[];
}

/** What a reader is given beside its source. */
export interface Place extends ReadOptions {
  readonly folder: string;
  readonly store: Store;
  readonly words: Words;
}

/**
 * Reads a data source for the inputs of a model; paths start from `folder`. Of the inputs, those needed must be there.
 * What is wrong with the data is thrown as a `Fault` that holds the diagnostic.
 */
export async function loadData(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  { limits = defaultLimits, words = {}, progress, needed = inputs }: LoadOptions = {},
): Promise<LoadedData> {
  checkFields(source, inputs);
  const { kind } = source;
  if (kind === 'module') return loadModule(pathOf(source), inputs, folder, needed);
  const wanted = inputs.filter((input) => needed.includes(input) || fieldOf(source, input.name) !== undefined);
  const place = { folder, limits, words, store: storeOf(limits), ...(progress && { progress }) };
  const found = await readSource({ ...source, kind }, wanted, place);
  const label = describe(source);
  const missing = wanted.find((input) => !found.columns.has(input.name));
  if (missing) throw missingInput(source, missing);
  const train = datasetOf(label, wanted, found.columns);
  if (train.rows === 0) throw new Fault(dataEmpty({ place: label }));
  return { train, words: found.words ?? {}, notes: found.notes ?? [] };
}

async function readSource(source: FileSource, inputs: readonly ModelInput[], place: Place): Promise<Found> {
  switch (source.kind) {
    case 'csv':
      return readColumns(source, inputs, place);
    case 'idx':
    case 'npy':
      return readFiles(source, inputs, place);
    case 'npz':
    case 'safetensors': {
      const wanted = namesOf(source, inputs);
      const { folder, store } = place;
      return withArchive(folder, pathOf(source), place, async (archive) =>
        source.kind === 'npz'
          ? readNpz(archive, wanted, store, place)
          : { columns: await readSafetensors(archive, wanted, store) },
      );
    }
    case 'parquet': {
      const { readParquet } = await import('./parquet.js');
      return readParquet(source, inputs, columnsNamed(source, inputs), place);
    }
    case 'images':
      return (await import('./images.js')).readImages(source, inputs, place);
    case 'text':
      return readText(source, inputs, place);
    default:
      return source.kind satisfies never;
  }
}

/** A source that this program reads itself. */
type FileSource = DataSource & { readonly kind: Exclude<DataSource['kind'], 'module'> };

/** A file for each input. */
async function readFiles(source: DataSource, inputs: readonly ModelInput[], place: Place): Promise<Found> {
  const read = source.kind === 'idx' ? readIdx : readNpy;
  const columns = new Map<string, Column>();
  for (const input of inputs) {
    const field = fieldOf(source, input.name);
    if (field === undefined) continue;
    const path = fieldText(source, input.name, field, 'the path of a file');
    const chunks = chunksOf(place.folder, path, place);
    columns.set(input.name, await reading(chunks, (bytes) => read(input, basename(path), bytes, place.store)));
  }
  return { columns };
}

async function readColumns(source: DataSource, inputs: readonly ModelInput[], place: Place): Promise<Found> {
  const fields = columnsNamed(source, inputs);
  const settings = settingsOf(source, inputs);
  const path = pathOf(source);
  const csv = { file: basename(path), fields, ...settings, words: wordsNamed(source, inputs, place.words) };
  const { limits, store } = place;
  return reading(chunksOf(place.folder, path, place), (bytes) => readCsv(csv, bytes, inputs, limits, store));
}

/** The columns of each input: all of them are named. */
function columnsNamed(source: DataSource, inputs: readonly ModelInput[]): ReadonlyMap<string, DataField> {
  return new Map(
    inputs.map((input) => {
      const field = fieldOf(source, input.name);
      if (field === undefined) throw missingInput(source, input);
      return [input.name, field];
    }),
  );
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
      return [input, field === undefined ? input.name : fieldText(source, input.name, field, 'the name of an array')];
    }),
  );
}

/** What a source says beside its path and its inputs. */
const settings: Readonly<Record<DataSource['kind'], readonly string[]>> = {
  csv: ['delimiter', 'decimal', 'missing', 'classes'],
  parquet: ['missing', 'classes'],
  images: ['resize', 'classes'],
  text: ['window', 'stride', 'bytes'],
  npz: [],
  npy: [],
  idx: [],
  safetensors: [],
  module: [],
};

function checkFields(source: DataSource, inputs: readonly ModelInput[]): void {
  const names = inputs.map((input) => input.name);
  const known = [...names, ...settings[source.kind]];
  const unknown = Object.keys(source.fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const more = settings[source.kind];
  throw new Fault(dataInputUnknown({ name: unknown, source: describe(source), inputs: names, settings: more }));
}

function formOf(source: DataSource, input: string): string {
  const path = source.path === undefined ? '' : `"${source.path}", `;
  if (source.kind === 'csv' || source.kind === 'parquet') return `${source.kind}(${path}${input} = 0)`;
  if (source.kind === 'images') return `images(${path}${input} = pixels)`;
  if (source.kind === 'text') return `text(${path}${input} = here)`;
  return `${source.kind}(${path}${input} = "…")`;
}
