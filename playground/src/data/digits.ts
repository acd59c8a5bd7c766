// Handwritten digits as rows of a model: 28 times 28 grey values from 0 to 255, and which digit each is.
import { inflateSync } from 'fflate';
import { convertedRows, datasetOf } from '../../../src/data/dataset.js';
import type { ModelGraph } from '../../../src/ir/model.js';
import { labelOf, type Rows } from './table.js';

export async function digitRows(model: ModelGraph): Promise<Rows> {
  const { data } = await import('brought:digits');
  const bytes = inflateSync(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)));
  const count = bytes.length / 393;
  const grey = new Float32Array(784 * count);
  bytes.subarray(count).forEach((two, i) => {
    grey[2 * i] = 17 * (two >> 4);
    grey[2 * i + 1] = 17 * (two & 15);
  });
  const label = labelOf(model.inputs);
  const place = 'handwritten digits';
  const columns = model.inputs.map((input) => {
    const raw = input === label ? { values: bytes.slice(0, count), place } : { values: grey, place };
    return [input.name, convertedRows(input, raw)] as const;
  });
  return { data: datasetOf(place, model.inputs, new Map(columns)), words: {}, notes: [] };
}
