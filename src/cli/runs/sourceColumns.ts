// The columns of a csv or parquet file as texts, to stand beside what is predicted for its rows.
import { basename } from 'node:path';
import { cellReader, isMissing } from '../../data/cells.js';
import { columnFinder, namesColumn } from '../../data/columnNames.js';
import type { Words } from '../../data/dataset.js';
import { delimiterOf } from '../../data/delimiter.js';
import { pathOf, settingsOf } from '../../data/fields.js';
import { chunksOf, reading } from '../../data/files.js';
import { defaultLimits as limits } from '../../data/limits.js';
import { rowReader, type Row } from '../../data/rows.js';
import type { DataField, DataSource, ModelInput } from '../../ir/model.js';
import { shortestSingle } from './shortest.js';

export interface SourceColumns {
  /** Absent where the file has no header. */
  readonly header?: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads all columns of the rows that are fed to the inputs; nothing where the source is no table. */
export async function readSourceColumns(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  words: Words,
): Promise<SourceColumns | undefined> {
  if (source.kind === 'csv') return readTexts(source, inputs, folder, words);
  if (source.kind !== 'parquet') return undefined;
  const { readParquetRows } = await import('../../data/parquet.js');
  const { names, singles, rows } = await readParquetRows(source, inputs, { folder, words, limits });
  const isSingle = names.map((name) => singles.has(name));
  return { header: names, rows: rows.map((row) => row.map((value, i) => textOf(value, isSingle[i]))) };
}

/** A value as csv has it: numbers with the fewest digits that read back, nothing where nothing is, lists and records as JSON. */
function textOf(value: unknown, single: boolean): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return single ? shortestSingle(value) : `${value}`;
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return dateText(value);
  return JSON.stringify(ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value, (_, each: unknown) =>
    typeof each === 'bigint' || (typeof each === 'number' && single) ? Number(textOf(each, single)) : each,
  );
}

/** A day without its time where that is midnight. */
function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/T00:00:00\.000Z$/, '');
}

async function readTexts(
  source: DataSource,
  inputs: readonly ModelInput[],
  folder: string,
  words: Words,
): Promise<SourceColumns> {
  const path = pathOf(source);
  const { delimiter: given, decimal, missing } = settingsOf(source, inputs);
  const fields = inputs.flatMap(({ name }): [string, DataField][] =>
    Object.hasOwn(source.fields, name) ? [[name, source.fields[name]]] : [],
  );
  return reading(chunksOf(folder, path, { limits }), async (bytes) => {
    const sample = withoutMark(await bytes.take(2 ** 16));
    const delimiter = given?.charCodeAt(0) ?? delimiterOf(sample, sample.length < 2 ** 16 - 3, decimal);
    const cells = cellReader(delimiter, decimal === undefined ? undefined : decimal === ',');
    const rows: string[][] = [];
    let lacks: ((row: Row) => boolean) | undefined;
    let header: readonly string[] | undefined;
    const textsOf = (row: Row): string[] => Array.from({ length: row.cells }, (_, cell) => row.text(cell));
    const reader = rowReader({ file: basename(path), delimiter, longest: limits.row, most: limits.columns }, (row) => {
      if (!lacks) {
        const names = Array.from({ length: row.cells }, (_, cell) => cell);
        const isHeader =
          fields.some(([, field]) => namesColumn(field)) || !names.some((cell) => cells.isValue(row, cell));
        if (isHeader) header = textsOf(row);
        lacks = lacking(row.cells);
        if (isHeader) return;
      }
      if (missing !== 'drop' || !lacks(row)) rows.push(textsOf(row));
    });
    const lacking = (width: number): ((row: Row) => boolean) => {
      const find = columnFinder(path, width, header);
      const columns = fields.flatMap(([name, field]) =>
        find(name, field).map((column) => ({ column, known: words[name] })),
      );
      return (row) => columns.some(({ column, known }) => isMissing(row, column) && !known?.includes(row.text(column)));
    };
    reader.push(sample);
    for (let part = await bytes.take(2 ** 20); part.length > 0; part = await bytes.take(2 ** 20)) reader.push(part);
    reader.end();
    return { ...(header && { header }), rows };
  });
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
