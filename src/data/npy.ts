// NumPy's .npy arrays and the .npz archives of them.
import { unzipSync } from 'fflate';
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { RawArray } from './dataset.js';
import type { DataFile } from './files.js';

type Reader = (view: DataView, offset: number, little: boolean) => number;

/** By NumPy's letter and width. */
const elements: Readonly<Record<string, Reader>> = {
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

/** Decodes one array. */
export function decodeNpy({ name, bytes }: DataFile): RawArray {
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place: name, reason }));
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || text(1, 6) !== 'NUMPY') throw malformed('this is not a .npy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, start] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = text(start, Math.min(start + length, start + 10_000));
  const type = /'descr':\s*'([<>|=]?)([a-z])(\d+)'/.exec(header);
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header);
  if (!type || !dimensions) throw malformed('its header names no plain number type and shape');
  if (/'fortran_order':\s*True/.test(header))
    throw malformed('the array is stored column by column; save np.ascontiguousarray of it');
  const read = elements[type[2] + type[3]];
  if (!read) throw malformed(`arrays of ${type[2]}${type[3]} are not supported`);
  const shape = dimensions[1]
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const width = Number(type[3]);
  const count = shape.reduce((product, size) => product * size, 1);
  const offset = start + length;
  if (bytes.length < offset + count * width)
    throw malformed(
      `found ${bytes.length} bytes, expected ${offset + count * width} for the shape [${shape.join(', ')}]`,
    );
  const little = type[1] !== '>';
  return {
    shape,
    values: Float64Array.from({ length: count }, (_, i) => read(view, offset + i * width, little)),
    place: name,
  };
}

/** Decodes an archive: its arrays by name. */
export function decodeNpz({ name, bytes }: DataFile): ReadonlyMap<string, RawArray> {
  const entries = unzipped(name, bytes);
  const arrays = Object.entries(entries).filter(([entry]) => entry.endsWith('.npy'));
  return new Map(
    arrays.map(([entry, content]) => [entry.slice(0, -4), decodeNpy({ name: `${name}, ${entry}`, bytes: content })]),
  );
}

function unzipped(name: string, bytes: Uint8Array): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch {
    throw new Fault(dataMalformed({ place: name, reason: 'this is not a .npz archive, or it is damaged' }));
  }
}
