// What one input takes of the rows of a csv file: numbers, truth values or classes, and what is said of cells that hold none.
import { dataMissing, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { shortened } from '../diagnostics/quote.js';
import type { ModelInput } from '../ir/model.js';
import { isMissing, type CellReader } from './cells.js';
import { foundWords, knownWords, type ColumnWords } from './columnWords.js';
import type { CsvSource } from './csv.js';
import { takingOf, type Taking } from './elements.js';
import type { Row } from './rows.js';
import type { ColumnWriter } from './store.js';
import type { FinishedReader } from './tableRows.js';
import { told } from './words.js';

export interface InputReader extends FinishedReader {
  /** Is a value of this row missing? */
  lacks(row: Row): boolean;
  take(row: Row): void;
}

/** Where an input's values stand. */
export interface Share {
  readonly source: CsvSource;
  readonly input: ModelInput;
  readonly columns: readonly number[];
  readonly cells: CellReader;
  readonly header: readonly string[] | undefined;
}

/** Reads an input's share of every row. */
export function inputReader(share: Share, writer: ColumnWriter): InputReader {
  const { source, input, columns, cells, header } = share;
  const { kind } = input.type.element;
  const taking = takingOf(input, false);
  const known = source.words && Object.hasOwn(source.words, input.name) ? source.words[input.name] : undefined;
  const words = kind !== 'index' ? undefined : known ? knownWords(input, known) : foundWords(input);
  const read = kind === 'bool' ? cells.truth : cells.number;
  const valueAt = (row: Row, column: number): number => {
    const value = read(row, column);
    if (!Number.isNaN(value)) return words ? wordAt(share, words, row, column, value) : value;
    if (isMissing(row, column) && !words?.has(row.text(column))) {
      if (typeof source.missing === 'number') return source.missing;
      throw missingCell(share, row, column);
    }
    return words ? words.ofText(row.text(column), () => placeOf(share, column, row)) : NaN;
  };
  return {
    input,
    ...(header && { heads: columns.map((column) => header[column]) }),
    lacks: (row) => columns.some((column) => isMissing(row, column) && !words?.has(row.text(column))),
    take(row) {
      for (const column of columns) {
        const value = valueAt(row, column);
        if (!taking.accepts(value) || Math.abs(value) === Infinity) {
          // Words have numbers beyond the classes until all of them are known.
          if (!words?.isWord(value)) throw wrongCell(share, row, column, value, taking);
        }
        writer.push(value);
      }
    },
    finish(rows) {
      const column = writer.finish(rows);
      return words ? words.finish(column, placeOf(share, columns[0])) : { column };
    },
  };
}

function wordAt(share: Share, words: ColumnWords, row: Row, column: number, value: number): number {
  const exact = row.to(column) - row.from(column) === String(value).length;
  return words.ofNumber(value, exact) ?? words.ofText(row.text(column), () => placeOf(share, column, row));
}

/** `rows.csv, line 3, column "b"` */
function placeOf({ source, header }: Share, column: number, row?: Row): string {
  const name = header ? `"${shortened(header[column])}"` : column;
  return `${source.file}${row ? `, line ${row.line}` : ''}, column ${name}`;
}

function missingCell(share: Share, row: Row, column: number): Fault {
  const text = row.text(column);
  const found = text === '' ? 'an empty cell' : `"${shortened(text)}"`;
  return new Fault(dataMissing({ place: placeOf(share, column, row), found, input: told(share.input) }));
}

function wrongCell(share: Share, row: Row, column: number, value: number, { expected }: Taking): Fault {
  const { input, cells } = share;
  const text = row.text(column);
  const isNumber = !Number.isNaN(value);
  const found = isNumber && Number.isFinite(Math.fround(value)) ? `${value}` : `"${shortened(text)}"`;
  const words = isNumber || input.type.element.kind === 'bool' ? expected : 'a number';
  const more = cells.isAmbiguous(text) ? '; say `decimal = ","` in the source if its comma is a decimal one' : '';
  const place = placeOf(share, column, row);
  return new Fault(dataValue({ place, found, input: told(input), expected: words + more }));
}
