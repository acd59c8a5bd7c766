// Rows of a user's file in the page's memory: what src/data has a store with temporary files for.
import { blockColumn } from '../../../src/data/columns.js';
import { makeArray, rowLength, type InputArray } from '../../../src/data/dataset.js';
import type { ColumnWriter, Store } from '../../../src/data/store.js';
import type { ModelInput } from '../../../src/ir/model.js';

export const memoryStore: Pick<Store, 'writer'> = { writer };

function writer(input: ModelInput, place: string): ColumnWriter {
  const length = rowLength(input);
  let values = makeArray(input, 1024, place);
  let count = 0;
  const room = (more: number): void => {
    if (count + more <= values.length) return;
    const larger = makeArray(input, Math.max(2 * values.length, count + more), place);
    larger.set(values);
    values = larger;
  };
  return {
    push(value) {
      room(1);
      values[count++] = value;
    },
    append(more: InputArray) {
      room(more.length);
      values.set(more, count);
      count += more.length;
    },
    finish: (rows = count / length) => blockColumn([values.subarray(0, count)], rows, length, rows),
  };
}
