// Arrays as files store them, to an input's rows: read in windows, checked and converted on the way.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { makeArray, rowsOf, wrongValue, type Rows } from './dataset.js';
import { f32, takingOf, type Element } from './elements.js';
import type { ByteReader } from './files.js';
import type { Memory } from './limits.js';

/** What a file says of an array before its numbers. */
export interface StoredArray {
  readonly place: string;
  readonly shape: readonly number[];
  readonly element: Element;
  readonly little: boolean;
  /** The first index varies fastest, as in Fortran. */
  readonly columnMajor?: boolean;
}

const window = 2 ** 16;

export function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Reads an array for an input. Where its shape does not fit nothing is read. */
export async function readArray(
  input: ModelInput,
  { place, shape, element, little, columnMajor = false }: StoredArray,
  bytes: ByteReader,
  memory: Memory,
): Promise<Rows> {
  const count = lengthOf(shape);
  const rows = rowsOf(input, { place, shape, count });
  const { accepts, expected } = takingOf(input, element.integer);
  const same = element === f32 && little && input.type.element.kind === 'f32' && !columnMajor;
  let values = makeArray(input, 0, place, memory);
  const placeAt = columnMajor ? rowMajorPlaces(shape) : undefined;
  for (let start = 0; start < count; start += window) {
    const length = Math.min(window, count - start);
    const part = await bytes.take(length * element.width);
    if (part.length < length * element.width)
      throw new Fault(dataMalformed({ place, reason: `the file ends inside an array of shape ${shown(shape)}` }));
    // A small file that speaks of a large array takes no memory.
    if (start === 0) values = makeArray(input, count, place, memory);
    if (same) {
      new Uint8Array(values.buffer).set(part, start * element.width);
      continue;
    }
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    for (let i = 0; i < length; i++) {
      const value = element.read(view, i * element.width, little);
      const at = placeAt ? placeAt() : start + i;
      if (!accepts(value)) throw wrongValue(input, `${place}, position ${at}`, value, expected);
      values[at] = value;
    }
  }
  return { rows, values };
}

export function shown(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Where one element after another of an array whose first index varies fastest stands in one whose last does. */
function rowMajorPlaces(shape: readonly number[]): () => number {
  const strides = shape.map((_, axis) => lengthOf(shape.slice(axis + 1)));
  const index = shape.map(() => 0);
  let place = -1;
  return () => {
    if (place < 0) return (place = 0);
    for (let axis = 0; axis < shape.length; axis++) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    return place;
  };
}
