// Zip archives, as far as .npz and .keras need them: what they hold is read from the directory at their end, and entries one by one.
import { createInflateRaw, crc32 } from 'node:zlib';
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { requireReason, through, type Archive, type Chunks } from './files.js';
import type { Limits } from './limits.js';

export interface ZipEntry {
  readonly name: string;
  /** The name as it is stored. */
  readonly nameBytes: Buffer;
  /** Where its own header begins. */
  readonly offset: number;
  /** In the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  readonly crc: number;
  readonly method: number;
  readonly encrypted: boolean;
}

const longestDirectory = 2 ** 26;

/** The entries of an archive. */
export async function entriesOf(archive: Archive): Promise<readonly ZipEntry[]> {
  const { count, offset, length } = await directoryOf(archive);
  const bytes = Buffer.from(await archive.read(offset, length));
  if (bytes.length < length) throw damaged(archive);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || bytes.readUInt32LE(at) !== 0x02014b50) throw damaged(archive);
    const [names, extras, comments] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const next = at + 46 + names + extras + comments;
    if (next > length) throw damaged(archive);
    const nameBytes = bytes.subarray(at + 46, at + 46 + names);
    const extra = bytes.subarray(at + 46 + names, at + 46 + names + extras);
    // Sizes and places of four bytes that are full stand in eight bytes of the extra field, in this order.
    const [size, packed, start] = widened(
      archive,
      extra,
      [24, 20, 42].map((field) => bytes.readUInt32LE(at + field)),
    );
    const flags = bytes.readUInt16LE(at + 8);
    entries.push({
      name: nameBytes.toString('utf8'),
      nameBytes,
      offset: start,
      packed,
      size,
      crc: bytes.readUInt32LE(at + 16),
      method: bytes.readUInt16LE(at + 10),
      encrypted: (flags & 1) !== 0,
    });
    at = next;
  }
  return entries;
}

/** The bytes of an entry; neither more nor fewer than its directory says, and with the checksum that it says. */
export async function* chunksOfEntry(archive: Archive, entry: ZipEntry, limits: Limits): Chunks {
  const place = `${archive.name}, ${entry.name}`;
  const malformed = (reason: string): Fault => new Fault(dataMalformed({ place, reason }));
  const header = Buffer.from(await archive.read(entry.offset, 30));
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50)
    throw malformed('the archive is damaged: no entry begins where its directory says');
  const names = header.readUInt16LE(26);
  const start = entry.offset + 30 + names + header.readUInt16LE(28);
  const name = await archive.read(entry.offset + 30, names);
  if (entry.nameBytes.compare(name) !== 0)
    throw malformed('the archive is damaged: its directory has another name for this entry');
  if (entry.encrypted) throw malformed('it is encrypted');
  if (entry.method !== 0 && entry.method !== 8)
    throw malformed(`it is packed by method ${entry.method} of zip; only deflate and none are read`);
  if (start + entry.packed > archive.size || (entry.method === 0 && entry.packed !== entry.size))
    throw malformed('the archive is damaged: this entry ends outside of it');
  requireReason(place, entry.size, entry.packed, limits);
  const stored = archive.chunks(start, entry.packed);
  const unpacked =
    entry.method === 0
      ? stored
      : through(createInflateRaw({ chunkSize: 2 ** 20 }), stored, place, 'it is damaged or cut short');
  let length = 0;
  let sum = 0;
  for await (const part of unpacked) {
    length += part.length;
    if (length > entry.size) break;
    sum = crc32(part, sum);
    yield part;
  }
  if (length !== entry.size)
    throw malformed(`it is damaged: its length unpacked is not the ${entry.size} that its directory says`);
  if (sum !== entry.crc) throw malformed('it is damaged: its checksum (CRC) is another one');
}

/** The place of the directory, from the record at the archive's end. */
async function directoryOf(archive: Archive): Promise<{ count: number; offset: number; length: number }> {
  const from = Math.max(0, archive.size - 65_557);
  const tail = Buffer.from(await archive.read(from, archive.size - from));
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > tail.length) throw damaged(archive);
  const [count, length, offset] = [
    tail.readUInt16LE(end + 10),
    tail.readUInt32LE(end + 12),
    tail.readUInt32LE(end + 16),
  ];
  const found = end >= 20 ? await wideDirectoryOf(archive, tail.subarray(end - 20, end)) : undefined;
  const directory = found ?? { count, offset, length };
  if (directory.length > longestDirectory || directory.offset + directory.length > from + end) throw damaged(archive);
  return directory;
}

/** What an archive of over 4 GB or 65,535 entries has before that record. */
async function wideDirectoryOf(
  archive: Archive,
  locator: Buffer,
): Promise<{ count: number; offset: number; length: number } | undefined> {
  if (locator.readUInt32LE(0) !== 0x07064b50) return undefined;
  const record = Buffer.from(await archive.read(Number(locator.readBigUInt64LE(8)), 56));
  if (record.length < 56 || record.readUInt32LE(0) !== 0x06064b50) throw damaged(archive);
  const [count, length, offset] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field)));
  return { count, offset, length };
}

function widened(archive: Archive, extra: Buffer, values: readonly number[]): number[] {
  if (!values.includes(0xffffffff)) return [...values];
  let wide = extra.subarray(0, 0);
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) wide = extra.subarray(at + 4, end);
    at = end;
  }
  let at = 0;
  return values.map((value) => {
    if (value !== 0xffffffff) return value;
    if (at + 8 > wide.length) throw damaged(archive);
    at += 8;
    return Number(wide.readBigUInt64LE(at - 8));
  });
}

function damaged(archive: Archive): Fault {
  const kind = archive.name.endsWith('.keras') ? '.keras' : '.npz';
  return new Fault(dataMalformed({ place: archive.name, reason: `this is not a ${kind} archive, or it is damaged` }));
}
