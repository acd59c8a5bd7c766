// Numbers as tables of a textbook.
import type { Tensor } from '../derivation/numbers.js';

/** More rows or columns than this are left out. */
const most = 8;
const mostSlices = 4;

/** A number with so many significant digits: 0.3100, 1.030, 1.2e-7. */
export function printDigits(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return value === 0 ? '0' : value.toPrecision(digits);
}

/** The lines of a table: rows of a matrix, one row of a vector; of more axes one matrix after another, each under its place. */
export function printTable({ shape, data }: Tensor, digits: number): string[] {
  const width = shape.at(-1) ?? 1;
  const height = shape.length < 2 ? 1 : shape[shape.length - 2];
  const each = width * height;
  const count = each === 0 ? 0 : data.length / each;
  const lines: string[] = [];
  for (let n = 0; n < Math.min(count, mostSlices); n++) {
    if (shape.length > 2) lines.push(`[${[...placeOf(n, shape.slice(0, -2)), ':', ':'].join(', ')}]`);
    lines.push(...matrixLines(data.slice(n * each, (n + 1) * each), height, width, digits));
  }
  return count > mostSlices ? [...lines, `… ${count - mostSlices} more`] : lines;
}

function matrixLines(data: readonly number[], height: number, width: number, digits: number): string[] {
  const rows = Array.from({ length: Math.min(height, most) }, (_, r) =>
    Array.from({ length: Math.min(width, most) }, (__, c) => printDigits(data[r * width + c], digits)),
  );
  const widths = Array.from({ length: Math.min(width, most) }, (_, c) => Math.max(...rows.map((row) => row[c].length)));
  const lines = rows.map(
    (row) => row.map((text, c) => text.padEnd(widths[c])).join('  ') + (width > most ? '  …' : ''),
  );
  return [...lines.map((line) => line.trimEnd()), ...(height > most ? ['…'] : [])];
}

/** The place of the element n in row-major order. */
export function placeOf(n: number, shape: readonly number[]): number[] {
  let rest = n;
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}
