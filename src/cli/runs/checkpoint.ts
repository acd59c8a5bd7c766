// What a run's checkpoints say beside their tensors: where the run stands, and what numbers of an index stand for.
import { readFileSync } from 'node:fs';
import { readHeader } from '../../codegen/runtime/safetensors.js';
import type { RunState } from '../../codegen/runtime/fit.js';
import type { Words } from '../../data/dataset.js';
import { reasonOf } from '../../data/files.js';
import { noteRead } from '../../data/reads.js';
import { checkpointMisfit, checkpointUnreadable } from '../../diagnostics/runs.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { weightTypes } from '../../import/weights/stored.js';
import type { Best } from './record.js';

/** Where a run stands. */
export interface Position {
  readonly state: RunState;
  readonly best?: Best;
  /** Calls of step that it has made. */
  readonly calls: number;
  /** Steps that steps.jsonl does not tell of yet. */
  readonly recent?: Recent;
}

/** Losses of steps, added up by name, and how many steps those are. */
export interface Recent {
  of: Record<string, number>;
  count: number;
}

type Metadata = Readonly<Record<string, string>>;

/** The same tensors with more metadata. */
export function withMetadata(file: Uint8Array, more: Metadata): Uint8Array {
  const { header, start } = partsOf(file);
  const { __metadata__: metadata, ...entries } = header;
  return assembled(
    { __metadata__: { ...(metadata as Metadata | undefined), ...more }, ...entries },
    file.subarray(start),
  );
}

/** The weights and states alone: an optimizer begins anew with them. */
export function weightsOf(
  path: string,
  file: Uint8Array,
): { readonly file: Uint8Array; readonly names: readonly string[] } {
  const { tensors, metadata } = readHeader(file, (reason) => new Fault(checkpointUnreadable({ file: path, reason })));
  const kept = [...tensors].filter(([name]) => !name.startsWith('optimizer/'));
  let end = 0;
  const entries = kept.map(([name, { dtype, shape, from, to }]): [string, object] => [
    name,
    { dtype, shape, data_offsets: [end, (end += to - from)] },
  ]);
  const { format = '', model = '' } = metadata;
  const header = Object.fromEntries([['__metadata__', { format, model }], ...entries]);
  const bytes = Buffer.concat(kept.map(([, { from, to }]) => file.subarray(from, to)));
  return { file: assembled(header, bytes), names: kept.map(([name]) => name) };
}

function partsOf(file: Uint8Array): { readonly header: Record<string, unknown>; readonly start: number } {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start))) as Record<string, unknown>;
  return { header, start };
}

function assembled(header: object, tensors: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Spaces bring the numbers to a multiple of eight bytes.
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + tensors.length).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  file.set(tensors, start);
  return file;
}

export function positionText(position: Position): string {
  return JSON.stringify(position, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value,
  );
}

/** Where a checkpoint's run stands; undefined where it does not tell. */
export function positionIn(path: string, file: Uint8Array): Position | undefined {
  const text = metadataOf(path, file).position;
  if (text === undefined) return undefined;
  try {
    const position = JSON.parse(text, (_, value: unknown) =>
      value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value,
    ) as Position;
    const { state } = position;
    const whole = [state.epoch, state.step, state.before, state.worse, state.sums.seen];
    if (!whole.every((n) => Number.isSafeInteger(n) && n >= 0)) throw new TypeError();
    Object.setPrototypeOf(state.sums.of, null);
    if (position.recent) Object.setPrototypeOf(position.recent.of, null);
    return position;
  } catch {
    throw new Fault(checkpointUnreadable({ file: path, reason: 'its metadata do not say where the run stands' }));
  }
}

/** What numbers of an index stand for. */
export function classesIn(path: string, file: Uint8Array): Words {
  const text = metadataOf(path, file).classes;
  if (text === undefined) return {};
  try {
    const words: unknown = JSON.parse(text);
    return words as Words;
  } catch {
    throw new Fault(checkpointUnreadable({ file: path, reason: 'its classes are not JSON' }));
  }
}

function metadataOf(path: string, file: Uint8Array): Metadata {
  return readHeader(file, (reason) => new Fault(checkpointUnreadable({ file: path, reason }))).metadata;
}

/** A checkpoint's bytes; what cannot be read, or is none, is said of its path. */
export function readCheckpoint(path: string): Uint8Array {
  let file: Uint8Array;
  try {
    noteRead(path);
    file = readFileSync(path);
  } catch (error) {
    throw new Fault(checkpointUnreadable({ file: path, reason: reasonOf(error) }));
  }
  metadataOf(path, file);
  return file;
}

/** Of these `nnc weights` makes what a trainer takes, F32 and I32. */
const convertible = weightTypes.filter((dtype) => dtype !== 'F32' && dtype !== 'I32');

/** Gives a checkpoint to a trainer, which refuses what does not fit its model. */
export async function loadTrainer(
  path: string,
  model: string,
  trainer: { load(file: Uint8Array): void | Promise<void> },
  file: Uint8Array,
): Promise<void> {
  try {
    await trainer.load(file);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const { tensors } = readHeader(file, (reason) => new Fault(checkpointUnreadable({ file: path, reason })));
    const converted = [...tensors.values()].map(({ dtype }) => dtype).find((dtype) => convertible.includes(dtype));
    throw new Fault(checkpointMisfit({ file: path, model, reason: error.message, converted }));
  }
}
