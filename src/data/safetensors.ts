// The safetensors format: a JSON header that says where each tensor's bytes lie.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { RawArray } from './dataset.js';
import type { DataFile } from './files.js';

type Reader = (view: DataView, offset: number) => number;

const elements: Readonly<Record<string, { readonly width: number; readonly read: Reader }>> = {
  BOOL: { width: 1, read: (view, at) => view.getUint8(at) },
  U8: { width: 1, read: (view, at) => view.getUint8(at) },
  I8: { width: 1, read: (view, at) => view.getInt8(at) },
  I16: { width: 2, read: (view, at) => view.getInt16(at, true) },
  U16: { width: 2, read: (view, at) => view.getUint16(at, true) },
  I32: { width: 4, read: (view, at) => view.getInt32(at, true) },
  U32: { width: 4, read: (view, at) => view.getUint32(at, true) },
  I64: { width: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  F32: { width: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { width: 8, read: (view, at) => view.getFloat64(at, true) },
};

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Decodes every tensor of a file, by name. */
export function decodeSafetensors({ name, bytes }: DataFile): ReadonlyMap<string, RawArray> {
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place: name, reason }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw malformed('this is not a safetensors file');
  const header = parsedHeader(bytes.subarray(8, 8 + length));
  if (!header) throw malformed('its header is damaged');
  const start = 8 + length;
  const arrays = new Map<string, RawArray>();
  for (const [tensor, entry] of Object.entries(header)) {
    if (tensor === '__metadata__') continue;
    if (!isEntry(entry)) throw malformed(`its header describes the tensor ${tensor} wrongly`);
    const element = elements[entry.dtype];
    if (!element) throw malformed(`tensors of ${entry.dtype} are not supported (${tensor})`);
    const count = entry.shape.reduce((product, size) => product * size, 1);
    const [from, to] = entry.data_offsets;
    if (to - from !== count * element.width || start + to > bytes.length)
      throw malformed(`the tensor ${tensor} ends outside the file`);
    const values = Float64Array.from({ length: count }, (_, i) => element.read(view, start + from + i * element.width));
    arrays.set(tensor, { shape: entry.shape, values, place: `${name}, ${tensor}` });
  }
  return arrays;
}

function parsedHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof header === 'object' && header !== null ? { ...header } : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is Entry {
  if (typeof entry !== 'object' || entry === null) return false;
  if (!('dtype' in entry) || !('shape' in entry) || !('data_offsets' in entry)) return false;
  return typeof entry.dtype === 'string' && isNumbers(entry.shape) && isNumbers(entry.data_offsets);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((part) => Number.isInteger(part) && part >= 0);
}
