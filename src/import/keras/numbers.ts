// Settings of layers as their configurations give them, which are faults where they are no such numbers.
import { Fault } from '../../diagnostics/diagnostic.js';
import { importMalformed } from '../../diagnostics/imports.js';
import type { KerasLayer } from './json.js';

type Configured = Pick<KerasLayer, 'name' | 'kind' | 'config' | 'place'>;

/** Leaves a layer whose configuration is not as Keras writes it; `what`: as in `has units -3`. */
export function malformedLayer(file: string, { name, kind, place }: Configured, what: string): Fault {
  return new Fault(importMalformed({ file, reason: `the layer ${name} (${kind}) ${what}`, place }));
}

/** The smallest that a whole number may be: sizes are at least 1, paddings 0. */
type Least = 0 | 1;

function wrong(file: string, layer: Configured, key: string, what: string): Fault {
  const value = layer.config[key];
  const got = value === undefined ? `no ${key}` : `${key} ${JSON.stringify(value)}`;
  return malformedLayer(file, layer, `has ${got}, which should be ${what}`);
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

const isWhole = (value: unknown, least: Least): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least;

const from = (least: Least): string => `a whole number from ${least} up`;

/** A size: of units, filters, heads. A layer must have it where there is no other. */
export function sizeIn(file: string, layer: Configured, key: string, otherwise?: number): number {
  const value = layer.config[key];
  if (otherwise !== undefined && isAbsent(value)) return otherwise;
  if (!isWhole(value, 1)) throw wrong(file, layer, key, from(1));
  return value;
}

/** Any number, such as a rate. */
export function numberIn(file: string, layer: Configured, key: string, otherwise: number): number {
  const value = layer.config[key];
  if (isAbsent(value)) return otherwise;
  if (typeof value !== 'number') throw wrong(file, layer, key, 'a number');
  return value;
}

/** An axis, or a list of one. */
export function axisIn(file: string, layer: Configured, otherwise: number): number {
  const { axis } = layer.config;
  const value: unknown = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
  if (isAbsent(value)) return otherwise;
  if (!Number.isSafeInteger(value)) throw wrong(file, layer, 'axis', 'a whole number');
  return value as number;
}

/** A size, or as many of them as there are axes. */
export function sizesIn(
  file: string,
  layer: Configured,
  key: string,
  { axes, otherwise }: { readonly axes: number; readonly otherwise: number },
): readonly number[] {
  const value = layer.config[key];
  if (isAbsent(value)) return Array.from({ length: axes }, () => otherwise);
  const found = spread(value, axes, 1);
  if (!found) throw wrong(file, layer, key, axes === 1 ? from(1) : `${from(1)}, or ${axes} of them`);
  return found;
}

/** A number for all axes, or one for each. */
function spread(value: unknown, axes: number, least: Least): readonly number[] | undefined {
  if (isWhole(value, least)) return Array.from({ length: axes }, () => value);
  if (!Array.isArray(value) || !value.every((n) => isWhole(n, least))) return undefined;
  if (value.length === axes) return value;
  return value.length === 1 ? spread(value[0], axes, least) : undefined;
}

/** Ends of each axis: a number, one for each axis, or a pair for each. */
export function endsIn(
  file: string,
  layer: Configured,
  key: string,
  axes: number,
): readonly (readonly [number, number])[] {
  const value = layer.config[key] ?? 1;
  // Of one axis, a pair is its two ends.
  const isList = Array.isArray(value) && value.length === axes;
  const list: readonly unknown[] = isList ? value : Array.from({ length: axes }, () => value);
  return list.map((one) => {
    const found = spread(one, 2, 0);
    if (!found) throw wrong(file, layer, key, `${from(0)}, or one or two for each axis`);
    return [found[0], found[1]] as const;
  });
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
