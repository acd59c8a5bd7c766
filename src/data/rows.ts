// The rows of a csv file, byte by byte: cells between delimiters, quoted or not, and any line ends, in one pass over chunks.
import { dataLimit, dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { overLimit } from './limits.js';

/** A row, while it is shown to who takes it. */
export interface Row {
  /** Of its first character, from 1. */
  readonly line: number;
  /** How many cells it has. */
  readonly cells: number;
  text(cell: number): string;
  /** The bytes of a cell: of `bytes`, from `from(cell)` up to `to(cell)`. Quotation marks within are still doubled. */
  readonly bytes: Uint8Array;
  from(cell: number): number;
  to(cell: number): number;
}

export interface RowOptions {
  readonly file: string;
  /** The byte between cells. */
  readonly delimiter: number;
  /** Bytes, and cells, that a row may have. */
  readonly longest: number;
  readonly most: number;
}

export interface RowReader {
  push(chunk: Uint8Array): void;
  end(): void;
}

const [tab, newline, carriage, space, quote] = [9, 10, 13, 32, 34];

type State = 'start' | 'plain' | 'quoted' | 'quote' | 'closed';

/** Takes a file's chunks, and shows each row that is not blank. Spaces around cells do not count. */
export function rowReader({ file, delimiter, longest, most }: RowOptions, take: (row: Row) => void): RowReader {
  let bytes: Uint8Array = new Uint8Array(0);
  let filled = 0;
  let owned = false;
  /** Where the row begins; the places of cells are counted from there. */
  let begin = 0;
  let at = 0;
  let state: State = 'start';
  let line = 1;
  let rowLine = 1;
  let quoteLine = 1;
  let afterCarriage = false;
  let cells = 0;
  let cellStart = 0;
  const starts: number[] = [];
  const ends: number[] = [];
  const quoted: boolean[] = [];
  const decoder = new TextDecoder();

  const row: Row = {
    get line() {
      return rowLine;
    },
    get cells() {
      return cells;
    },
    get bytes() {
      return bytes;
    },
    from: (cell) => begin + starts[cell],
    to: (cell) => begin + ends[cell],
    text(cell) {
      const text = decoder.decode(bytes.subarray(begin + starts[cell], begin + ends[cell]));
      return quoted[cell] ? text.replaceAll('""', '"') : text.trim();
    },
  };
  const malformed = (where: number, reason: string): Fault =>
    new Fault(dataMalformed({ place: `${file}, line ${where}`, reason }));
  const isBlank = (byte: number): boolean => (byte === space || byte === tab) && byte !== delimiter;

  const endCell = (end: number, isQuoted: boolean): void => {
    starts[cells] = cellStart;
    ends[cells] = end;
    quoted[cells] = isQuoted;
    cells++;
    state = 'start';
    if (cells > most)
      throw new Fault(dataLimit({ place: `${file}, line ${rowLine}`, what: 'the row', most: `${most} columns` }));
  };
  /** At `at` stands a delimiter or a line end, or the file is over. */
  const endPlain = (): void => {
    let end = at - begin;
    while (end > cellStart && isBlank(bytes[begin + end - 1])) end--;
    endCell(end, false);
  };
  const requireShort = (length: number): void => {
    if (length <= longest) return;
    const open = state === 'quoted' ? ` (a quotation mark is open since line ${quoteLine})` : '';
    throw overLimit(`${file}, line ${rowLine}`, `the row${open}`, longest);
  };
  const endRow = (): void => {
    requireShort(at - begin);
    const blank = cells === 1 && starts[0] === ends[0] && !quoted[0];
    if (!blank) take(row);
    cells = 0;
    line++;
    rowLine = line;
  };
  /** After a cell: a delimiter begins the next one, and a line end the next row. */
  const pass = (byte: number): void => {
    at++;
    if (byte === delimiter) return;
    endRow();
    afterCarriage = byte === carriage;
    begin = at;
  };
  const isEnd = (byte: number): boolean => byte === delimiter || byte === newline || byte === carriage;

  const startCell = (): void => {
    const byte = bytes[at];
    if (afterCarriage) {
      afterCarriage = false;
      if (byte === newline) {
        begin = ++at;
        return;
      }
    }
    if (isBlank(byte)) at++;
    else if (byte === quote) {
      at++;
      cellStart = at - begin;
      quoteLine = line;
      state = 'quoted';
    } else {
      cellStart = at - begin;
      state = 'plain';
    }
  };
  const goThroughPlain = (): void => {
    while (at < filled) {
      const byte = bytes[at];
      if (isEnd(byte)) {
        endPlain();
        pass(byte);
        return;
      }
      if (byte === quote) throw malformed(line, 'a quotation mark stands inside a cell that is not quoted');
      at++;
    }
  };
  const goThroughQuoted = (): void => {
    for (; at < filled; at++) {
      const byte = bytes[at];
      if (byte === quote) {
        at++;
        state = 'quote';
        return;
      }
      if (byte === carriage || (byte === newline && bytes[at - 1] !== carriage)) line++;
    }
  };
  const leaveQuote = (): void => {
    if (bytes[at] === quote) {
      at++;
      state = 'quoted';
    } else {
      const end = at - 1 - begin;
      endCell(end, true);
      state = 'closed';
    }
  };
  const goPastQuoted = (): void => {
    const byte = bytes[at];
    if (isBlank(byte)) at++;
    else if (isEnd(byte)) {
      state = 'start';
      pass(byte);
    } else throw malformed(line, 'the quotation marks of this row do not fit together');
  };
  const scan = (): void => {
    while (at < filled)
      switch (state) {
        case 'start':
          startCell();
          break;
        case 'plain':
          goThroughPlain();
          break;
        case 'quoted':
          goThroughQuoted();
          break;
        case 'quote':
          leaveQuote();
          break;
        case 'closed':
          goPastQuoted();
          break;
        default:
          state satisfies never;
      }
  };
  /** What is left of the row goes before the new chunk; the buffer at least doubles, so that long rows are not copied often. */
  const append = (chunk: Uint8Array): void => {
    const pending = filled - begin;
    if (pending > 0 && owned && filled + chunk.length <= bytes.length) {
      bytes.set(chunk, filled);
      filled += chunk.length;
      return;
    }
    const before = bytes.subarray(begin, filled);
    owned = pending > 0;
    bytes = owned
      ? new Uint8Array(2 * pending + chunk.length)
      : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (owned) {
      bytes.set(before);
      bytes.set(chunk, pending);
    }
    at -= begin;
    begin = 0;
    filled = pending + chunk.length;
  };
  return {
    push(chunk) {
      append(chunk);
      scan();
      requireShort(filled - begin);
    },
    end() {
      if (state === 'quoted') throw malformed(quoteLine, 'a quotation mark is opened and never closed');
      if (state === 'quote') endCell(at - 1 - begin, true);
      else if (state === 'plain') endPlain();
      else if (state === 'start' && cells > 0) {
        cellStart = at - begin;
        endCell(cellStart, false);
      }
      if (cells > 0) endRow();
    },
  };
}
