// The IDX format of the MNIST files: a type, the dimensions, then big-endian numbers.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { RawArray } from './dataset.js';
import type { DataFile } from './files.js';

type Reader = (view: DataView, offset: number) => number;

/** By the type code in the third byte: how wide a number is, and how it is read. */
const elements: Readonly<Record<number, { readonly width: number; readonly read: Reader }>> = {
  0x08: { width: 1, read: (view, at) => view.getUint8(at) },
  0x09: { width: 1, read: (view, at) => view.getInt8(at) },
  0x0b: { width: 2, read: (view, at) => view.getInt16(at) },
  0x0c: { width: 4, read: (view, at) => view.getInt32(at) },
  0x0d: { width: 4, read: (view, at) => view.getFloat32(at) },
  0x0e: { width: 8, read: (view, at) => view.getFloat64(at) },
};

/** Decodes an IDX file. */
export function decodeIdx({ name, bytes }: DataFile): RawArray {
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place: name, reason }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) throw malformed('this is not an IDX file');
  const element = elements[bytes[2]];
  if (!element) throw malformed(`0x${bytes[2].toString(16)} is not an element type of IDX`);
  const header = 4 + 4 * bytes[3];
  if (bytes.length < header) throw malformed('the file ends inside its header');
  const shape = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, size) => product * size, 1);
  const expected = header + count * element.width;
  if (bytes.length !== expected)
    throw malformed(`found ${bytes.length} bytes, expected ${expected} for the shape [${shape.join(', ')}]`);
  if (bytes[2] === 0x08) return { shape, values: bytes.subarray(header), place: name };
  const values = Float64Array.from({ length: count }, (_, i) => element.read(view, header + i * element.width));
  return { shape, values, place: name };
}
