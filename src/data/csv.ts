// Comma-separated values: columns, by number or by the header's names, to the inputs of a model.
import { CsvError, parse } from 'csv-parse/sync';
import {
  dataColumnMissing,
  dataEmpty,
  dataFieldForm,
  dataMalformed,
  dataRowLength,
  dataValue,
} from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataField, ModelInput } from '../ir/model.js';
import { printType } from '../ir/types.js';
import { rowLength, type RawArray } from './dataset.js';
import type { DataFile } from './files.js';

/** One input's share of every row. */
interface Reading {
  readonly input: ModelInput;
  readonly columns: readonly number[];
  readonly values: number[];
}

/** Reads the columns of each input; a first row without a number or truth value, or whose names are asked for, is the header. */
export function decodeCsv(
  file: DataFile,
  inputs: readonly ModelInput[],
  fields: Readonly<Record<string, DataField>>,
): ReadonlyMap<string, RawArray> {
  const wanted = inputs.filter((input) => fields[input.name] !== undefined);
  let readings: readonly Reading[] | undefined;
  let header: readonly string[] | undefined;
  let width = 0;
  const lines: number[] = [];

  const start = (record: readonly string[]): boolean => {
    const named = Object.values(fields).some(namesColumn);
    header = named || !record.some(isValue) ? record : undefined;
    width = record.length;
    readings = wanted.map((input) => readingOf(file.name, input, fields[input.name], record, header));
    return header !== undefined;
  };
  const take = (record: readonly string[], line: number): void => {
    if (!readings && start(record)) return;
    if (record.length !== width)
      throw new Fault(dataRowLength({ place: `${file.name}, line ${line}`, found: record.length, expected: width }));
    lines.push(line);
    for (const reading of readings ?? []) takeCells(file.name, reading, record, line, header);
  };

  parseRecords(file, take);
  if (lines.length === 0) throw new Fault(dataEmpty({ place: file.name }));
  return new Map((readings ?? []).map((reading) => [reading.input.name, rawOf(file.name, reading, lines, header)]));
}

function parseRecords(file: DataFile, take: (record: readonly string[], line: number) => void): void {
  try {
    parse(Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength), {
      bom: true,
      delimiter: delimiterOf(file.bytes),
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (record: string[], context) => {
        take(record, context.lines);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? `, line ${error.lines}` : '';
    throw new Fault(dataMalformed({ place: `${file.name}${line}`, reason: csvReason(error.code) }));
  }
}

function csvReason(code: string): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quotation mark is opened and never closed';
  if (code === 'INVALID_OPENING_QUOTE') return 'a quotation mark stands inside a cell that is not quoted';
  return 'the quotation marks of this row do not fit together';
}

/** Semicolons and tabs count where the first line has no comma. */
function delimiterOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(10);
  const first = new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
  if (first.includes(',')) return ',';
  return ['\t', ';'].find((mark) => first.includes(mark)) ?? ',';
}

function readingOf(
  file: string,
  input: ModelInput,
  field: DataField,
  record: readonly string[],
  header: readonly string[] | undefined,
): Reading {
  const columns = columnsOf(file, input.name, field, record, header);
  const expected = rowLength(input);
  if (columns.length !== expected) {
    const form = `${expected} ${expected === 1 ? 'column' : 'columns'} for ${printType(input.type)}, and is ${columns.length}`;
    throw new Fault(dataFieldForm({ name: input.name, source: file, expected: form }));
  }
  return { input, columns, values: [] };
}

function columnsOf(
  file: string,
  name: string,
  field: DataField,
  record: readonly string[],
  header: readonly string[] | undefined,
): number[] {
  const column = (index: number): number => {
    const at = index < 0 ? record.length + index : index;
    if (Number.isInteger(at) && at >= 0 && at < record.length) return at;
    throw missing(file, `${index}`, record, header);
  };
  if (typeof field === 'number') return [column(field)];
  if (typeof field === 'string') {
    const at = (header ?? []).indexOf(field);
    if (at < 0) throw missing(file, `"${field}"`, record, header);
    return [at];
  }
  if (typeof field === 'boolean')
    throw new Fault(dataFieldForm({ name, source: file, expected: 'a column, a range of columns, or a list of them' }));
  if ('from' in field) {
    const [from, to] = [column(field.from), column(field.to)];
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  }
  return field.flatMap((part) => columnsOf(file, name, part, record, header));
}

function namesColumn(field: DataField): boolean {
  return typeof field === 'string' || (Array.isArray(field) && field.some(namesColumn));
}

function missing(file: string, column: string, record: readonly string[], header?: readonly string[]): Fault {
  const columns = header ? header.map((name) => `"${name}"`) : record.map((_, i) => `${i}`);
  const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const near = columns.find((name) => plain(name) === plain(column));
  return new Fault(dataColumnMissing({ file, column, columns, near }));
}

function takeCells(
  file: string,
  { input, columns, values }: Reading,
  record: readonly string[],
  line: number,
  header: readonly string[] | undefined,
): void {
  const isBool = input.type.element.kind === 'bool';
  for (const column of columns) {
    const cell = record[column];
    const value = isBool ? truth(cell) : cell === '' ? NaN : Number(cell);
    if (!Number.isFinite(value)) {
      const place = placeOf(file, line, column, header);
      const found = cell === '' ? 'an empty cell' : `"${cell}"`;
      const expected = isBool ? 'true or false' : 'a number';
      throw new Fault(dataValue({ place, found, input: `${input.name}: ${printType(input.type)}`, expected }));
    }
    values.push(value);
  }
}

function isValue(cell: string): boolean {
  return cell !== '' && !(Number.isNaN(Number(cell)) && Number.isNaN(truth(cell)));
}

function truth(cell: string): number {
  const known: Readonly<Record<string, number>> = { true: 1, false: 0, '1': 1, '0': 0 };
  return known[cell.toLowerCase()] ?? NaN;
}

function rawOf(
  file: string,
  { columns, values }: Reading,
  lines: readonly number[],
  header: readonly string[] | undefined,
): RawArray {
  const width = columns.length;
  return {
    shape: [lines.length, width],
    values,
    place: file,
    placeOf: (position) => placeOf(file, lines[Math.floor(position / width)], columns[position % width], header),
  };
}

function placeOf(file: string, line: number, column: number, header: readonly string[] | undefined): string {
  return `${file}, line ${line}, column ${header ? `"${header[column]}"` : column}`;
}
