// What a cell of a csv file says: a number, with a point or a comma, or a truth value.
import type { Row } from './rows.js';

export interface CellReader {
  /** NaN where the cell holds no number. */
  number(row: Row, cell: number): number;
  /** 1 or 0; NaN where the cell holds no truth value. */
  truth(row: Row, cell: number): number;
  isValue(row: Row, cell: number): boolean;
  /** Could the cell's comma be a decimal one, or stand between thousands? */
  isAmbiguous(text: string): boolean;
}

const [minus, plus, point, zero, nine, semicolon] = ['-', '+', '.', '0', '9', ';'].map((mark) => mark.charCodeAt(0));
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const truths: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['false', 0],
  ['1', 1],
  ['0', 0],
]);

/** 1,234 is 1234 in one country and 1.234 in another. */
const thousands = /^[+-]?[1-9]\d{0,2}(,\d{3})+$/;

/** The longest text of a number or a truth value. */
const longest = 1000;

/** So many digits are exact, and so are these powers of ten: one division rounds once. */
const exactDigits = 15;

/** Reads cells. Without a word on `comma` it is a decimal one where cells stand between semicolons, but for what may be thousands. */
export function cellReader(delimiter: number, comma: boolean | undefined): CellReader {
  const decimalComma = comma ?? delimiter === semicolon;
  const isAmbiguous = (text: string): boolean => comma === undefined && decimalComma && thousands.test(text);
  const parsed = (text: string): number => {
    if (!decimalComma || !text.includes(',') || isAmbiguous(text)) return decimal.test(text) ? Number(text) : NaN;
    const changed = text.includes('.') ? '' : text.replace(',', '.');
    return decimal.test(changed) ? Number(changed) : NaN;
  };
  const number = (row: Row, cell: number): number => {
    const [from, to] = [row.from(cell), row.to(cell)];
    const short = shortNumber(row.bytes, from, to);
    if (short !== undefined) return short;
    return to - from > longest ? NaN : parsed(row.text(cell).trim());
  };
  const truth = (row: Row, cell: number): number => {
    if (row.to(cell) - row.from(cell) > longest) return NaN;
    return truths.get(row.text(cell).trim().toLowerCase()) ?? NaN;
  };
  return {
    number,
    truth,
    isAmbiguous,
    isValue: (row, cell) => !Number.isNaN(number(row, cell)) || !Number.isNaN(truth(row, cell)),
  };
}

/** Does the cell say that there is no value: nothing, NA, NaN, null or ?, in letters of any case. */
export function isMissing(row: Row, cell: number): boolean {
  const [from, to] = [row.from(cell), row.to(cell)];
  if (to - from > 6) return false;
  return to === from || (!isDigit(row.bytes[to - 1]) && isMissingText(row.text(cell)));
}

/** The same of a text. */
export function isMissingText(text: string): boolean {
  return /^(|na|nan|null|\?)$/i.test(text.trim());
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** Reads digits with a point among them or none; undefined where the cell has another form. */
function shortNumber(bytes: Uint8Array, from: number, to: number): number | undefined {
  const negative = bytes[from] === minus;
  const start = negative || bytes[from] === plus ? from + 1 : from;
  const length = to - start;
  if (length < 1 || length > exactDigits) return undefined;
  let value = 0;
  let behind = -1;
  for (let i = start; i < to; i++) {
    const byte = bytes[i];
    if (byte >= zero && byte <= nine) {
      value = 10 * value + (byte - zero);
      if (behind >= 0) behind++;
    } else if (byte === point && behind < 0) behind = 0;
    else return undefined;
  }
  if (behind >= 0 && length === 1) return undefined;
  if (behind > 0) value /= 10 ** behind;
  return negative ? -value : value;
}
