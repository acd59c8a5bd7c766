// The recorded numbers and how they are compared: an element is right when it differs by at most atol * scale + rtol * |expected|.
import { readFileSync } from 'node:fs';

export interface TensorRecord {
  readonly dtype?: 'f32' | 'index' | 'bool';
  readonly type?: string;
  readonly shape: number[];
  readonly data: number[];
  readonly batched?: boolean;
  readonly shaped?: boolean;
}

export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
  readonly scale: 'group' | 'tensor';
}

export type Tensors = Record<string, TensorRecord>;

export interface CaseRecord {
  readonly model: string;
  readonly set: Record<string, number>;
  readonly inputs: Tensors;
  readonly other_batch?: number[];
  readonly other_inputs?: Tensors;
  readonly step_rows?: number[][];
  readonly accumulate?: number;
  readonly predict_inputs: string[];
  readonly parameters: Tensors;
  readonly constant: string[];
  readonly frozen: string[];
  readonly expected: {
    readonly evaluate: Record<string, number>;
    readonly outputs: Tensors;
    readonly loss: number;
    readonly losses: Record<string, number>;
    readonly metrics: Record<string, number>;
    readonly gradients: Tensors;
    readonly trajectory: number[];
    readonly parameters_after: Tensors;
    readonly state_after?: Tensors;
    readonly evaluate_after: Record<string, number>;
    readonly other_batch: { readonly evaluate: Record<string, number>; readonly outputs: Tensors };
  };
  readonly tolerance: Tolerance;
}

export interface OpRecord {
  readonly name: string;
  readonly before?: string;
  readonly expr: string;
  readonly inputs: Record<string, TensorRecord & { readonly type: string }>;
  readonly value: TensorRecord;
  readonly w?: TensorRecord;
  readonly gradients: Tensors;
}

/** The recorded models that the compiler takes. */
export const cases = [
  'rnn',
  'scan_final',
  'activations',
  'attention_causal',
  'attention_memory',
  'batch_norm_net',
  'convnet',
  'embedding_mean',
  'layer_norm_net',
  'losses',
  'mlp_gelu_adamw',
  'mlp_relu_adam',
  'siamese',
  'softmax_regression',
  'textbook',
  'textbook_xor',
  'xor_tanh',
];

const here = new URL('.', import.meta.url);

export function readCase(name: string): CaseRecord {
  return JSON.parse(readFileSync(new URL(`cases/${name}.json`, here), 'utf8'));
}

export function casePath(file: string): string {
  return new URL(`cases/${file}`, here).pathname;
}

/** Of ops.json: every function. Of forms.json: their options in every form, several axes, ranks, and sizes of 1. */
export function readOps(file: 'ops.json' | 'forms.json' | 'extremes.json'): { readonly tolerance: Tolerance; readonly ops: OpRecord[] } {
  return JSON.parse(readFileSync(new URL(file, here), 'utf8'));
}

const largest = (data: readonly number[]): number => data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** The first place where `got` is not right, in words; undefined where all is. */
export function difference(what: string, want: readonly number[], got: ArrayLike<number> | undefined, tolerance: Tolerance, scale: number): string | undefined {
  if (!got) return `${what} is missing`;
  if (got.length !== want.length) return `${what} has ${got.length} elements, expected ${want.length}`;
  for (let i = 0; i < want.length; i++) {
    const allowed = tolerance.atol * scale + tolerance.rtol * Math.abs(want[i]);
    if (!(Math.abs(Number(got[i]) - want[i]) <= allowed)) return `${what}[${i}]: expected ${want[i]}, got ${got[i]} (allowed ±${allowed})`;
  }
  return undefined;
}

/** Every difference between named numbers. */
export function numbersDiffer(what: string, want: Record<string, number>, got: Record<string, number>, tolerance: Tolerance): string[] {
  const scale = Math.min(1, largest(Object.values(want)));
  return Object.entries(want).flatMap(([name, value]) => difference(`${what} ${name}`, [value], name in got ? [got[name]] : undefined, tolerance, scale) ?? []);
}

/** Every difference between named tensors. */
export function tensorsDiffer(what: string, want: Tensors, got: Record<string, ArrayLike<number>>, tolerance: Tolerance, each = tolerance.scale === 'tensor'): string[] {
  const group = largest(Object.values(want).map((t) => largest(t.data)));
  return Object.entries(want).flatMap(
    ([name, tensor]) => difference(`${what} ${name}`, tensor.data, got[name], tolerance, Math.min(1, each ? largest(tensor.data) : group)) ?? [],
  );
}

const arrays = { f32: Float32Array, index: Int32Array, bool: Uint8Array };

/** What is passed to a trainer: typed arrays by input name, with a shape where the record says so. */
export function inputsOf(inputs: Tensors, names: readonly string[] = Object.keys(inputs)): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => {
      const t = inputs[name];
      const data = arrays[t.dtype ?? 'f32'].from(t.data);
      return [name, t.shaped ? { data, shape: t.shape } : data];
    }),
  );
}

/** The same inputs with other rows of the batch. */
export function takeRows(inputs: Tensors, rows: readonly number[]): Tensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => {
      if (!t.batched) return [name, t];
      const size = t.data.length / t.shape[0];
      return [name, { ...t, shape: [rows.length, ...t.shape.slice(1)], data: rows.flatMap((r) => t.data.slice(r * size, (r + 1) * size)) }];
    }),
  );
}
