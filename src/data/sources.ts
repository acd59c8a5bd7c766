// All that a run reads: the data to train on, and those that it validates and tests with where they have a source of their own.
import type { DataSource, ModelInput } from '../ir/model.js';
import type { LoadedData } from './dataset.js';
import { loadData, type LoadOptions } from './load.js';

/** Where a run's data come from. */
export interface Sources {
  readonly data: DataSource;
  readonly validation?: DataSource;
  readonly test?: DataSource;
}

/** Reads them; what numbers stand for in the data to train on, they stand for in the others. Paths start from `folder`. */
export async function loadSources(
  { data, ...others }: Sources,
  inputs: readonly ModelInput[],
  folder: string,
  options: LoadOptions = {},
): Promise<LoadedData> {
  let loaded = await loadData(data, inputs, folder, options);
  for (const part of ['validation', 'test'] as const) {
    const source = others[part];
    if (!source) continue;
    const { train, notes } = await loadData(source, inputs, folder, { ...options, words: loaded.words });
    loaded = { ...loaded, [part]: train, notes: [...loaded.notes, ...notes] };
  }
  return loaded;
}
