// Comma-separated values: columns, by number or by the header's names, to the inputs of a model.
import { dataEmpty, dataMalformed, dataRowLength } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, ModelInput } from '../ir/model.js';
import { cellReader, type CellReader } from './cells.js';
import { columnFinder, namesColumn, requireCount, type ColumnFinder } from './columnNames.js';
import { inputReader } from './csvInput.js';
import type { Words } from './dataset.js';
import { delimiterOf } from './delimiter.js';
import type { ByteReader } from './files.js';
import type { Limits } from './limits.js';
import { rowReader, type Row } from './rows.js';
import type { Store } from './store.js';
import { finishTable, type TableRows } from './tableRows.js';

export interface CsvSource {
  readonly file: string;
  /** By the name of each input. */
  readonly fields: ReadonlyMap<string, DataField>;
  /** A character of ASCII; without it the first rows decide. */
  readonly delimiter?: string;
  /** The mark before the fraction; without it a point, and between semicolons also a comma. */
  readonly decimal?: '.' | ',';
  /** What becomes of values that are missing: the row is left out, or there is this number. Without it they are an error. */
  readonly missing?: 'drop' | number;
  /** The words of columns of words, by input, where they are known. */
  readonly words?: Words;
}

/** Enough for a look at the first rows. */
const sampleLength = 2 ** 16;

/** Reads the columns of each input; a first row without a number or truth value, or whose names are asked for, is the header. */
export async function readCsv(
  source: CsvSource,
  bytes: ByteReader,
  inputs: readonly ModelInput[],
  limits: Limits,
  store: Store,
): Promise<CsvRows> {
  const { file } = source;
  const sample = withoutMark(file, await bytes.take(sampleLength));
  const whole = sample.length < sampleLength - 3;
  const delimiter = source.delimiter?.charCodeAt(0) ?? delimiterOf(sample, whole, source.decimal);
  const cells = cellReader(delimiter, source.decimal === undefined ? undefined : source.decimal === ',');
  let table: Table | undefined;
  const reader = rowReader({ file, delimiter, longest: limits.row, most: limits.columns }, (row) => {
    if (table) table.take(row);
    else {
      table = tableOf(source, cells, row, inputs, store);
      if (!table.header) table.take(row);
    }
  });

  reader.push(sample);
  for (let part = await bytes.take(2 ** 20); part.length > 0; part = await bytes.take(2 ** 20)) reader.push(part);
  reader.end();
  if (!table) throw new Fault(dataEmpty({ place: file }));
  return table.finish();
}

/** `width`: how many columns the file has. */
export interface CsvRows extends TableRows {
  readonly width: number;
}

/** The rows of a file below its header. */
interface Table {
  readonly header: boolean;
  take(row: Row): void;
  finish(): CsvRows;
}

/** Looks at the first row, and takes rows from then on. */
function tableOf(source: CsvSource, cells: CellReader, first: Row, inputs: readonly ModelInput[], store: Store): Table {
  const { file, fields, missing } = source;
  const named = [...fields.values()].some(namesColumn) || !hasValue(cells, first);
  const header = named ? textsOf(first) : undefined;
  const width = first.cells;
  const find = columnFinder(file, width, header);
  const readers = inputs.flatMap((input) => {
    const field = fields.get(input.name);
    if (field === undefined) return [];
    const columns = columnsFor(file, input, field, find);
    return [inputReader({ source, input, columns, cells, header }, store.writer(input, file))];
  });
  let rows = 0;
  let left = 0;
  return {
    header: named,
    take(row) {
      if (row.cells !== width)
        throw new Fault(dataRowLength({ place: `${file}, line ${row.line}`, found: row.cells, expected: width }));
      if (missing === 'drop' && readers.some((reader) => reader.lacks(row))) left++;
      else {
        rows++;
        for (const reader of readers) reader.take(row);
      }
    },
    finish: () => ({ ...finishTable(file, readers, rows, left), width }),
  };
}

/** Without the mark of UTF-8; text in UTF-16 would be taken for cells full of zeros. */
function withoutMark(file: string, bytes: Uint8Array): Uint8Array {
  const starts = (...mark: readonly number[]): boolean => mark.every((byte, i) => bytes[i] === byte);
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff))
    throw new Fault(dataMalformed({ place: file, reason: 'the text is in UTF-16; save it in UTF-8' }));
  return starts(0xef, 0xbb, 0xbf) ? bytes.subarray(3) : bytes;
}

function hasValue(cells: CellReader, row: Row): boolean {
  for (let cell = 0; cell < row.cells; cell++) if (cells.isValue(row, cell)) return true;
  return false;
}

function textsOf(row: Row): readonly string[] {
  return Array.from({ length: row.cells }, (_, cell) => row.text(cell));
}

function columnsFor(file: string, input: ModelInput, field: DataField, find: ColumnFinder): readonly number[] {
  const columns = find(input.name, field);
  requireCount(file, input, columns.length);
  return columns;
}
