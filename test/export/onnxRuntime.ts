// Exported files in ONNX Runtime, beside the trainers whose models they are.
import { InferenceSession, Tensor, type TypedTensor } from 'onnxruntime-node';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { bytesOf } from '../../src/export/onnx/protobuf.js';
import type { Model } from '../../src/export/onnx/model.js';
import { onnxModel, type Part } from '../../src/export/onnx/export.js';
import { check, type CheckOptions } from '../../src/index.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { problemsIn } from '../support/runnable.js';
import type { LoadedTrainer } from '../support/trainer.js';

export type Arrays = Readonly<Record<string, ArrayLike<number>>>;

/** An input as a trainer takes it: an array, or one with its shape. */
export type Fed = Readonly<
  Record<string, ArrayLike<number> | { readonly data: ArrayLike<number>; readonly shape: readonly number[] }>
>;

/** The tensors of a checkpoint, with their shapes. */
export interface Held {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export function modelOf(text: string, options: CheckOptions = {}, file = 'model.nn'): ModelGraph {
  const { model, diagnostics } = check({ file, text }, options);
  if (!model) throw new Error(problemsIn(diagnostics));
  return model;
}

/** All that a trainer would save. */
export function heldBy(trainer: Pick<LoadedTrainer, 'save'>): { held: Map<string, Held>; seed: number; draw: number } {
  const file = trainer.save({ optimizer: true });
  const { tensors, metadata } = readHeader(file, (why) => new Error(why));
  const held = [...tensors].map(([name, { dtype, shape, from, to }]): [string, Held] => {
    const part = file.slice(from, to).buffer;
    return [name, { shape, values: dtype === 'I32' ? new Int32Array(part) : new Float32Array(part) }];
  });
  return { held: new Map(held), seed: Number(metadata.seed ?? 0), draw: Number(metadata.draw ?? 0) };
}

/** The exported file, opened by the engine. */
export class Opened {
  private constructor(
    private readonly session: InferenceSession,
    private readonly types: ReadonlyMap<string, { readonly kind: string; readonly dims: readonly (number | string)[] }>,
  ) {}

  static async of(
    model: ModelGraph,
    trainer: Pick<LoadedTrainer, 'save'>,
    kind: Part['kind'],
    { opset = 20, updates }: { readonly opset?: number; readonly updates?: number } = {},
  ): Promise<Opened> {
    const { held, seed } = heldBy(trainer);
    const tensors = new Map([...held].map(([name, { values }]) => [name, values]));
    const part: Part = kind === 'step' ? { kind, updates, metadata: {} } : { kind, tensors, seed, metadata: {} };
    return Opened.model(onnxModel(model, part, opset));
  }

  static async model(made: Model): Promise<Opened> {
    const session = await InferenceSession.create(bytesOf(made), { logSeverityLevel: 3, intraOpNumThreads: 1 });
    const types = new Map(made.graph.inputs.map(({ name, type, dims }) => [name, { kind: type, dims }]));
    return new Opened(session, types);
  }

  get inputs(): readonly string[] {
    return [...this.types.keys()];
  }

  async predict(inputs: Fed): Promise<Arrays> {
    return this.run([...this.types.keys()].map((name) => [name, inputs[name]]));
  }

  /** One step from what is held, which it leaves as it will be. */
  async step(inputs: Fed, held: Map<string, Held>, seed: number, step: number): Promise<Record<string, number>> {
    const given = [...this.types.keys()].map((name): [string, Fed[string] | undefined] => {
      if (name === 'step' || name === 'seed') return [name, [name === 'step' ? step : seed]];
      const own = held.get(name);
      return [name, own ? { data: own.values, shape: own.shape } : inputs[name]];
    });
    const results = await this.run(given);
    for (const [name, { shape, values }] of held) {
      const next = results[`next:${name}`];
      held.set(name, {
        shape,
        values: values instanceof Float32Array ? Float32Array.from(next) : Int32Array.from(next),
      });
    }
    const told = Object.entries(results).filter(([name]) => !name.startsWith('next:'));
    return Object.fromEntries(told.map(([name, [value]]) => [name, value]));
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private async run(
    given: readonly [string, Fed[string] | undefined][],
  ): Promise<Record<string, ArrayLike<number> & Iterable<number>>> {
    const sizes = new Map<string, number>();
    const results = await this.session.run(
      Object.fromEntries(given.map(([name, value]) => [name, this.tensorOf(name, value, sizes)])),
    );
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from(data as ArrayLike<number | bigint>, Number)]),
    );
  }

  private tensorOf(name: string, value: Fed[string] | undefined, sizes: Map<string, number>): Tensor {
    const known = this.types.get(name);
    if (!known || value === undefined) throw new Error(`no value for ${name}`);
    const [data, given] = 'data' in value ? [value.data, value.shape] : [value, undefined];
    const shape = given ?? shapeOf(known.dims, data.length, sizes);
    if (known.kind === 'int64')
      return new Tensor(
        'int64',
        BigInt64Array.from(data as ArrayLike<number> & Iterable<number>, BigInt),
        shape,
      ) as TypedTensor<'int64'>;
    if (known.kind === 'bool') return new Tensor('bool', Uint8Array.from(data), shape);
    return new Tensor('float32', Float32Array.from(data), shape);
  }
}

/** The shape of an input by how many elements it has: one size may be unknown. */
function shapeOf(dims: readonly (number | string)[], length: number, sizes: Map<string, number>): number[] {
  const known = dims.map((d) => (typeof d === 'number' ? d : sizes.get(d)));
  const rest = length / known.reduce<number>((product, d) => product * (d ?? 1), 1);
  return dims.map((d, i) => {
    const size = known[i] ?? rest;
    if (typeof d === 'string') sizes.set(d, size);
    return size;
  });
}

/** Where numbers differ by more than 1e-5 of the largest. */
export function differences(want: Arrays, got: Arrays, tolerance = 1e-5): string[] {
  return Object.entries(want).flatMap(([name, values]) => {
    const found = got[name];
    if (!found || found.length !== values.length)
      return [`${name} has ${found?.length ?? 'no'} elements, not ${values.length}`];
    let largest = 0;
    for (let i = 0; i < values.length; i++)
      if (Number.isFinite(values[i])) largest = Math.max(largest, Math.abs(values[i]));
    for (let i = 0; i < values.length; i++) {
      const same =
        Object.is(Number(values[i]), found[i]) || Math.abs(values[i] - found[i]) <= tolerance * Math.max(largest, 1e-4);
      if (!same) return [`${name}[${i}] is ${found[i]}, not ${values[i]} (of ${largest})`];
    }
    return [];
  });
}
