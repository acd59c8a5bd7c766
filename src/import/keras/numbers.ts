// Settings of layers as their configurations give them.
import type { Json } from './json.js';

/** A number, or as many of them as there are axes. */
export function countsIn(value: unknown, axes: number, otherwise: number): readonly number[] {
  if (typeof value === 'number') return Array.from({ length: axes }, () => value);
  if (Array.isArray(value) && value.length === axes && value.every((n) => typeof n === 'number')) return value;
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'number')
    return countsIn(value[0], axes, otherwise);
  return Array.from({ length: axes }, () => otherwise);
}

/** Ends of each axis: a number, one for each axis, or a pair for each. */
export function endsIn(value: unknown, axes: number): readonly (readonly [number, number])[] {
  const list = Array.isArray(value) && value.length === axes ? value : Array.from({ length: axes }, () => value);
  return list.map((one: unknown) => {
    const [low, high] = countsIn(one, 2, 1);
    return [low, high] as const;
  });
}

export function numberIn(config: Json, key: string, otherwise: number): number {
  const value = config[key];
  return typeof value === 'number' ? value : otherwise;
}

/** Of a window that slides over an axis: what `same` of Keras pads before and behind it. */
export function samePadding(size: number, kernel: number, stride: number, dilation: number): readonly [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** How many places a window has. */
export function placesOf(size: number | undefined, window: Window): number | undefined {
  if (size === undefined) return undefined;
  const { kernel, stride, dilation, ends } = window;
  return Math.floor((size + ends[0] + ends[1] - (kernel - 1) * dilation - 1) / stride) + 1;
}

export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly ends: readonly [number, number];
}
