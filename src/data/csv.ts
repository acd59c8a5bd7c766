// Comma-separated values: columns, by number or by the header's names, to the inputs of a model.
import {
  dataColumnMissing,
  dataEmpty,
  dataFieldForm,
  dataMalformed,
  dataRowLength,
  dataValue,
} from '../diagnostics/data.js';
import { counted } from '../diagnostics/quote.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { shortened } from '../diagnostics/quote.js';
import type { DataField, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { cellReader, type CellReader } from './cells.js';
import { rowLength, type Rows } from './dataset.js';
import { delimiterOf } from './delimiter.js';
import { takingOf, type Taking } from './elements.js';
import type { ByteReader } from './files.js';
import { growing, type Growing } from './growing.js';
import type { Limits, Memory } from './limits.js';
import { rowReader, type Row } from './rows.js';

export interface CsvSource {
  readonly file: string;
  /** By the name of each input. */
  readonly fields: ReadonlyMap<string, DataField>;
  /** A character of ASCII; without it the first rows decide. */
  readonly delimiter?: string;
  /** The mark before the fraction; without it a point, and between semicolons also a comma. */
  readonly decimal?: '.' | ',';
}

/** One input's share of every row. */
interface Reading {
  readonly input: ModelInput;
  readonly columns: readonly number[];
  readonly taking: Taking;
  readonly values: Growing;
}

/** Enough for a look at the first rows. */
const sampleLength = 2 ** 16;

/** Reads the columns of each input; a first row without a number or truth value, or whose names are asked for, is the header. */
export async function readCsv(
  source: CsvSource,
  bytes: ByteReader,
  inputs: readonly ModelInput[],
  limits: Limits,
  memory: Memory,
): Promise<ReadonlyMap<string, Rows>> {
  const { file, fields } = source;
  const sample = withoutMark(file, await bytes.take(sampleLength));
  const whole = sample.length < sampleLength - 3;
  const delimiter = source.delimiter?.charCodeAt(0) ?? delimiterOf(sample, whole, source.decimal);
  const cells = cellReader(delimiter, source.decimal === undefined ? undefined : source.decimal === ',');
  let readings: readonly Reading[] | undefined;
  let header: readonly string[] | undefined;
  let width = 0;
  let rows = 0;

  const start = (row: Row): void => {
    if ([...fields.values()].some(namesColumn) || !hasValue(cells, row)) header = textsOf(row);
    width = row.cells;
    const columns = columnFinder(file, width, header);
    readings = inputs.flatMap((input) => {
      const field = fields.get(input.name);
      return field === undefined ? [] : [readingOf(file, input, field, columns, memory)];
    });
  };
  const reader = rowReader({ file, delimiter, longest: limits.row, most: limits.columns }, (row) => {
    if (!readings) {
      start(row);
      if (header) return;
    }
    if (row.cells !== width)
      throw new Fault(dataRowLength({ place: `${file}, line ${row.line}`, found: row.cells, expected: width }));
    rows++;
    for (const reading of readings ?? []) takeCells(file, reading, cells, row, header);
  });

  reader.push(sample);
  for (let part = await bytes.take(2 ** 20); part.length > 0; part = await bytes.take(2 ** 20)) reader.push(part);
  reader.end();
  if (rows === 0) throw new Fault(dataEmpty({ place: file }));
  return new Map((readings ?? []).map(({ input, values }) => [input.name, { rows, values: values.finish() }]));
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

function readingOf(
  file: string,
  input: ModelInput,
  field: DataField,
  columnsOf: ColumnFinder,
  memory: Memory,
): Reading {
  const columns = columnsOf(input.name, field);
  const expected = rowLength(input);
  if (columns.length !== expected) {
    const form = `${counted(expected, 'column')} for ${printType(input.type)}, and is ${columns.length}`;
    throw new Fault(dataFieldForm({ name: input.name, source: file, expected: form }));
  }
  return { input, columns, taking: takingOf(input, false), values: growing(input, file, memory) };
}

/** The columns that an input's field names. */
type ColumnFinder = (input: string, field: DataField) => number[];

function columnFinder(file: string, width: number, header: readonly string[] | undefined): ColumnFinder {
  const places = new Map<string, number>();
  const twice = new Set<string>();
  header?.forEach((name, i) => (places.has(name) ? twice.add(name) : places.set(name, i)));
  const missing = (column: string, name?: string): Fault => {
    const first = header?.slice(0, columnsShown).map((each) => `"${shortened(each)}"`);
    const columns = first ?? Array.from({ length: Math.min(width, columnsShown) }, (_, i) => `${i}`);
    const wanted = name === undefined ? undefined : plain(name);
    const near = wanted && header?.slice(0, columnsCompared).find((each) => plain(each) === wanted);
    const help = near === undefined ? {} : { near: `"${shortened(near)}"` };
    return new Fault(dataColumnMissing({ file, column, count: width, columns, ...help }));
  };
  const column = (index: number): number => {
    const at = index < 0 ? width + index : index;
    if (Number.isInteger(at) && at >= 0 && at < width) return at;
    throw missing(`${index}`);
  };
  const columnsOf: ColumnFinder = (input, field) => {
    if (typeof field === 'number') return [column(field)];
    if (typeof field === 'string') {
      const at = places.get(field);
      if (at === undefined) throw missing(`"${shortened(field)}"`, field);
      if (twice.has(field))
        throw new Fault(dataMalformed({ place: file, reason: `two columns are called "${shortened(field)}"` }));
      return [at];
    }
    if (typeof field === 'boolean')
      throw new Fault(
        dataFieldForm({ name: input, source: file, expected: 'a column, a range of columns, or a list of them' }),
      );
    if ('from' in field) {
      const [from, to] = [column(field.from), column(field.to)];
      return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
    }
    return field.flatMap((part) => columnsOf(input, part));
  };
  return columnsOf;
}

/** Of very many columns only the first are looked through for a similar name. */
const columnsCompared = 20_000;
const columnsShown = 12;

/** A name without what is easily written otherwise. Long ones are nobody's spelling. */
function plain(name: string): string {
  return name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

function namesColumn(field: DataField): boolean {
  return typeof field === 'string' || (Array.isArray(field) && field.some(namesColumn));
}

function takeCells(
  file: string,
  { input, columns, taking, values }: Reading,
  cells: CellReader,
  row: Row,
  header: readonly string[] | undefined,
): void {
  const isBool = input.type.element.kind === 'bool';
  for (const column of columns) {
    const value = isBool ? cells.truth(row, column) : cells.number(row, column);
    if (Number.isNaN(value) || !Number.isFinite(value) || !taking.accepts(value))
      throw wrongCell(file, input, row, column, cells, header, value, taking);
    values.push(value);
  }
}

function wrongCell(
  file: string,
  input: ModelInput,
  row: Row,
  column: number,
  cells: CellReader,
  header: readonly string[] | undefined,
  value: number,
  { expected }: Taking,
): Fault {
  const name = header ? `"${shortened(header[column])}"` : column;
  const place = `${file}, line ${row.line}, column ${name}`;
  const text = row.text(column);
  const isNumber = !Number.isNaN(value);
  const found =
    isNumber && Number.isFinite(Math.fround(value))
      ? `${value}`
      : text === ''
        ? 'an empty cell'
        : `"${shortened(text)}"`;
  const words = isNumber || input.type.element.kind === 'bool' ? expected : 'a number';
  const more = cells.isAmbiguous(text) ? '; say `decimal = ","` in the source if its comma is a decimal one' : '';
  return new Fault(
    dataValue({ place, found, input: `${input.name}: ${printType(input.type)}`, expected: words + more }),
  );
}
