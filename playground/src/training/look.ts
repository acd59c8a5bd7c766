// What the network makes of its data at this moment: the plane in colours, rows with what is told of them, or a text that it writes.
import { arraysIn, rowLength, taker, type Dataset, type InputArrays } from '../../../src/data/dataset.js';
import { classesOf } from '../../../src/data/words.js';
import { constantOf } from '../../../src/ir/index.js';
import type { ModelGraph, ModelInput } from '../../../src/ir/model.js';
import { drawnOn } from '../data/choice.js';
import { labelOf } from '../data/table.js';
import { running, type Run } from './run.js';
import { writeText } from './writeText.js';

export type Look =
  /** A square of places, row by row from the bottom: what is told of each. */
  | {
      readonly kind: 'plane';
      readonly side: number;
      readonly range: Range;
      readonly told: Told;
      readonly points: readonly { readonly x: number; readonly y: number; readonly class: number }[];
    }
  | {
      readonly kind: 'images';
      readonly width: number;
      readonly height: number;
      readonly channels: number;
      /** Of the largest value 1, row by row. */
      readonly pixels: Float32Array;
      readonly samples: readonly Sample[];
    }
  | {
      readonly kind: 'rows';
      /** What the numbers of a row are called. */
      readonly of: string;
      readonly names: readonly string[];
      readonly samples: readonly (Sample & { readonly row: readonly number[] })[];
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'none'; readonly why: string };

export interface Range {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** One number a place: from 0 to 1 for two classes; else a probability for each class, side by side. */
export interface Told {
  readonly classes: number;
  readonly values: Float32Array;
}

export interface Sample {
  /** What the data say, and what the network does: classes by their words, or numbers. */
  readonly truth: string;
  readonly told: string;
  /** Absent of amounts, which are never told to the last digit. */
  readonly right?: boolean;
}

const [side, shown] = [48, 24];

export async function look(): Promise<Look> {
  const run = running();
  const { model } = run;
  const label = labelOf(model.inputs);
  const features = model.inputs.filter((input) => input !== label);
  const [first] = features;
  if (first && classesOf(first) > 1 && rowLength(first) > 1) return { kind: 'text', text: await writeText(run, first) };
  if (!label || features.length !== 1)
    return { kind: 'none', why: 'Predictions are shown of models with one input to tell from and one to tell.' };
  const output = outputFor(model, label);
  if (!output)
    return {
      kind: 'none',
      why: `No output of the model is like ${label.name}, with a number for each class or one in all.`,
    };
  const asked = { run, features: first, label, output };
  if (rowLength(first) === 2 && first.type.element.kind === 'f32') return plane(asked);
  return samples(asked);
}

interface Asked {
  readonly run: Run;
  readonly features: ModelInput;
  readonly label: ModelInput;
  readonly output: { readonly name: string; readonly length: number };
}

/** The output that tells what the label says: a number for each class, or as many as the label has. */
function outputFor({ evaluation }: ModelGraph, label: ModelInput): Asked['output'] | undefined {
  const wanted = classesOf(label) > 0 ? classesOf(label) : rowLength(label);
  const outputs = evaluation.outputs.map(({ name, node }) => {
    const [, ...rest] = node.type.shape;
    return { name, length: rest.reduce((product, { size }) => product * (constantOf(size) ?? NaN), 1) };
  });
  return outputs.find(({ length }) => length === wanted) ?? outputs.find(({ length }) => length === 1);
}

async function predicted({ run, features, output }: Asked, values: InputArrays[string]): Promise<Told> {
  const outputs = await run.trainer.predict({ [features.name]: values });
  return { classes: output.length, values: Float32Array.from(outputs[output.name]) };
}

async function plane(asked: Asked): Promise<Look> {
  const { run, features, label } = asked;
  const rows = arraysIn(run.rows.data, 0, Math.min(1000, run.rows.data.rows));
  const [places, classes] = [rows[features.name], rows[label.name]];
  const count = places.length / 2;
  const along = (axis: 0 | 1): number[] => Array.from({ length: count }, (_, i) => places[2 * i + axis]);
  const range = { x: rangeOf(along(0)), y: rangeOf(along(1)) };
  const grid = new Float32Array(2 * side * side);
  const at = ([low, high]: readonly [number, number], i: number): number => low + ((high - low) * (i + 0.5)) / side;
  for (let i = 0; i < side * side; i++) {
    grid[2 * i] = at(range.x, i % side);
    grid[2 * i + 1] = at(range.y, Math.floor(i / side));
  }
  const { classes: k, values } = await predicted(asked, grid);
  const length = rowLength(label);
  const points = Array.from({ length: count }, (_, i) => ({
    x: places[2 * i],
    y: places[2 * i + 1],
    class: length === 1 ? Math.round(classes[i]) : largest(classes, i * length, length),
  }));
  return {
    kind: 'plane',
    side,
    range,
    told: { classes: k, values: k === 1 ? values : probabilities(values, k) },
    points,
  };
}

/** From -1 to 1 and a little more where that holds them, as points are drawn; else a little more than the values take, and never nothing. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  if (values.every((value) => Math.abs(value) <= drawnOn)) return [-drawnOn, drawnOn];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = (low + high) / 2;
  const half = Math.max(1.15 * ((high - low) / 2), 0.5);
  return [middle - half, middle + half];
}

async function samples(asked: Asked): Promise<Look> {
  const { run, features, label, output } = asked;
  const rows = spread(run.rows.data);
  const [values, truths] = [rows[features.name], rows[label.name]];
  const { values: told } = await predicted(asked, values);
  const { [label.name]: words = [] } = run.rows.words;
  const word = (of: number): string => words[of] ?? String(of);
  const k = classesOf(label);
  const length = rowLength(label);
  const areClasses = truths.every((value) => value === 0 || value === 1);
  const list = Array.from({ length: truths.length / length }, (_, i): Sample => {
    if (k > 0) {
      const best = output.length === 1 ? Math.round(told[i]) : largest(told, i * k, k);
      return { truth: word(truths[i]), told: word(best), right: best === truths[i] };
    }
    const [truth, own] = [truths, told].map((of) => [...of.subarray(i * length, (i + 1) * length)]);
    const [truthText, ownText] = [truth, own].map((of) => of.map(spelt).join(' '));
    const isRight = truth.every((value, j) => Math.round(own[j]) === value);
    return { truth: truthText, told: ownText, ...(areClasses && { right: isRight }) };
  });
  const size = imageSize(features);
  if (size) return { kind: 'images', ...size, pixels: scaled(values), samples: list };
  const n = rowLength(features);
  const { [features.name]: heads } = run.rows.heads ?? {};
  const names = heads ?? Array.from({ length: n }, (_, i) => (n === 1 ? features.name : `[${i}]`));
  return {
    kind: 'rows',
    of: features.name,
    names,
    samples: list.map((each, i) => ({ ...each, row: [...values.subarray(i * n, i * n + n)] })),
  };
}

/** Rows from all of the data: where they stand in the order of their classes, of each. */
function spread(data: Dataset): InputArrays {
  const count = Math.min(shown, data.rows);
  return taker(data, count)(Array.from({ length: count }, (_, i) => Math.floor((i * data.rows) / count)));
}

/** Height, width and channels of what is an image by its shape, or by as many numbers as a square has pixels. */
function imageSize(input: ModelInput): { width: number; height: number; channels: number } | undefined {
  const [, ...rest] = input.type.shape.map(({ size }) => constantOf(size) ?? NaN);
  if (rest.length === 1) {
    const width = Math.sqrt(rest[0]);
    return rest[0] >= 64 && Number.isInteger(width) ? { width, height: width, channels: 1 } : undefined;
  }
  const [a, b, c = 1] = rest;
  if (rest.length === 2) return { height: a, width: b, channels: 1 };
  // Channels stand first.
  return rest.length === 3 ? { channels: a, height: b, width: c } : undefined;
}

function scaled(values: InputArrays[string]): Float32Array {
  const all = Float32Array.from(values);
  const most = all.reduce((a, b) => Math.max(a, b), 0) || 1;
  return all.map((value) => value / most);
}

export function largest(values: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}

/** As they are where they are probabilities already, else softmax of them. */
function probabilities(values: Float32Array, k: number): Float32Array {
  if (values.every((value) => value >= 0 && value <= 1)) return values;
  const made = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += k) {
    const row = values.subarray(at, at + k);
    const most = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
    for (let i = 0; i < k; i++) made[at + i] = Math.exp(row[i] - most) / sum;
  }
  return made;
}

function spelt(value: number): string {
  return String(Number(value.toPrecision(3)));
}
