// Which character stands between the cells of a csv file: the one by which its first rows make a table.
import { Fault } from '../diagnostics/diagnostic.js';
import { cellReader } from './cells.js';
import { rowReader } from './rows.js';

const [comma, semicolon, tab] = [',', ';', '\t'].map((mark) => mark.charCodeAt(0));
const rowsTried = 50;

/**
 * Of comma, semicolon and tab the one by which most of the rows have as many cells as the first, then that by which most cells
 * are numbers (`1,5;2,5` has two by semicolons), then that which makes more cells. `whole`: the sample is all of the file. A mark that is
 * said to stand before the fraction is no delimiter.
 */
export function delimiterOf(sample: Uint8Array, whole: boolean, decimal?: '.' | ','): number {
  const marks = [comma, semicolon, tab].filter((mark) => mark !== decimal?.charCodeAt(0));
  const scores = marks.map((delimiter) => ({ delimiter, score: scoreOf(sample, whole, delimiter) }));
  scores.sort((a, b) => differenceOf(b.score, a.score));
  return scores[0].delimiter;
}

/** Larger is better, the first first. */
type Score = readonly [table: number, numbers: number, cells: number];

function differenceOf(a: Score, b: Score): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function scoreOf(sample: Uint8Array, whole: boolean, delimiter: number): Score {
  // Here a comma may be whatever it may be.
  const { isValue } = cellReader(delimiter, delimiter === semicolon);
  const counts: number[] = [];
  const values: number[] = [];
  const reader = rowReader({ file: '', delimiter, longest: Infinity, most: Infinity }, (row) => {
    if (counts.length === rowsTried) return;
    counts.push(row.cells);
    let found = 0;
    for (let cell = 0; cell < row.cells; cell++) if (isValue(row, cell)) found++;
    values.push(found);
  });
  try {
    reader.push(sample);
    // A row that the sample cuts off counts only where there is no other.
    if (whole || counts.length === 0) reader.end();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // By this delimiter the quotation marks do not fit.
    if (counts.length === 0) return [0, 0, 0];
  }
  const [first = 0] = counts;
  if (first < 2) return [0, 0, 0];
  const alike = counts.filter((count) => count === first).length / counts.length;
  // The first row may be the header.
  const from = counts.length > 1 ? 1 : 0;
  const share = sum(values.slice(from)) / sum(counts.slice(from));
  return [alike, share, first];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
