// The data of a choice as rows of a model. What does not fit is a Fault, as `nnc train` would say it.
import { arraysIn, type InputArrays } from '../../../src/data/dataset.js';
import type { ModelGraph } from '../../../src/ir/model.js';
import { isPlane, type DataChoice } from './choice.js';
import { pointsOf } from './points.js';
import { tableRows, type Rows } from './table.js';

export async function rowsFor(model: ModelGraph, choice: DataChoice): Promise<Rows> {
  if (isPlane(choice)) {
    const lines = pointsOf(choice).map(({ x, y, class: of }) => `${x},${y},${of}`);
    return tableRows(model, `${choice.kind}.csv`, ['x,y,class', ...lines].join('\n'));
  }
  switch (choice.kind) {
    case 'iris':
      return tableRows(model, 'iris.csv', (await import('brought:iris')).data);
    case 'digits':
      return (await import('./digits.js')).digitRows(model);
    case 'text':
      return (await import('./characters.js')).characterRows(model, choice.text);
    case 'csv':
      return tableRows(model, choice.name, choice.text, true);
    default:
      return choice satisfies never;
  }
}

/** The first rows, in the order of the data: what numbers are worked for. */
export function firstRows({ data }: Rows, count: number): InputArrays {
  return arraysIn(data, 0, Math.min(count, data.rows));
}
