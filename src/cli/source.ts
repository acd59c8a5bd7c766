// Where a model's data comes from: what it names itself, or a file in its place.
import { resolve } from 'node:path';
import type { Sources } from '../data/sources.js';
import { dataAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataSource, ModelGraph } from '../ir/model.js';

/** The model's data source, or the file given instead of it with the same columns. */
export function sourceOf(model: ModelGraph, data: string | undefined): DataSource {
  const own = model.train.data;
  if (data === undefined) {
    if (own) return own;
    throw new Fault(dataAbsent({ model: model.name }));
  }
  const extension = /\.(\w+)(\.gz)?$/.exec(data)?.[1]?.toLowerCase() ?? '';
  const kinds: ReadonlyMap<string, DataSource['kind']> = new Map([
    ['mjs', 'module'],
    ['js', 'module'],
    ['npz', 'npz'],
    ['safetensors', 'safetensors'],
    ['csv', 'csv'],
    ['tsv', 'csv'],
    ['parquet', 'parquet'],
    ['txt', 'text'],
  ]);
  const kind = kinds.get(extension) ?? own?.kind ?? 'csv';
  // What columns are called does not depend on how they are stored.
  const same = kind === own?.kind || [kind, own?.kind].every((each) => each === 'csv' || each === 'parquet');
  return { kind, path: resolve(data), fields: same ? (own?.fields ?? {}) : {} };
}

/** All that a run reads; a file given in place of the data to train on is named from the folder where the command runs. */
export function sourcesOf(model: ModelGraph, data: string | undefined): Sources {
  return { data: sourceOf(model, data), ...model.train.others };
}
