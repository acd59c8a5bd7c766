// What comes of a table whose rows have been read: columns by input, what their numbers stand for, and what is told of rows left out.
import { dataEmpty } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { counted } from '../diagnostics/quote.js';
import type { ModelInput } from '../ir/model.js';
import type { Column } from './columns.js';
import type { Words } from './dataset.js';

export interface TableRows {
  readonly columns: ReadonlyMap<string, Column>;
  readonly words: Words;
  /** What the header calls the columns of each input, where there is one. */
  readonly heads: Words;
  readonly notes: readonly string[];
}

/** What has taken an input's share of all rows. */
export interface FinishedReader {
  readonly input: ModelInput;
  /** What the header calls its columns. */
  readonly heads?: readonly string[];
  finish(rows: number): { readonly column: Column; readonly words?: readonly string[] };
}

/** `rows` have been read, and as many as `left` left out, because values are missing in them. */
export function finishTable(file: string, readers: readonly FinishedReader[], rows: number, left: number): TableRows {
  const without = left === 0 ? '' : `, without ${counted(left, 'row')} in which values are missing,`;
  if (rows === 0) throw new Fault(dataEmpty({ place: `${file}${without}` }));
  const columns = new Map<string, Column>();
  const words: [string, readonly string[]][] = [];
  for (const { input, finish } of readers) {
    const found = finish(rows);
    columns.set(input.name, found.column);
    if (found.words) words.push([input.name, found.words]);
  }
  const notes = left === 0 ? [] : [`${file}: ${counted(left, 'row')} left out, in which values are missing`];
  const heads = readers.flatMap(({ input, heads: of }) => (of ? [[input.name, of] as const] : []));
  return { columns, words: Object.fromEntries(words), heads: Object.fromEntries(heads), notes };
}
