// .npz archives, written a window at a time: stored arrays as NumPy's `savez` writes them, beyond 4 GB with the wide fields of zip.
import { crc32 } from 'node:zlib';

/** An array of an archive; its bytes may be asked for more than once. */
export interface NpzArray {
  readonly name: string;
  /** As NumPy names types: `<f4`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** The first index varies fastest, as in Fortran. */
  readonly columnMajor?: boolean;
  readonly bytes: number;
  chunks(): Iterable<Uint8Array>;
}

/** The archive's bytes in order. */
export function* npzChunks(arrays: readonly NpzArray[]): Generator<Uint8Array, void, undefined> {
  const entries: Entry[] = [];
  let offset = 0;
  for (const array of arrays) {
    const header = npyHeader(array);
    let crc = crc32(header);
    for (const chunk of array.chunks()) crc = crc32(chunk, crc);
    const entry = { name: Buffer.from(`${array.name}.npy`), crc, size: header.length + array.bytes, offset };
    entries.push(entry);
    const local = localHeader(entry);
    yield local;
    yield header;
    yield* array.chunks();
    offset += local.length + entry.size;
  }
  const directory = Buffer.concat(entries.map(directoryEntry));
  yield directory;
  yield directoryEnd(entries.length, directory.length, offset);
}

/** Texts as NumPy has them: as wide as the longest, four bytes a character. */
export function textArray(name: string, texts: readonly string[]): NpzArray {
  const codes = texts.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const width = codes.reduce((most, each) => Math.max(most, each.length), 1);
  const values = new Int32Array(width * texts.length);
  codes.forEach((each, i) => values.set(each, i * width));
  const bytes = new Uint8Array(values.buffer);
  return { name, type: `<U${width}`, shape: [texts.length], bytes: bytes.length, chunks: () => [bytes] };
}

interface Entry {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

function npyHeader({ type, shape, columnMajor = false }: NpzArray): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${type}', 'fortran_order': ${columnMajor ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  // With what stands before it, and a line end, a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', 9 + length);
  return header;
}

const full = 0xffffffff;

/** The fields of eight bytes that those of four have no room for, in the order of the format. */
function wideFields(values: readonly number[]): Buffer {
  const wide = values.filter((value) => value >= full);
  if (wide.length === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(4 + 8 * wide.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * wide.length, 2);
  wide.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
  return extra;
}

/** Version, flags (names in UTF-8), method (stored), a date, the checksum and both sizes: what both headers of an entry have in common. */
function commonFields({ crc, size }: Entry): Buffer {
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(size >= full ? 45 : 20, 0);
  fields.writeUInt16LE(0x0800, 2);
  // 1980-01-01, so that the same data give the same bytes.
  fields.writeUInt16LE(0x0021, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(Math.min(size, full), 14);
  fields.writeUInt32LE(Math.min(size, full), 18);
  return fields.subarray(0, 22);
}

function localHeader(entry: Entry): Buffer {
  const extra = wideFields([entry.size, entry.size]);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16LE(entry.name.length, 0);
  lengths.writeUInt16LE(extra.length, 2);
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), commonFields(entry), lengths, entry.name, extra]);
}

function directoryEntry(entry: Entry): Buffer {
  const { name, size, offset } = entry;
  const extra = wideFields([size, size, offset]);
  const rest = Buffer.alloc(18);
  rest.writeUInt16LE(name.length, 0);
  rest.writeUInt16LE(extra.length, 2);
  rest.writeUInt32LE(Math.min(offset, full), 14);
  const start = Buffer.from('PK\x01\x02\x2d\x00', 'latin1');
  return Buffer.concat([start, commonFields(entry), rest, name, extra]);
}

function directoryEnd(count: number, length: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(Math.min(length, full), 12);
  end.writeUInt32LE(Math.min(offset, full), 16);
  if (offset < full && count < 0xffff) return end;
  const wide = Buffer.alloc(56);
  wide.write('PK\x06\x06', 'latin1');
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(length), 40);
  wide.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(offset + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([wide, locator, end]);
}
