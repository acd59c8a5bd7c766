// Reading the files that a data source names; what goes wrong comes out as a diagnostic.
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { dataMalformed, dataUnreadable } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';

export interface DataFile {
  /** The name as the model's author wrote it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Reads a file named from `folder`; a gzipped one is unpacked. */
export async function readDataFile(folder: string, name: string): Promise<DataFile> {
  const bytes = await readBytes(resolve(folder, name), name);
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!gzipped) return { name: basename(name), bytes };
  try {
    return { name: basename(name), bytes: gunzipSync(bytes) };
  } catch {
    throw new Fault(dataMalformed({ place: basename(name), reason: 'the gzipped data is damaged or cut short' }));
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of its path is not a folder'],
  ['EACCES', 'permission is denied'],
  ['EPERM', 'permission is denied'],
  ['EROFS', 'the file system is read-only'],
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

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Fault(dataUnreadable({ file: name, reason: reasonOf(error) }));
  }
}
