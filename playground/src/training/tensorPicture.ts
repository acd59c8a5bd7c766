// A tensor as a picture: blue below zero, orange above, the ground's colour at zero.
import { colourOf, mixed } from '../page/colours.js';
import { element } from '../page/elements.js';
import type { Shown } from './inside.js';

/** An element is at most so many pixels wide. */
const cell = 18;

/** Rows and columns: the last axis goes across, all before it down; a vector is one row. */
function sizeOf({ shape, values }: Shown): readonly [rows: number, columns: number] {
  const columns = shape.at(-1) ?? 1;
  return [Math.max(1, values.length / Math.max(1, columns)), columns];
}

/** A matrix that is much higher than wide is shown on its side. */
export function paintTensor(canvas: HTMLCanvasElement, shown: Shown): void {
  const [rows, columns] = sizeOf(shown);
  const lies = rows > 4 * columns;
  const [width, height] = lies ? [rows, columns] : [columns, rows];
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = `${width} / ${height}`;
  canvas.style.width = `min(100%, ${Math.max(width * cell, height <= 3 ? 0 : 24)}px)`;
  const context = canvas.getContext('2d');
  if (!context) return;
  const most = largestOf(shown.values) || 1;
  const [ground, below, above] = [colourOf('--ground'), colourOf('--class-0'), colourOf('--class-1')];
  const image = context.createImageData(width, height);
  shown.values.forEach((value, i) => {
    const at = lies ? (i % columns) * rows + Math.floor(i / columns) : i;
    const colour = mixed(ground, value < 0 ? below : above, Math.min(1, Math.abs(value) / most) ** 0.7);
    image.data.set(Number.isFinite(value) ? [...colour, 255] : [200, 0, 200, 255], 4 * at);
  });
  context.putImageData(image, 0, 0);
}

export function largestOf(values: Float32Array): number {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

/** A number as it is told beside a picture: three digits. */
export function spelt(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const plain = Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4;
  return (plain ? String(Number(value.toPrecision(3))) : value.toExponential(1)).replaceAll('-', '−');
}

/** `−0.42 … 0.87`, or the number where there is one. */
export function extentOf(values: Float32Array): string {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low === high ? spelt(low) : `${spelt(low)} … ${spelt(high)}`;
}

export function tensorCanvas(): HTMLCanvasElement {
  return element('canvas', { class: 'tensor', role: 'img' });
}
