// Reads all that a run is fed with, and shows on a terminal how far it is.
import type { LoadedData, Words } from '../data/dataset.js';
import type { ModelGraph } from '../ir/model.js';
import { standardOutput } from './output.js';
import { progressOn } from './progress.js';
import { sourcesOf } from './source.js';

/**
 * Reads what the model's train block names, or the file `given` in place of the data to train on; paths start from `folder`. `words`: what
 * numbers stood for where the model learnt.
 */
export async function readData(
  model: ModelGraph,
  folder: string,
  given: string | undefined,
  { words = {}, silent = false }: { readonly words?: Words; readonly silent?: boolean } = {},
): Promise<LoadedData> {
  const { loadSources } = await import('../data/sources.js');
  const { inputsToLearn } = await import('../passes/entries.js');
  const sources = sourcesOf(model, given);
  const display = progressOn(standardOutput);
  // What only outputs read may be missing.
  const needed = model.training.loss ? inputsToLearn(model) : model.inputs;
  try {
    const progress = silent ? {} : { progress: display.reading };
    return await loadSources(sources, model.inputs, folder, { ...progress, needed, words });
  } finally {
    display.end();
  }
}
