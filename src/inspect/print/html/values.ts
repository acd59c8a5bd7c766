// Numbers on a page: small tensors as tables, others as heat maps, with their extremes.
import { placeOf, printDigits } from '../tables.js';
import { escaped } from '../markup.js';
import type { Tensor } from '../../derivation/numbers.js';
import type { Slope } from '../../derivation/slopes.js';

/** Tables have at most so many rows and columns, and there are at most so many of a tensor. */
const most = 8;
const mostTables = 4;
/** Cells of a heat map along each side. */
const side = 32;

/** A tensor of more than two axes is seen as matrices of its last two, or for a heat map as one matrix of its last. */
export function printValues(name: string, value: Tensor, digits: number): string {
  const { shape, data } = value;
  if (data.length === 0) return '<p class="values">no elements</p>';
  if (data.length === 1) return `<p class="values">${printDigits(data[0], digits)}</p>`;
  const width = shape.at(-1) ?? 1;
  const height = shape.length < 2 ? 1 : shape[shape.length - 2];
  const count = data.length / (width * height);
  if (width > most || height > most || count > mostTables) return heatMap(name, value, digits);
  const tables = Array.from({ length: count }, (_, n) => {
    const rows = Array.from({ length: height }, (__, r) => {
      const from = (n * height + r) * width;
      const cells = data.slice(from, from + width).map((v) => `<td>${printDigits(v, digits)}</td>`);
      return `<tr>${cells.join('')}</tr>`;
    });
    const place =
      shape.length > 2 ? `<caption>[${[...placeOf(n, shape.slice(0, -2)), ':', ':'].join(', ')}]</caption>` : '';
    return `<table>${place}${rows.join('')}</table>`;
  });
  return `<div class="values">${tables.join('')}${count * width * height > 16 ? extremes(value, digits) : ''}</div>`;
}

/** Elements of a gradient, and what central differences give. */
export function printSlopes(slopes: readonly Slope[], shape: readonly number[], digits: number): string {
  const rows = slopes.map(
    ({ place, gradient, difference, kink }) =>
      `<tr><th scope="row">[${placeOf(place, shape).join(', ')}]</th><td>${printDigits(gradient, digits)}</td><td>${printDigits(difference, digits)}${kink ? ' across a kink' : ''}</td></tr>`,
  );
  const head = '<tr><th scope="col">element</th><th scope="col">gradient</th><th scope="col">difference</th></tr>';
  return `<details class="rule"><summary>central differences</summary><table class="slopes">${head}${rows.join('')}</table></details>`;
}

function heatMap(name: string, value: Tensor, digits: number): string {
  const width = value.shape.at(-1) ?? 1;
  const height = value.data.length / width;
  const cells = averages(value.data, height, width);
  const rows = cells.length;
  const columns = cells[0].length;
  const largest = value.data.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  const levels = cells.map((row) => row.map((v) => levelOf(v, largest)));
  const alt = escaped(`heat map of ${name}, ${height} by ${width}`);
  const scale = Math.max(2, Math.floor(160 / Math.max(rows, columns)));
  return `<div class="values"><img alt="${alt}" width="${columns * scale}" height="${rows * scale}" src="${bitmap(levels)}">${extremes(value, digits)}</div>`;
}

/** `smallest -0.31 at [0, 2], largest 1.2 at [3, 1]` */
function extremes({ shape, data }: Tensor, digits: number): string {
  const at = (i: number): string => `${printDigits(data[i], digits)} at [${placeOf(i, shape).join(', ')}]`;
  let [least, most] = [0, 0];
  data.forEach((v, i) => {
    if (v < data[least] || Number.isNaN(data[least])) least = i;
    if (v > data[most] || Number.isNaN(data[most])) most = i;
  });
  return `<p>smallest ${at(least)}, largest ${at(most)}</p>`;
}

/** The matrix as at most 32×32 means. */
function averages(data: readonly number[], height: number, width: number): number[][] {
  const [rows, columns] = [Math.min(side, height), Math.min(side, width)];
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) => {
      let [sum, count] = [0, 0];
      for (let y = Math.floor((r * height) / rows); y < Math.floor(((r + 1) * height) / rows); y++)
        for (let x = Math.floor((c * width) / columns); x < Math.floor(((c + 1) * width) / columns); x++) {
          sum += data[y * width + x];
          count++;
        }
      return sum / count;
    }),
  );
}

/** Seven shades of blue for what is below zero, seven of orange above; 15: no number. */
function levelOf(value: number, largest: number): number {
  if (Number.isNaN(value)) return 15;
  if (largest === 0 || value === 0) return 7;
  return 7 + Math.max(-7, Math.min(7, Math.sign(value) * Math.ceil((7 * Math.abs(value)) / largest)));
}

const ends = { below: [33, 102, 172], zero: [247, 247, 247], above: [179, 88, 6], none: [0, 0, 0] } as const;

function colourOf(level: number): readonly number[] {
  if (level === 15) return ends.none;
  const end = level < 7 ? ends.below : ends.above;
  const share = Math.abs(level - 7) / 7;
  return ends.zero.map((c, i) => Math.round(c + share * (end[i] - c)));
}

/** A picture of 16 colours, four bits each, as a data URL: Windows bitmaps need no compression and are drawn everywhere. */
function bitmap(levels: readonly (readonly number[])[]): string {
  const [height, width] = [levels.length, levels[0].length];
  const stride = Math.ceil(width / 8) * 4;
  const start = 14 + 40 + 64;
  const bytes = new Uint8Array(start + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, start, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 4, true);
  view.setUint32(46, 16, true);
  for (let level = 0; level < 16; level++) bytes.set([...colourOf(level)].reverse(), 54 + 4 * level);
  levels.forEach((row, r) =>
    row.forEach((level, c) => {
      // The last row first; the left cell in the upper half of a byte.
      const at = start + (height - 1 - r) * stride + (c >> 1);
      bytes[at] |= c % 2 === 0 ? level << 4 : level;
    }),
  );
  return `data:image/bmp;base64,${btoa(String.fromCharCode(...bytes))}`;
}
