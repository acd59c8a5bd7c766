// Batches put together to rows: for those who want to look at all of them.
import type { ModelInput } from '../ir/model.js';
import { datasetOf, type Batch, type Dataset } from './dataset.js';
import { defaultLimits } from './limits.js';
import { storeOf } from './store.js';

/** All rows of the batches, in their order. */
export async function collected(batches: AsyncIterable<Batch>, inputs: readonly ModelInput[]): Promise<Dataset> {
  const store = storeOf(defaultLimits);
  const writers = new Map(inputs.map((input) => [input.name, store.writer(input, input.name)]));
  let count = 0;
  for await (const { inputs: arrays, rows } of batches) {
    for (const [name, values] of Object.entries(arrays)) writers.get(name)?.append(values);
    count += rows;
  }
  const columns = [...writers].map(([name, writer]) => [name, writer.finish(count)] as const);
  return datasetOf('the batches', inputs, new Map(columns));
}
