// Reading sources and writing outputs, `-` being standard input and output.
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, reasonOf } from '../data/files.js';
import { isRead, noteRead } from '../data/reads.js';
import { Fault, type Source } from '../diagnostics/diagnostic.js';
import { fileUnreadable, fileUnwritable } from '../diagnostics/files.js';
import { library } from '../embedded.js';
import { pause, writeAll } from './output.js';

/** No model is as long as this: a device that never ends, or a file of another kind. */
const longestSource = 64 * 2 ** 20;

/** Every source read so far, by the name that diagnostics know it by. */
const texts = new Map<string, string>(library.map(({ file, text }) => [file, text]));

/** The text of a file that a diagnostic names. */
export function textOf(file: string): string | undefined {
  return texts.get(file);
}

/** What diagnostics call a source that comes through a pipe. */
export const standardInput = 'standard input';

/** Reads a source by the name the user gave; `exact`: one that is not UTF-8 is refused. */
export function readSource(file: string, { exact = false } = {}): Source {
  const name = file === '-' ? standardInput : file;
  try {
    const bytes = file === '-' ? readAll(0) : readOpened(file);
    const text = bytes.toString('utf8');
    if (exact && !bytes.equals(Buffer.from(text))) throw new Error('it is not UTF-8');
    texts.set(name, text);
    return { file: name, text };
  } catch (error) {
    throw new Fault(fileUnreadable({ file: name, reason: reasonOf(error) }));
  }
}

/** Makes a text known by a name, so that diagnostics can show its lines. */
export function rememberSource(file: string, text: string): void {
  texts.set(file, text);
}

/** Reads an imported file; undefined where there is none. */
export function readImport(path: string): string | undefined {
  try {
    const text = readOpened(path).toString('utf8');
    texts.set(path, text);
    return text;
  } catch {
    return undefined;
  }
}

/** Reads imported files, and keeps the text of each by its path. */
export function keepingImports(): { readonly imports: ReadonlyMap<string, string>; readonly read: typeof readImport } {
  const imports = new Map<string, string>();
  const read = (path: string): string | undefined => {
    const text = readImport(path);
    if (text !== undefined) imports.set(path, text);
    return text;
  };
  return { imports, read };
}

/** The bytes of a file of any length. Parts of them are copies, which those of Node's Buffer are not. */
export function readBytes(path: string): Uint8Array {
  try {
    noteRead(path);
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    throw new Fault(fileUnreadable({ file: path, reason: reasonOf(error) }));
  }
}

function readOpened(path: string): Buffer {
  noteRead(path);
  const descriptor = openSync(path, 'r');
  try {
    return readAll(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0; ;) {
    const part = Buffer.allocUnsafe(2 ** 16);
    const read = readSome(descriptor, part);
    if (read === 0) return Buffer.concat(parts);
    length += read;
    if (length > longestSource) throw new Error('it is longer than 64 MiB');
    parts.push(part.subarray(0, read));
  }
}

/** Waits where standard input is a pipe that does not block. */
function readSome(descriptor: number, part: Uint8Array): number {
  for (;;)
    try {
      return readSync(descriptor, part);
    } catch (error) {
      if (codeOf(error) === 'EOF') return 0;
      if (codeOf(error) !== 'EAGAIN') throw error;
      pause(5);
    }
}

export interface OutputFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/**
 * Writes files whole: first all of them beside their places and flushed, then all into place. What is no file but a
 * device or a pipe is written as it is. What this command has read is replaced only where it is there to change it.
 */
export function writeFiles(files: readonly OutputFile[], { inPlace = false } = {}): void {
  if (!inPlace) for (const { path, content } of files) keepRead(path, content);
  const beside: { readonly path: string; readonly place: string; readonly temporary: string }[] = [];
  try {
    for (const { path, content } of files) {
      const place = placeOf(path);
      if (place === undefined) {
        attempt(path, () => writeFileSync(path, content));
        continue;
      }
      const temporary = temporaryFor(place);
      removeLeftBeside(place);
      beside.push({ path, place, temporary });
      attempt(path, () => writeFlushed(temporary, content, modeOf(place)));
    }
    for (const { path, place, temporary } of beside) attempt(path, () => renameSync(temporary, place));
  } finally {
    for (const { temporary } of beside) removeQuietly(temporary);
  }
}

/** Writes parts of a file, one after another, so that it is whole or not there; `-` is standard output. */
export function writeChunks(path: string, chunks: Iterable<Uint8Array>): void {
  if (path !== '-') keepRead(path);
  const place = path === '-' ? undefined : placeOf(path);
  const temporary = place === undefined ? undefined : temporaryFor(place);
  if (place !== undefined) removeLeftBeside(place);
  const name = path === '-' ? 'standard output' : path;
  const descriptor = path === '-' ? 1 : attempt(name, () => openSync(temporary ?? path, 'w'));
  try {
    for (const chunk of chunks) attempt(name, () => writeAll(descriptor, chunk));
    if (temporary !== undefined) attempt(path, () => fsyncSync(descriptor));
    if (place !== undefined && temporary !== undefined) attempt(path, () => renameSync(temporary, place));
  } finally {
    if (path !== '-') closeSync(descriptor);
    if (temporary !== undefined) removeQuietly(temporary);
  }
}

/** Refuses to put something else in the place of what has been read. */
function keepRead(path: string, content?: string | Uint8Array): void {
  if (!isRead(path) || (content !== undefined && readFileSync(path).equals(Buffer.from(content)))) return;
  throw new Fault(fileUnwritable({ file: path, reason: 'this command reads it, so name another' }));
}

/** Refuses files that cannot be written, before the work whose results they are to hold; `-` is standard output. */
export function checkWritable(paths: readonly (string | undefined)[]): void {
  for (const path of paths) {
    const place = path === undefined || path === '-' ? undefined : placeOf(path);
    if (path !== undefined && place !== undefined) attempt(path, () => tryWriting(place));
  }
}

/** The same of a folder that is there or is to be made, with those above it. */
export function checkFolderWritable(path: string): void {
  reached(path, () => {
    let at = resolve(path);
    for (; statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at));
    if (!isFolder(at)) throw new Fault(fileUnwritable({ file: path, reason: 'a file of this name exists' }));
    tryWriting(join(at, 'nnc'));
  });
}

/** Opens a file beside `place` and removes it: permissions alone do not tell what a file system refuses. */
function tryWriting(place: string): void {
  const temporary = temporaryFor(place);
  try {
    closeSync(openSync(temporary, 'w'));
  } finally {
    removeQuietly(temporary);
  }
}

/** Makes a folder and those above it. Node's own `recursive` never returns where a file system refuses, as /proc does. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing)
    try {
      mkdirSync(folder);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !isFolder(folder)) throw error;
    }
}

/** Runs what makes a folder; what goes wrong is said of it. */
export function reached(folder: string, action: () => void): void {
  attempt(folder, () => {
    try {
      action();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      throw new Fault(fileUnwritable({ file: folder, reason: 'no folder can be made there' }));
    }
  });
}

/** Runs what touches a file; what goes wrong is said of `path`. */
export function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      fileUnwritable({ file: path, reason: codeOf(error) === 'ENOENT' ? noPlace(error, path) : reasonOf(error) }),
    );
  }
}

/** Why there can be no such file. */
function noPlace(error: unknown, path: string): string {
  const { path: touched } = error as { readonly path?: unknown };
  return isFolder(dirname(typeof touched === 'string' ? touched : path))
    ? 'no file can be made there'
    : 'its folder does not exist';
}

/** Where a file is written before it goes to its place. */
function temporaryFor(place: string): string {
  return `${place}.${process.pid}.tmp`;
}

/** Where a file goes, past symbolic links; undefined for devices and pipes. What is a folder, or only to be read, is refused before anything is written. */
function placeOf(path: string): string | undefined {
  const found = attempt(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return path;
  if (found.isDirectory()) throw new Fault(fileUnwritable({ file: path, reason: 'it is a folder' }));
  // Another file in its place would go past what its permissions say of it.
  attempt(path, () => accessSync(path, constants.W_OK));
  return found.isFile() ? attempt(path, () => realpathSync(path)) : undefined;
}

/** What a file may be used for, which stays where it is written again. */
function modeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mode;
}

function writeFlushed(path: string, content: string | Uint8Array, mode: number | undefined): void {
  const descriptor = openSync(path, 'w');
  try {
    if (mode !== undefined) fchmodSync(descriptor, mode & 0o777);
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a process that was killed has left beside a file. */
function removeLeftBeside(path: string): void {
  const [folder, name] = [dirname(path), basename(path)];
  for (const other of namesIn(folder)) {
    if (!other.startsWith(`${name}.`)) continue;
    const left = /^\.(\d+)\.tmp$/.exec(other.slice(name.length));
    if (left && !isRunning(Number(left[1]))) removeQuietly(join(folder, other));
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What cannot be removed stays. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is only in the way.
  }
}
