// Samples of an image to the planes that an input takes: as many channels as it has, from 0 to 255, and of its size.
import type { Samples } from './imageDecoders.js';

/** Numbers of an image, channel by channel and row by row. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly values: Float32Array;
}

/** As many channels as are wanted: grey is the same in each colour, and colour is grey by its luma (ITU-R BT.601). Alpha is left out where nobody wants it. */
export function planesOf({ width, height, channels, values, most }: Samples, wanted: 1 | 3 | 4): Planes {
  const count = width * height;
  const planes = new Float32Array(wanted * count);
  const scale = 255 / most;
  const isGrey = channels < 3;
  const alpha = channels === 2 ? 1 : 3;
  for (let i = 0; i < count; i++) {
    const at = i * channels;
    const red = values[at];
    const [green, blue] = isGrey ? [red, red] : [values[at + 1], values[at + 2]];
    if (wanted === 1) {
      planes[i] = scale * (isGrey ? red : Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
      continue;
    }
    planes[i] = scale * red;
    planes[count + i] = scale * green;
    planes[2 * count + i] = scale * blue;
    if (wanted === 4) planes[3 * count + i] = channels === 2 || channels === 4 ? scale * values[at + alpha] : 255;
  }
  return { width, height, channels: wanted, values: planes };
}

/**
 * Another size, by a triangle as wide as a pixel of the smaller image (bilinear, antialiased where it shrinks): along rows, then along
 * columns.
 */
export function resized(planes: Planes, height: number, width: number): Planes {
  if (planes.width === width && planes.height === height) return planes;
  const { channels } = planes;
  const [across, down] = [weights(planes.width, width), weights(planes.height, height)];
  const narrow = new Float64Array(channels * planes.height * width);
  for (let line = 0; line < channels * planes.height; line++)
    across.forEach(({ first, shares }, x) => {
      let sum = 0;
      for (let i = 0; i < shares.length; i++) sum += shares[i] * planes.values[line * planes.width + first + i];
      narrow[line * width + x] = sum;
    });
  const values = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    down.forEach(({ first, shares }, y) => {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let i = 0; i < shares.length; i++) sum += shares[i] * narrow[(c * planes.height + first + i) * width + x];
        values[(c * height + y) * width + x] = sum;
      }
    });
  return { width, height, channels, values };
}

/** What each of the new places takes of the old ones: shares that sum to 1. */
function weights(from: number, to: number): readonly { readonly first: number; readonly shares: readonly number[] }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(from, Math.floor(centre + reach + 0.5));
    const raw = Array.from({ length: end - first }, (_, i) =>
      Math.max(0, 1 - Math.abs(first + i - centre + 0.5) / reach),
    );
    const sum = raw.reduce((total, share) => total + share, 0);
    return { first, shares: raw.map((share) => share / sum) };
  });
}
