// A checkpoint of anybody's: its tensors by the parts of their names, and their numbers as f32.
import { readHeader, type StoredTensor } from '../../codegen/runtime/safetensors.js';
import { safetensorsTypes } from '../../data/elements.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { checkpointUnreadable } from '../../diagnostics/runs.js';
import { checkpointOverflow, checkpointUnread } from '../../diagnostics/weights.js';

/** A tensor of the file. */
export interface Foreign extends StoredTensor {
  readonly name: string;
  /** The parts of its name, without what frameworks add to them. */
  readonly parts: readonly string[];
  /** What its file calls the tensor that it was made of, where that is not its name. */
  readonly of?: string;
}

export interface Checkpoint {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly tensors: readonly Foreign[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Throws a Fault where it is no safetensors file, or a damaged one. */
export function checkpointIn(file: string, bytes: Uint8Array): Checkpoint {
  const { metadata, tensors } = readHeader(bytes, (reason) => new Fault(checkpointUnreadable({ file, reason })));
  const list = [...tensors].map(([name, stored]): Foreign => ({ name, ...stored, parts: partsOf(name) }));
  return { file, bytes, metadata, tensors: list };
}

/** Cells, wrappers and originals that frameworks put into names, and which say nothing of what is meant. */
const between: ReadonlySet<string> = new Set([
  'base_layer',
  'default',
  'parametrizations',
  'lstm_cell',
  'gru_cell',
  'simple_rnn_cell',
]);

/** `encoder.lstm.weight_ih_l1_reverse` as [encoder, lstm, l1_reverse, weight_ih]. */
export function partsOf(name: string): readonly string[] {
  const all = name.replace(/:0$/, '').split(/[./]/);
  const parts = all.filter((part, i) => i === all.length - 1 || !between.has(part));
  const last = parts.at(-1) ?? '';
  const recurrent = /^((?:weight|bias)_[ih]h)_(l\d+(?:_reverse)?)$/.exec(last);
  if (recurrent) return [...parts.slice(0, -1), recurrent[2], recurrent[1]];
  // The weight beneath spectral_norm and weight_norm.
  if (last === 'weight_orig') return [...parts.slice(0, -1), 'weight'];
  return last === 'original' && parts.at(-2) === 'weight' ? parts.slice(0, -1) : parts;
}

/** A module as its file spells it, of one of its tensors: `encoder.lstm` of encoder.lstm.weight_ih_l0, `encoder.lstm.l1` of the next layer. */
export function moduleName(name: string, module: readonly string[]): string {
  const layer = /^l\d+(_reverse)?$/.test(module.at(-1) ?? '') ? module.at(-1) : undefined;
  const count = module.length - (layer === undefined ? 0 : 1);
  let found = '';
  let seen = 0;
  for (const [, separator, part] of name.matchAll(/(^|[./])([^./]*)/g)) {
    if (seen === count) break;
    found += separator + part;
    if (!between.has(part)) seen += 1;
  }
  return layer === undefined || layer === 'l0' ? found : `${found}.${layer}`;
}

/** What weights are read from. */
export const weightTypes: readonly string[] = ['F32', 'F64', 'F16', 'BF16', 'I32', 'I64'];

/** Its numbers, rounded to f32. Throws a Fault where one is too large for that. */
export function numbersOf({ file, bytes }: Checkpoint, { name, dtype, from, to }: Foreign): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.slice(from, to).buffer);
  const kind = weightTypes.includes(dtype) ? safetensorsTypes.get(dtype) : undefined;
  if (!kind) throw new Fault(checkpointUnread({ file, name, dtype }));
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, to - from);
  return Float32Array.from({ length: (to - from) / kind.width }, (_, i) => {
    const value = kind.read(view, i * kind.width, true);
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
      throw new Fault(checkpointOverflow({ file, name, value, dtype: 'F32' }));
    return value;
  });
}

/** Refuses numbers of a tensor that become infinite in a type of 16 bits; `file`: where they come from. */
export function requireRange(numbers: Float32Array, dtype: string, file: string, name: string): void {
  const bitsOf = dtype === 'F16' ? halfBits : dtype === 'BF16' ? upperHalf : undefined;
  if (!bitsOf) return;
  const infinite = bitsOf(Infinity);
  const value = numbers.find((each) => Number.isFinite(each) && bitsOf(Math.abs(each)) === infinite);
  if (value !== undefined) throw new Fault(checkpointOverflow({ file, name, value, dtype }));
}

/** Numbers as bytes of a type, the nearest that it has. */
export function bytesOf(numbers: Float32Array, dtype: string): Uint8Array {
  const width = safetensorsTypes.get(dtype)?.width ?? 4;
  const bytes = new Uint8Array(numbers.length * width);
  const view = new DataView(bytes.buffer);
  numbers.forEach((value, i) => {
    if (dtype === 'F16') view.setUint16(2 * i, halfBits(value), true);
    else if (dtype === 'BF16') view.setUint16(2 * i, upperHalf(value), true);
    else if (dtype === 'F64') view.setFloat64(8 * i, value, true);
    else view.setFloat32(4 * i, value, true);
  });
  return bytes;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a 32-bit float, to the nearest, ties to even. */
function upperHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** A 16-bit float, to the nearest, ties to even. */
function halfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(value)) return sign | 0x7e00;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  // Steps of the half at this exponent; rounding may carry into the next, as it should.
  const steps = size / 2 ** (exponent - 10);
  const down = Math.floor(steps);
  const rest = steps - down;
  const whole = down + (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? 1 : 0);
  return sign | (whole >= 1024 ? ((exponent + 14) << 10) + whole : whole);
}

/** A tensor as it goes to a file of any type of numbers. */
export interface Written {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A safetensors file of tensors of any type, in this order. */
export function checkpointOf(tensors: readonly Written[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let end = 0;
  const header: Record<string, object> = { __metadata__: metadata };
  for (const { name, dtype, shape, bytes } of tensors)
    header[name] = { dtype, shape, data_offsets: [end, (end += bytes.length)] };
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces bring the numbers to a multiple of eight bytes.
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(text, 8);
  let at = start;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
