// NumPy's .npy arrays and the .npz archives of them.
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { shortened } from '../diagnostics/quote.js';
import type { ModelInput } from '../ir/model.js';
import { lengthOf, readArray, shown, type StoredArray } from './arrays.js';
import type { Column } from './columns.js';
import type { Words } from './dataset.js';
import * as elements from './elements.js';
import type { Element } from './elements.js';
import { reading, type Archive, type ByteReader } from './files.js';
import type { Limits } from './limits.js';
import type { Store } from './store.js';
import { parseLiteral } from './python.js';
import { classesOf, listed, requireAll, tooMany } from './words.js';
import { chunksOfEntry, entriesOf } from './zip.js';

/** By NumPy's letter and width, and by the other names that it takes for them. */
const types: ReadonlyMap<string, Element> = new Map(
  (
    [
      ['b1 ? bool', elements.bool],
      ['u1 B uint8', elements.u8],
      ['i1 b int8', elements.i8],
      ['u2 H uint16', elements.u16],
      ['i2 h int16', elements.i16],
      ['u4 I uint32', elements.u32],
      ['i4 i int32', elements.i32],
      ['u8 L Q uint64', elements.u64],
      ['i8 l q int64', elements.i64],
      ['f2 e float16', elements.f16],
      ['f4 f float32', elements.f32],
      ['f8 d float64 float', elements.f64],
    ] as const
  ).flatMap(([names, element]) => names.split(' ').map((name) => [name, element] as const)),
);

/** No header of numbers is as long; those of tables with many fields may be. */
const longestHeader = 2 ** 20;

/** Reads one array for an input. `size`: bytes of the whole, where they are known. */
export async function readNpy(
  input: ModelInput,
  place: string,
  bytes: ByteReader,
  store: Store,
  size?: number,
): Promise<Column> {
  const { array, start } = await readHeader(place, bytes);
  const expected = start + lengthOf(array.shape) * array.element.width;
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place, reason }));
  if (size !== undefined && size !== expected)
    throw malformed(`found ${size} bytes, expected ${expected} for the shape ${shown(array.shape)}`);
  const rows = await readArray(input, array, bytes, store);
  if ((await bytes.take(1)).length > 0)
    throw malformed(`the file goes on after an array of shape ${shown(array.shape)}`);
  return rows;
}

/**
 * Reads the arrays of an archive that inputs ask for, by the name that each asks for, and what their numbers stand for, where it tells as
 * `nnc data` does: texts called NAME.words. What nobody asks for is not unpacked.
 */
export async function readNpz(
  archive: Archive,
  wanted: ReadonlyMap<ModelInput, string>,
  store: Store,
  { limits, words: before }: { readonly limits: Limits; readonly words: Words },
): Promise<{ readonly columns: ReadonlyMap<string, Column>; readonly words: Words }> {
  const entries = await entriesOf(archive);
  const columns = new Map<string, Column>();
  const words: Record<string, readonly string[]> = Object.create(null);
  const readEntry = async <T>(name: string, read: (bytes: ByteReader, place: string, size: number) => Promise<T>) => {
    const [entry, ...more] = entries.filter((each) => each.name === `${name}.npy` || each.name === name);
    if (!entry) return undefined;
    const place = `${archive.name}, ${entry.name}`;
    if (more.length > 0) throw new Fault(dataMalformed({ place, reason: 'the archive holds two arrays of this name' }));
    return reading(chunksOfEntry(archive, entry, limits), (bytes) => read(bytes, place, entry.size));
  };
  for (const [input, name] of wanted) {
    const column = await readEntry(name, (bytes, place, size) => readNpy(input, place, bytes, store, size));
    if (!column) continue;
    columns.set(input.name, column);
    if (input.type.element.kind !== 'index') continue;
    const own = await readEntry(`${name}.words`, (bytes, place) => readWords(input, place, bytes));
    if (!own) continue;
    const known = Object.hasOwn(before, input.name) ? before[input.name] : own;
    if (known.join('\0') !== own.join('\0'))
      throw new Fault(
        dataMalformed({
          place: `${archive.name}, ${name}.words`,
          reason: `numbers stand for ${listed(own).join(', ')} there, and for ${listed(known).join(', ')} in what was trained`,
        }),
      );
    words[input.name] = own;
  }
  return { columns, words };
}

/** What numbers of an input stand for; undefined where the array holds no texts. */
async function readWords(input: ModelInput, place: string, bytes: ByteReader): Promise<readonly string[] | undefined> {
  const { shape, descriptor } = await readFields(place, bytes);
  const width = Number(/^<U(\d+)$/.exec(String(descriptor))?.[1]);
  if (!(width >= 1) || shape.length !== 1) return undefined;
  const [count, classes] = [shape[0], classesOf(input)];
  const words: string[] = [];
  for (let i = 0; i < count; i++) {
    const part = Buffer.from(await bytes.take(4 * width));
    if (part.length < 4 * width)
      throw new Fault(dataMalformed({ place, reason: `the file ends inside an array of shape ${shown(shape)}` }));
    const codes = Array.from({ length: width }, (_, at) => part.readUInt32LE(4 * at));
    if (codes.some((code) => code > 0x10ffff)) throw new Fault(dataMalformed({ place, reason: 'it holds no text' }));
    const word = String.fromCodePoint(...codes).replace(/\0+$/, '');
    if (i === classes) throw tooMany(place, input, word, words);
    words.push(word);
  }
  requireAll(place, input, words);
  return words;
}

async function readHeader(place: string, bytes: ByteReader): Promise<{ array: StoredArray; start: number }> {
  const { shape, columnMajor, descriptor, start } = await readFields(place, bytes);
  const { element, little } = typeOf(place, descriptor);
  return { array: { place, shape, element, little, columnMajor }, start };
}

interface Fields {
  readonly shape: readonly number[];
  readonly columnMajor: boolean;
  /** NumPy's name of the type. */
  readonly descriptor: unknown;
  /** Where the numbers begin. */
  readonly start: number;
}

async function readFields(place: string, bytes: ByteReader): Promise<Fields> {
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place, reason }));
  const magic = await bytes.take(8);
  if (magic.length < 8 || String.fromCharCode(...magic.subarray(0, 6)) !== '\x93NUMPY')
    throw malformed('this is not a .npy array');
  const version = magic[6];
  if (version < 1 || version > 3 || magic[7] !== 0)
    throw malformed(`version ${version}.${magic[7]} of .npy is not known, only 1.0 to 3.0`);
  const width = version === 1 ? 2 : 4;
  const counted = Buffer.from(await bytes.take(width));
  const length = counted.length < width ? Infinity : counted.readUIntLE(0, width);
  const header = Buffer.from(await bytes.take(Math.min(length, longestHeader)));
  if (header.length < length) throw malformed('the file ends inside its header, or its header is longer than 1 MiB');
  const fields = parseLiteral(header.toString(version === 3 ? 'utf8' : 'latin1'));
  if (!(fields instanceof Map) || fields.size !== 3) throw malformed('its header does not describe an array');
  const [shape, columnMajor] = [fields.get('shape'), fields.get('fortran_order')];
  if (!isShape(shape) || typeof columnMajor !== 'boolean') throw malformed('its header does not describe an array');
  return { shape, columnMajor, descriptor: fields.get('descr'), start: 8 + width + length };
}

function typeOf(place: string, descriptor: unknown): { readonly element: Element; readonly little: boolean } {
  const [, order, name] = (typeof descriptor === 'string' && /^([<>|=]?)(.*)$/s.exec(descriptor)) || ['', '', ''];
  const element = types.get(name);
  if (element) return { element, little: order !== '>' };
  const kinds = new Map([
    ...['U', 'S', 'a'].map((letter) => [letter, 'texts'] as const),
    ...['M', 'm'].map((letter) => [letter, 'dates or times'] as const),
    ['c', 'complex numbers'],
    ['O', 'Python objects'],
    ['V', 'records or raw bytes'],
  ]);
  const kind = name === '' ? 'records' : kinds.get(name[0]);
  const what = kind === undefined ? 'an unknown type' : kind;
  const shownType = typeof descriptor === 'string' ? ` (${shortened(descriptor)})` : '';
  throw new Fault(dataMalformed({ place, reason: `it holds ${what}${shownType}, and an input takes numbers` }));
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
