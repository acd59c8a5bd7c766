// The models whose modules were run under JAX, the rows that they were given, and what was recorded.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exportModules, type Exported } from '../../../src/export/stablehlo/modules.js';
import { check } from '../../../src/index.js';
import { constantOf } from '../../../src/ir/index.js';
import type { ModelGraph, ModelInput } from '../../../src/ir/model.js';
import { cases } from '../../reference/reference.js';
import { problemsIn, runnableText } from '../../support/runnable.js';
import { importCode, type LoadedTrainer } from '../../support/trainer.js';

const root = resolve(import.meta.dirname, '../../..');

/** Rows in a batch: a multiple of eight, so that eight devices share them. */
export const batch = 16;

/** Steps of a model that are compared. */
export const steps = 10;

const example = (path: string, scale = 1): readonly [string, number] => [`examples/${path}.nn`, scale];

/** By path, how large the numbers of its inputs are: grey values are. */
export const models: ReadonlyMap<string, number> = new Map([
  ...cases.map((name) => [`test/reference/cases/${name}.nn`, 1] as const),
  example('absolute/absolute'),
  example('autoencoder/autoencoder', 255),
  example('breast-cancer-sized/cells'),
  example('cart-pole/cart-pole'),
  example('contrastive/contrast', 255),
  example('contrastive/probe', 255),
  example('distillation/student', 255),
  example('distillation/teacher', 255),
  example('draw/digits', 255),
  example('gan/gan', 255),
  example('gru/gru'),
  example('gru/writer'),
  example('iris/iris'),
  example('lenet/lenet', 255),
  example('line/line'),
  example('logistic/logistic'),
  example('lora/digits', 255),
  example('mnist/mnist', 255),
  example('moby-dick/moby-dick'),
  example('node/line'),
  example('oscillator/oscillator'),
  example('recommender/recommender'),
  example('siamese/siamese', 255),
  example('spirals/spirals'),
  example('textbook/textbook'),
  example('vae/vae', 255),
  example('xor-single-layer/xor-single-layer'),
  example('xor/xor'),
]);

export interface Given {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** A model, as it is exported and as it trains. */
export interface Opened {
  readonly model: ModelGraph;
  readonly exported: Exported;
  /** Calls of step from one on: inputs by name. */
  fed(step: number, rows?: number): Readonly<Record<string, Given>>;
  trainer(): Promise<LoadedTrainer>;
}

export function open(path: string): Opened {
  const text = readFileSync(join(root, path), 'utf8');
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(root, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const { model, diagnostics } = check({ file: path, text }, { read });
  if (!model) throw new Error(problemsIn(diagnostics));
  const scale = models.get(path) ?? 1;
  return {
    model,
    exported: exportModules(model, batch),
    fed: (step, rows = batch) =>
      Object.fromEntries(model.inputs.map((input, i) => [input.name, arrayOf(input, rows, scale, [i, step])])),
    async trainer() {
      const { createTrainer } = await importCode(await runnableText(text, { read }, path));
      return createTrainer({ batch, updates: steps });
    },
  };
}

function arrayOf({ type }: ModelInput, rows: number, scale: number, key: readonly [number, number]): Given {
  const shape = type.shape.map(({ size }) => constantOf(size) ?? rows);
  const length = shape.reduce((product, n) => product * n, 1);
  const unit = (_: unknown, i: number): number => shareAt(i, ...key);
  const { element } = type;
  switch (element.kind) {
    case 'f32':
      return { data: Float32Array.from({ length }, (_, i) => scale * unit(_, i)), shape };
    case 'index': {
      const size = constantOf(element.size) ?? rows;
      return { data: Int32Array.from({ length }, (_, i) => Math.floor(size * unit(_, i))), shape };
    }
    case 'bool':
      return { data: Uint8Array.from({ length }, (_, i) => Number(unit(_, i) < 0.5)), shape };
    default:
      return element satisfies never;
  }
}

/** A number in [0, 1) that follows from where it stands. */
function shareAt(element: number, input: number, step: number): number {
  let word =
    Math.imul(element + 1, 2654435761) ^ Math.imul(input + 1, 0x9e3779b1 ^ 40503) ^ Math.imul(step + 1, 374761393);
  word = Math.imul(word ^ (word >>> 15), 2246822519);
  word = Math.imul(word ^ (word >>> 13), 3266489917);
  return ((word ^ (word >>> 16)) >>> 8) / 2 ** 24;
}

/** What tells texts apart. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What was recorded under JAX: see record.py. */
export interface Recorded {
  readonly versions: Readonly<Record<string, string>>;
  /** Of train.py. */
  readonly script: string;
  readonly models: Readonly<Record<string, RecordedModel>>;
  /** By name of an operation and number of its sample: the elements of its result. */
  readonly samples: { readonly module: string; readonly results: Readonly<Record<string, readonly number[]>> };
  /** The metrics of one epoch of mnist by two processes. */
  readonly hosts: { readonly loss: number; readonly accuracy: number };
  /** What train.py said, by what it was given. */
  readonly messages: Readonly<Record<string, readonly [status: number, firstLine: string, errors: string]>>;
}

export interface RecordedModel {
  /** Digests of modules by name. */
  readonly modules: Readonly<Record<string, string>>;
  /** By how many devices: what each step reported. */
  readonly losses: Readonly<Record<'1' | '8', readonly Readonly<Record<string, number>>[]>>;
  /** By output, the sum of its elements and of their squares, by one device. */
  readonly outputs: Readonly<Record<string, readonly [sum: number, squares: number]>>;
  /** What evaluation reported before the first step. */
  readonly evaluated: Readonly<Record<string, number>>;
  /** A checkpoint that train.py wrote after the last step, in base64, and what the steps behind it reported. */
  readonly checkpoint?: { readonly file: string; readonly losses: readonly Readonly<Record<string, number>>[] };
}

export function recorded(): Recorded {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8')) as Recorded;
}
