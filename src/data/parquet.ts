// Columns of a parquet file to the inputs of a model, a group of rows at a time: numbers, truth values, words, and lists of numbers.
import { dataMalformed, dataMissing, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { counted, shortened } from '../diagnostics/quote.js';
import type { DataField, DataSource, ModelInput } from '../ir/model.js';
import { isMissingText } from './cells.js';
import { columnFinder, requireCount } from './columnNames.js';
import { foundWords, knownWords } from './columnWords.js';
import type { Words } from './dataset.js';
import { describe, fieldOf, pathOf, settingsOf, wordsNamed } from './fields.js';
import { takingOf } from './elements.js';
import { withArchive, type Archive, type ReadOptions } from './files.js';
import type { Found, Place } from './load.js';
import { openParquet, type ParquetTable } from './parquetLibrary.js';
import type { ColumnWriter } from './store.js';
import { finishTable, type FinishedReader } from './tableRows.js';
import { told } from './words.js';

/** Where a value stands. */
interface At {
  readonly file: string;
  readonly row: number;
  readonly column: string;
}

interface InputReader extends FinishedReader {
  readonly columns: readonly string[];
  /** Is a value of these missing? */
  lacks(values: readonly unknown[]): boolean;
  take(values: readonly unknown[], file: string, row: number): void;
}

/** Reads the columns of each input. */
export async function readParquet(
  source: DataSource,
  inputs: readonly ModelInput[],
  fields: ReadonlyMap<string, DataField>,
  place: Place,
): Promise<Found> {
  return withArchive(place.folder, pathOf(source), place, async (archive) => {
    const table = await damaged(archive.name, () => openParquet(bytesOf(archive)));
    const { missing } = settingsOf(source, inputs);
    const known = wordsNamed(source, inputs, place.words);
    const find = columnFinder(archive.name, table.names.length, table.names);
    const readers = inputs.flatMap((input) => {
      const field = fields.get(input.name);
      if (field === undefined) return [];
      const columns = find(input.name, field).map((column) => table.names[column]);
      return [inputReader(source, input, columns, known, missing, place.store.writer(input, archive.name))];
    });
    return rowsOf(archive.name, table, readers, missing);
  });
}

/** A row of a parquet file, a value for each of its columns. */
export interface ParquetRows {
  readonly names: readonly string[];
  /** The columns that hold nothing but numbers of 32 bits or fewer. */
  readonly singles: ReadonlySet<string>;
  readonly rows: readonly (readonly unknown[])[];
}

/** Reads all columns of the rows that are fed to the inputs. */
export async function readParquetRows(
  source: DataSource,
  inputs: readonly ModelInput[],
  place: ReadOptions & { readonly folder: string; readonly words: Words },
): Promise<ParquetRows> {
  const { missing } = settingsOf(source, inputs);
  return withArchive(place.folder, pathOf(source), place, async (archive) => {
    const table = await damaged(archive.name, () => openParquet(bytesOf(archive)));
    const { names, singles, groups } = table;
    const find = columnFinder(archive.name, names.length, names);
    const fed = inputs.flatMap(({ name }) => {
      const field = fieldOf(source, name);
      const known = Object.hasOwn(place.words, name) ? place.words[name] : [];
      return field === undefined ? [] : find(name, field).map((column) => ({ column, known }));
    });
    const isLeftOut = (values: readonly unknown[]): boolean =>
      missing === 'drop' &&
      fed.some(({ column, known }) =>
        flat([values[column]]).some((each) => isMissing(each) && !(typeof each === 'string' && known.includes(each))),
      );
    const rows: unknown[][] = [];
    let start = 0;
    for (const count of groups) {
      const [first, end] = [start, start + count];
      const group = await damaged(archive.name, () => table.read(names, first, end));
      for (let row = 0; row < count; row++) {
        const values = names.map((name) => group.get(name)?.[row]);
        if (!isLeftOut(values)) rows.push(values);
      }
      start = end;
    }
    return { names, singles, rows };
  });
}

async function rowsOf(
  file: string,
  table: ParquetTable,
  readers: readonly InputReader[],
  missing: 'drop' | number | undefined,
): Promise<Found> {
  const names = [...new Set(readers.flatMap(({ columns }) => columns))];
  let [rows, left, start] = [0, 0, 0];
  for (const count of table.groups) {
    const end = start + count;
    const first = start;
    const group = await damaged(file, () => table.read(names, first, end));
    for (let row = start; row < end; row++) {
      const values = readers.map(({ columns }) => columns.map((name) => group.get(name)?.[row - first]));
      if (missing === 'drop' && readers.some((reader, i) => reader.lacks(values[i]))) left++;
      else {
        rows++;
        readers.forEach((reader, i) => reader.take(values[i], file, row));
      }
    }
    start = end;
  }
  return finishTable(file, readers, rows, left);
}

/** What the library cannot read, it says in its own words. */
async function damaged<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Fault) throw error;
    const text = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const reason = `this is not a parquet file, or it is damaged (${shortened(text)})`;
    throw new Fault(dataMalformed({ place: file, reason }));
  }
}

function bytesOf(archive: Archive) {
  return {
    byteLength: archive.size,
    async slice(start: number, end = archive.size): Promise<ArrayBuffer> {
      const bytes = await archive.read(start, end - start);
      return bytes.slice().buffer as ArrayBuffer;
    },
  };
}

function inputReader(
  source: DataSource,
  input: ModelInput,
  columns: readonly string[],
  known: Words,
  missing: 'drop' | number | undefined,
  writer: ColumnWriter,
): InputReader {
  const { kind } = input.type.element;
  const { accepts, expected } = takingOf(input, false);
  const listed = Object.hasOwn(known, input.name) ? known[input.name] : undefined;
  const words = kind !== 'index' ? undefined : listed ? knownWords(input, listed) : foundWords(input);
  const lacks = (value: unknown): boolean => isMissing(value) && !(typeof value === 'string' && words?.has(value));
  const numberOf = (value: unknown, at: At): number => {
    if (lacks(value)) {
      if (typeof missing === 'number') return missing;
      throw new Fault(dataMissing({ place: placeOf(at), found: shown(value), input: told(input) }));
    }
    const number =
      typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : NaN;
    if (!words) return number;
    const found = Number.isNaN(number) ? undefined : words.ofNumber(number, true);
    if (found !== undefined) return found;
    return typeof value === 'object' ? NaN : words.ofText(String(value), () => placeOf(at));
  };
  let length = -1;
  return {
    input,
    columns,
    lacks: (values) => flat(values).some(lacks),
    take(values, file, row) {
      let count = 0;
      values.forEach((value, i) => {
        const at: At = { file, row, column: columns[i] };
        for (const each of flat([value])) {
          const number = numberOf(each, at);
          if (!accepts(number) && !words?.isWord(number)) throw wrong(input, at, each, expected);
          writer.push(number);
          count++;
        }
      });
      if (length < 0) requireCount(describe(source), input, count);
      length = length < 0 ? count : length;
      if (count !== length) {
        const reason = `found ${counted(count, 'value')} for ${told(input)}, expected ${length} as in the rows before`;
        throw new Fault(dataMalformed({ place: `${file}, row ${row}`, reason }));
      }
    },
    finish(rows) {
      const column = writer.finish(rows);
      return words ? words.finish(column, `${pathOf(source)}, column "${shortened(columns[0])}"`) : { column };
    },
  };
}

/** Lists, of any depth, one value after another. */
function flat(values: readonly unknown[]): unknown[] {
  return values.flatMap((value): unknown[] => {
    if (Array.isArray(value)) return flat(value);
    return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Uint8Array) : [value];
  });
}

function isMissing(value: unknown): boolean {
  if (typeof value === 'string') return isMissingText(value);
  return value === null || value === undefined || Number.isNaN(value);
}

/** `rows.parquet, row 3, column "b"`: the first row is row 0. */
function placeOf({ file, row, column }: At): string {
  return `${file}, row ${row}, column "${shortened(column)}"`;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return `"${shortened(value)}"`;
  return value instanceof Date ? 'a date' : typeof value === 'object' ? 'a record' : `${value as number}`;
}

function wrong(input: ModelInput, at: At, value: unknown, expected: string): Fault {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  const words = isNumber || input.type.element.kind === 'bool' ? expected : 'a number';
  return new Fault(dataValue({ place: placeOf(at), found: shown(value), input: told(input), expected: words }));
}
