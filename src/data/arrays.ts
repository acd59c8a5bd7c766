// Arrays as files store them, to an input's rows: read in windows, checked and converted on the way.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import type { Column } from './columns.js';
import { makeArray, rowsOf, wrongValue, type InputArray } from './dataset.js';
import { bool, f32, takingOf, u8, type Element } from './elements.js';
import type { ByteReader } from './files.js';
import type { Stage, Store } from './store.js';

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
  stored: StoredArray,
  bytes: ByteReader,
  store: Store,
): Promise<Column> {
  const { place, shape, element, columnMajor = false } = stored;
  const count = lengthOf(shape);
  const rows = rowsOf(input, { place, shape, count });
  const narrow = element === u8 || element === bool;
  store.expect(place, count * (narrow ? 1 : 4));
  const writer = store.writer(input, place, narrow);
  if (!columnMajor || shape.length < 2) await readNumbers(input, stored, bytes, (part) => writer.append(part));
  else {
    const stage = store.stage(input, place, count);
    await readNumbers(input, stored, bytes, (part) => stage.append(part));
    turn(stage, shape, (part) => writer.append(part));
  }
  return writer.finish(rows);
}

/** Reads numbers in the order of the file, a window at a time; each window is gone at the next. */
async function readNumbers(
  input: ModelInput,
  { place, shape, element, little, columnMajor }: StoredArray,
  bytes: ByteReader,
  take: (part: InputArray) => void,
): Promise<void> {
  const count = lengthOf(shape);
  const { accepts, expected } = takingOf(input, element.integer);
  // Many numbers, but never more than there are: a small file that speaks of a large array takes no memory.
  const values = makeArray(input, Math.min(window, count), place);
  // Such bytes are the input's own.
  const as = element === f32 && little && input.type.element.kind === 'f32';
  const placeOf = columnMajor ? rowMajorPlace(shape) : (at: number) => at;
  for (let start = 0; start < count; start += window) {
    const length = Math.min(window, count - start);
    const part = await bytes.take(length * element.width);
    if (part.length < length * element.width)
      throw new Fault(dataMalformed({ place, reason: `the file ends inside an array of shape ${shown(shape)}` }));
    if (as) {
      new Uint8Array(values.buffer).set(part);
      for (let i = 0; i < length; i++)
        if (Number.isNaN(values[i])) throw wrongValue(input, `${place}, position ${placeOf(start + i)}`, NaN, expected);
      take(values.subarray(0, length));
      continue;
    }
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    for (let i = 0; i < length; i++) {
      const value = element.read(view, i * element.width, little);
      if (!accepts(value)) throw wrongValue(input, `${place}, position ${placeOf(start + i)}`, value, expected);
      values[i] = value;
    }
    take(values.subarray(0, length));
  }
}

/** Gives rows, one after another, of an array whose first index varies fastest: a run of a column at a time. */
function turn(stage: Stage, shape: readonly number[], take: (part: InputArray) => void): void {
  const [rows, ...rest] = shape;
  const length = lengthOf(rest);
  const most = Math.max(1, Math.floor(turned / Math.max(1, length)));
  const placeOf = rowMajorPlace(rest);
  const column = stage.room(Math.min(rows, most));
  const part = stage.room(Math.min(rows, most) * length);
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    for (let j = 0; j < length; j++) {
      stage.read(j * rows + first, column.subarray(0, count));
      const at = placeOf(j);
      for (let i = 0; i < count; i++) part[i * length + at] = column[i];
    }
    take(part.subarray(0, count * length));
  }
}

/** So many numbers are put into rows at once. */
const turned = 2 ** 22;

export function shown(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Where the element stands in an array whose last index varies fastest, which is the so many-th of one whose first index does. */
function rowMajorPlace(shape: readonly number[]): (at: number) => number {
  const strides = shape.map((_, axis) => lengthOf(shape.slice(axis + 1)));
  return (at) => {
    let rest = at;
    let place = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      place += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return place;
  };
}
