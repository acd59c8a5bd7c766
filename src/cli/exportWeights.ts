// What `nnc export` is asked for, and the tensors that it starts from.
import { readHeader } from '../codegen/runtime/safetensors.js';
import type { Exported } from './exportSource.js';
import type { ModelOptions } from './modelOptions.js';
import { readCheckpoint, loadTrainer } from './runs/checkpoint.js';
import { trainerOf } from './trainer.js';

export interface ExportOptions extends ModelOptions {
  readonly onnx?: string;
  readonly stablehlo?: string;
  readonly batch?: number;
  readonly opset: number;
  readonly step?: boolean;
  readonly updates?: number;
  readonly initial?: string;
  readonly checkpoint?: string;
}

/** What a trainer of the model holds: that of a checkpoint, or as training begins. */
export interface Weights {
  /** As a checkpoint with all that an optimizer remembers. */
  readonly file: Uint8Array;
  /** The same by their names. */
  readonly tensors: ReadonlyMap<string, Float32Array | Int32Array>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the checkpoint that was read. */
  readonly given: Readonly<Record<string, string>>;
}

/** Of a run without another checkpoint: its best. */
export async function weightsOf(
  { model, source, overrides, read, run }: Exported,
  { checkpoint = run?.weights }: ExportOptions,
): Promise<Weights> {
  const file = checkpoint === undefined ? undefined : readCheckpoint(checkpoint);
  const trainer = await trainerOf(source, { ...overrides, read });
  if (checkpoint !== undefined && file) await loadTrainer(checkpoint, model.name, trainer, file);
  const bytes = await trainer.save({ optimizer: true });
  trainer.dispose();
  const { metadata, tensors } = readHeader(bytes, (why) => new Error(why));
  return {
    file: bytes,
    tensors: new Map(
      [...tensors].map(([name, { dtype, from, to }]) => {
        const part = bytes.slice(from, to).buffer;
        return [name, dtype === 'I32' ? new Int32Array(part) : new Float32Array(part)];
      }),
    ),
    metadata,
    given: file ? readHeader(file, (why) => new Error(why)).metadata : {},
  };
}
