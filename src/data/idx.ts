// The IDX format of the MNIST files: a type, the dimensions, then big-endian numbers.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { readArray, shown } from './arrays.js';
import type { Column } from './columns.js';
import { f32, f64, i16, i32, i8, u8, type Element } from './elements.js';
import type { ByteReader } from './files.js';
import type { Store } from './store.js';

/** By the type code in the third byte. */
const elements: ReadonlyMap<number, Element> = new Map([
  [0x08, u8],
  [0x09, i8],
  [0x0b, i16],
  [0x0c, i32],
  [0x0d, f32],
  [0x0e, f64],
]);

/** Reads an IDX file for an input. */
export async function readIdx(input: ModelInput, place: string, bytes: ByteReader, store: Store): Promise<Column> {
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place, reason }));
  const start = await bytes.take(4);
  if (start.length < 4 || start[0] !== 0 || start[1] !== 0) throw malformed('this is not an IDX file');
  const element = elements.get(start[2]);
  if (!element) throw malformed(`0x${start[2].toString(16)} is not an element type of IDX`);
  const sizes = await bytes.take(4 * start[3]);
  if (sizes.length < 4 * start[3]) throw malformed('the file ends inside its header');
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength);
  const shape = Array.from({ length: start[3] }, (_, i) => view.getUint32(4 * i));
  const rows = await readArray(input, { place, shape, element, little: false }, bytes, store);
  if ((await bytes.take(1)).length > 0) throw malformed(`the file goes on after an array of shape ${shown(shape)}`);
  return rows;
}
