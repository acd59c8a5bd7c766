// Reading the files that a data source names, in windows; what goes wrong comes out as a diagnostic.
import { closeSync, constants, createReadStream, openSync, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { dataMalformed, dataUnreadable } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { overLimit, type Limits } from './limits.js';
import { noteRead } from './reads.js';

/** Bytes in parts of any length. */
export type Chunks = AsyncIterable<Uint8Array>;

const window = 2 ** 20;

/** How files are read. */
export interface ReadOptions {
  readonly limits: Limits;
  /** Is told how many bytes of a file have been read, and how many it has, where that is known. */
  progress?(file: string, read: number, size: number | undefined): void;
}

/** A file's bytes from the first to the last; a gzipped one is unpacked on the way. */
export async function* chunksOf(folder: string, name: string, options: ReadOptions): Chunks {
  const place = basename(name);
  const path = resolve(folder, name);
  noteRead(path);
  const { size, portion, isPipe } = await portionOf(path);
  const stream = createReadStream(path, { highWaterMark: portion });
  const noWriter = isPipe ? unlessWritten(path, name, stream) : undefined;
  try {
    const chunks = counting(stream, (read) => options.progress?.(place, read, size));
    const first = await chunks.next();
    if (first.done === true) return;
    const whole = startingWith(first.value, chunks);
    if (!isGzipped(first.value)) yield* whole;
    else {
      const unzip = createGunzip({ chunkSize: Math.max(portion, 2 ** 14) });
      const unpacked = through(unzip, whole, place, 'the gzipped data is damaged or cut short');
      yield* withinReason(unpacked, place, options.limits, () => unzip.bytesWritten);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw noWriter?.fault() ?? new Fault(dataUnreadable({ file: name, reason: reasonOf(error) }));
  } finally {
    noWriter?.end();
    stream.destroy();
  }
}

/** Ends the wait for a pipe that nobody writes to: Node would wait for ever. */
function unlessWritten(path: string, name: string, stream: ReadStream): { fault(): Fault | undefined; end(): void } {
  let fault: Fault | undefined;
  const timer = setTimeout(() => {
    if (!stream.pending) return;
    fault = new Fault(dataUnreadable({ file: name, reason: 'it is a pipe, and nobody writes to it' }));
    stream.destroy(fault);
    // Who opens a pipe for reading waits for someone who opens it for writing.
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  }, patience);
  return { fault: () => fault, end: () => clearTimeout(timer) };
}

/** So many milliseconds a pipe has until someone opens it for writing. */
const patience = 5000;

async function* counting(chunks: Chunks, tell: (read: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let read = 0;
  for await (const chunk of chunks) {
    read += chunk.length;
    tell(read);
    yield chunk;
  }
}

/** What unpacks to far more than data do is made to fill a disk. `packed`: the bytes that have been unpacked. */
async function* withinReason(chunks: Chunks, place: string, limits: Limits, packed: () => number): Chunks {
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    requireReason(place, length, packed(), limits);
    yield chunk;
  }
}

/** Refuses so many bytes that come of so few. */
export function requireReason(place: string, size: number, packed: number, { unpacked }: Limits): void {
  if (size <= unpacked.bytes || size <= unpacked.times * packed) return;
  const reason = `it unpacks to more than ${unpacked.times} times its size, as no data do but such as are made to fill a disk`;
  throw new Fault(dataMalformed({ place, reason }));
}

/** How much is read at once: no more than there is, where that can be told. */
async function portionOf(path: string): Promise<{ size: number | undefined; portion: number; isPipe: boolean }> {
  // What is wrong with it is told when it is opened.
  const found = await stat(path).catch(() => undefined);
  const size = found?.size || undefined;
  return { size, portion: Math.min(window, size ?? window), isPipe: found?.isFIFO() === true };
}

/** Sends bytes through a decompressor; damage is said of `place`. */
export async function* through(decompressor: Transform, chunks: Chunks, place: string, damage: string): Chunks {
  try {
    // What fails in one of the two is told to who reads the last.
    yield* pipeline(Readable.from(chunks), decompressor, () => undefined) as Chunks;
  } catch (error) {
    throw /^(Z_|ERR_)/.test(codeOf(error)) ? new Fault(dataMalformed({ place, reason: damage })) : error;
  }
}

/** Bytes at any place of a file. */
export interface Archive {
  readonly name: string;
  readonly size: number;
  /** Fewer bytes than asked for where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  chunks(offset: number, length: number): Chunks;
}

/** Opens an archive while `action` reads from it. A gzipped one, and one that comes through a pipe, is held in memory. */
export async function withArchive<T>(
  folder: string,
  name: string,
  options: ReadOptions,
  action: (archive: Archive) => Promise<T>,
): Promise<T> {
  const path = resolve(folder, name);
  try {
    if (!(await stat(path)).isFile()) return await action(inMemory(name, await collected(folder, name, options)));
    noteRead(path);
    const file = await open(path);
    try {
      const { size } = await file.stat();
      let read = 0;
      const archive = archiveOf(name, size, async (offset, length) => {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, offset);
        options.progress?.(basename(name), Math.min(size, (read += bytesRead)), size);
        return bytes.subarray(0, bytesRead);
      });
      const gzipped = isGzipped(await archive.read(0, 2));
      return await action(gzipped ? inMemory(name, await collected(folder, name, options)) : archive);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Fault || codeOf(error) === '') throw error;
    throw new Fault(dataUnreadable({ file: name, reason: reasonOf(error) }));
  }
}

/** Takes bytes one after another. */
export interface ByteReader {
  /** The next bytes, fewer at the end. */
  take(length: number): Promise<Uint8Array>;
}

/** Reads chunks in portions of the length that is asked for; they are closed when `action` is done. */
export async function reading<T>(chunks: Chunks, action: (bytes: ByteReader) => Promise<T>): Promise<T> {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  const take = async (length: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0;) {
      if (rest.length === 0) {
        const next = await iterator.next();
        if (next.done === true) break;
        rest = next.value;
        continue;
      }
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  };
  try {
    return await action({ take });
  } finally {
    await iterator.return?.();
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['EACCES', 'permission is denied'],
  ['EPERM', 'permission is denied'],
  ['EROFS', 'the file system is read-only'],
  ['EEXIST', 'a file of this name exists'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'it would be larger than files may be here'],
  ['EIO', 'the device reports a fault'],
  ['EPIPE', 'its reader has ended'],
  ['EBADF', 'it is closed'],
  ['EINVAL', 'the system does not allow it'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['ETXTBSY', 'it is in use'],
  ['EBUSY', 'it is in use'],
  ['ENXIO', 'no device or reader is behind it'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ERR_INVALID_ARG_VALUE', 'no file can have this name'],
  ['ERR_FS_FILE_TOO_LARGE', 'it is larger than 2 GB'],
]);

/** What an error of the file system means, in plain words. */
export function reasonOf(error: unknown): string {
  return reasons.get(codeOf(error)) ?? (error instanceof Error ? error.message : String(error));
}

/** The code of an error of the system: ENOENT. Empty where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function collected(folder: string, name: string, options: ReadOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunksOf(folder, name, options)) {
    length += part.length;
    if (length > options.limits.archive)
      throw overLimit(basename(name), 'the unpacked archive', options.limits.archive);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function inMemory(name: string, bytes: Uint8Array): Archive {
  return archiveOf(name, bytes.length, (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)));
}

function archiveOf(name: string, size: number, readInside: Archive['read']): Archive {
  const read: Archive['read'] = async (offset, length) => {
    const inside = Math.min(length, size - offset);
    return inside > 0 ? readInside(offset, inside) : new Uint8Array(0);
  };
  return {
    name: basename(name),
    size,
    read,
    async *chunks(offset, length) {
      for (let at = offset; at < offset + length;) {
        const part = await read(at, Math.min(window, offset + length - at));
        if (part.length === 0) return;
        yield part;
        at += part.length;
      }
    },
  };
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): Chunks {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
