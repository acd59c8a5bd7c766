// Reads all that a run is fed with, and shows on a terminal how far it is.
import type { LoadedData } from '../data/dataset.js';
import type { ModelGraph } from '../ir/model.js';
import { standardOutput } from './output.js';
import { progressOn } from './progress.js';
import { sourcesOf } from './source.js';

/** Reads what the model's train block names, or the file `given` in place of the data to train on; paths start from `folder`. */
export async function readData(model: ModelGraph, folder: string, given: string | undefined): Promise<LoadedData> {
  const { loadSources } = await import('../data/sources.js');
  const { inputsToLearn } = await import('../passes/entries.js');
  const sources = sourcesOf(model, given);
  const display = progressOn(standardOutput);
  // What only outputs read may be missing.
  const needed = model.training.loss ? inputsToLearn(model) : model.inputs;
  try {
    return await loadSources(sources, model.inputs, folder, { progress: display.reading, needed });
  } finally {
    display.end();
  }
}
