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
export function rowReader(options: RowOptions, take: (row: Row) => void): RowReader {
  return new Rows(options, take);
}

/** A row while it is read: where its cells lie in the bytes that are there. */
class Cells implements Row {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the row begins; the offsets of cells are counted from there. */
  begin = 0;
  line = 1;
  cells = 0;
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly quoted: boolean[] = [];
  private readonly decoder = new TextDecoder();

  from(cell: number): number {
    return this.begin + this.starts[cell];
  }

  to(cell: number): number {
    return this.begin + this.ends[cell];
  }

  text(cell: number): string {
    const text = this.decoder.decode(this.bytes.subarray(this.from(cell), this.to(cell)));
    return this.quoted[cell] ? text.replaceAll('""', '"') : text.trim();
  }

  add(start: number, end: number, isQuoted: boolean): void {
    this.starts[this.cells] = start;
    this.ends[this.cells] = end;
    this.quoted[this.cells] = isQuoted;
    this.cells++;
  }

  isBlank(): boolean {
    return this.cells === 1 && this.starts[0] === this.ends[0] && !this.quoted[0];
  }
}

class Rows implements RowReader {
  private readonly row = new Cells();
  /** How many of the bytes are there, and whether they are ours to add to. */
  private filled = 0;
  private owned = false;
  private at = 0;
  private state: State = 'start';
  private line = 1;
  private quoteLine = 1;
  private afterCarriage = false;
  private cellStart = 0;

  constructor(
    private readonly options: RowOptions,
    private readonly take: (row: Row) => void,
  ) {}

  push(chunk: Uint8Array): void {
    this.append(chunk);
    this.scan();
    this.requireShort(this.filled - this.row.begin);
  }

  end(): void {
    const { row, state, at } = this;
    if (state === 'quoted') throw this.malformed(this.quoteLine, 'a quotation mark is opened and never closed');
    if (state === 'quote') this.endCell(at - 1 - row.begin, true);
    else if (state === 'plain') this.endPlain();
    else if (state === 'start' && row.cells > 0) {
      this.cellStart = at - row.begin;
      this.endCell(this.cellStart, false);
    }
    if (row.cells > 0) this.endRow();
  }

  /** What is left of the row goes before the new chunk; the buffer at least doubles, so that long rows are not copied often. */
  private append(chunk: Uint8Array): void {
    const { row } = this;
    const pending = this.filled - row.begin;
    if (pending > 0 && this.owned && this.filled + chunk.length <= row.bytes.length) {
      row.bytes.set(chunk, this.filled);
      this.filled += chunk.length;
      return;
    }
    const before = row.bytes.subarray(row.begin, this.filled);
    this.owned = pending > 0;
    row.bytes = this.owned
      ? new Uint8Array(2 * pending + chunk.length)
      : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.owned) {
      row.bytes.set(before);
      row.bytes.set(chunk, pending);
    }
    this.at -= row.begin;
    row.begin = 0;
    this.filled = pending + chunk.length;
  }

  private scan(): void {
    while (this.at < this.filled)
      switch (this.state) {
        case 'start':
          this.startCell();
          break;
        case 'plain':
          this.goThroughPlain();
          break;
        case 'quoted':
          this.goThroughQuoted();
          break;
        case 'quote':
          this.leaveQuote();
          break;
        case 'closed':
          this.goPastQuoted();
          break;
        default:
          this.state satisfies never;
      }
  }

  private startCell(): void {
    const { row } = this;
    const byte = row.bytes[this.at];
    if (this.afterCarriage) {
      this.afterCarriage = false;
      if (byte === newline) {
        row.begin = ++this.at;
        return;
      }
    }
    if (this.isBlank(byte)) this.at++;
    else if (byte === quote) {
      this.at++;
      this.cellStart = this.at - row.begin;
      this.quoteLine = this.line;
      this.state = 'quoted';
    } else {
      this.cellStart = this.at - row.begin;
      this.state = 'plain';
    }
  }

  private goThroughPlain(): void {
    const { filled } = this;
    const { bytes } = this.row;
    const { delimiter } = this.options;
    let { at } = this;
    for (; at < filled; at++) {
      const byte = bytes[at];
      if (byte === quote) throw this.malformed(this.line, 'a quotation mark stands inside a cell that is not quoted');
      if (byte !== delimiter && byte !== newline && byte !== carriage) continue;
      this.at = at;
      this.endPlain();
      this.pass(byte);
      return;
    }
    this.at = at;
  }

  private goThroughQuoted(): void {
    const { bytes } = this.row;
    for (; this.at < this.filled; this.at++) {
      const byte = bytes[this.at];
      if (byte === quote) {
        this.at++;
        this.state = 'quote';
        return;
      }
      if (byte === carriage || (byte === newline && bytes[this.at - 1] !== carriage)) this.line++;
    }
  }

  private leaveQuote(): void {
    if (this.row.bytes[this.at] === quote) {
      this.at++;
      this.state = 'quoted';
    } else {
      this.endCell(this.at - 1 - this.row.begin, true);
      this.state = 'closed';
    }
  }

  private goPastQuoted(): void {
    const byte = this.row.bytes[this.at];
    if (this.isBlank(byte)) this.at++;
    else if (this.isEnd(byte)) {
      this.state = 'start';
      this.pass(byte);
    } else throw this.malformed(this.line, 'the quotation marks of this row do not fit together');
  }

  /** At `at` stands a delimiter or a line end, or the file is over. */
  private endPlain(): void {
    const { bytes, begin } = this.row;
    let end = this.at - begin;
    while (end > this.cellStart && this.isBlank(bytes[begin + end - 1])) end--;
    this.endCell(end, false);
  }

  private endCell(end: number, isQuoted: boolean): void {
    const { row, options } = this;
    const { file, most } = options;
    row.add(this.cellStart, end, isQuoted);
    this.state = 'start';
    if (row.cells > most)
      throw new Fault(dataLimit({ place: `${file}, line ${row.line}`, what: 'the row', most: `${most} columns` }));
  }

  /** After a cell: a delimiter begins the next one, and a line end the next row. */
  private pass(byte: number): void {
    this.at++;
    if (byte === this.options.delimiter) return;
    this.endRow();
    this.afterCarriage = byte === carriage;
    this.row.begin = this.at;
  }

  private endRow(): void {
    const { row } = this;
    this.requireShort(this.at - row.begin);
    if (!row.isBlank()) this.take(row);
    row.cells = 0;
    this.line++;
    row.line = this.line;
  }

  private requireShort(length: number): void {
    const { file, longest } = this.options;
    if (length <= longest) return;
    const open = this.state === 'quoted' ? ` (a quotation mark is open since line ${this.quoteLine})` : '';
    throw overLimit(`${file}, line ${this.row.line}`, `the row${open}`, longest);
  }

  private malformed(line: number, reason: string): Fault {
    return new Fault(dataMalformed({ place: `${this.options.file}, line ${line}`, reason }));
  }

  private isBlank(byte: number): boolean {
    return (byte === space || byte === tab) && byte !== this.options.delimiter;
  }

  private isEnd(byte: number): boolean {
    return byte === this.options.delimiter || byte === newline || byte === carriage;
  }
}
