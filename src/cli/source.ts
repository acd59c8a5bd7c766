// Where a model's data comes from: what it names itself, or a file in its place.
import { resolve } from 'node:path';
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
  const extension = /\.(\w+)(\.gz)?$/.exec(data)?.[1] ?? '';
  const kinds: ReadonlyMap<string, DataSource['kind']> = new Map([
    ['mjs', 'module'],
    ['js', 'module'],
    ['npz', 'npz'],
    ['safetensors', 'safetensors'],
    ['csv', 'csv'],
    ['tsv', 'csv'],
  ]);
  const kind = kinds.get(extension) ?? own?.kind ?? 'csv';
  return { kind, path: resolve(data), fields: kind === own?.kind ? own.fields : {} };
}
