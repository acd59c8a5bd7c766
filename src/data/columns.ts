// The rows of one input, wherever they lie: rows are copied out of them one by one.
import type { InputArray } from './dataset.js';

export interface Column {
  readonly rows: number;
  /** How many numbers a row has. */
  readonly length: number;
  /** Copies the numbers of a row to a place of an array of the input's type. */
  copy(row: number, to: InputArray, at: number): void;
}

/** Rows in one array. */
export function wholeColumn(values: InputArray, length: number): Column {
  return blockColumn([values], values.length / length, length, values.length / length);
}

/** Rows in blocks of so many each, but for the last. */
export function blockColumn(
  blocks: readonly InputArray[],
  rowsEach: number,
  length: number,
  rows = blocks.reduce((sum, block) => sum + block.length / length, 0),
): Column {
  const [first] = blocks;
  const single = blocks.length === 1;
  const copy: Column['copy'] =
    length === 1 && single
      ? (row, to, at) => void (to[at] = first[row])
      : (row, to, at) => {
          const block = single ? 0 : Math.floor(row / rowsEach);
          const from = (row - block * rowsEach) * length;
          to.set(blocks[block].subarray(from, from + length), at);
        };
  return { rows, length, copy };
}

/** Windows on one array, which may overlap: each row begins `stride` after the one before. */
export function windowColumn(values: InputArray, rows: number, length: number, stride: number, shift: number): Column {
  return {
    rows,
    length,
    copy(row, to, at) {
      const from = row * stride + shift;
      to.set(values.subarray(from, from + length), at);
    },
  };
}

/** The same rows, of whose numbers others are told: `numbers[n]` for n. */
export function renumbered(column: Column, numbers: Int32Array): Column {
  const { rows, length } = column;
  return {
    rows,
    length,
    copy(row, to, at) {
      column.copy(row, to, at);
      for (let i = at; i < at + length; i++) to[i] = numbers[to[i]];
    },
  };
}
