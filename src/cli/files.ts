// Reading sources and writing outputs, `-` being standard input and output.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { reasonOf } from '../data/files.js';
import { Fault, type Source } from '../diagnostics/diagnostic.js';
import { fileUnreadable, fileUnwritable } from '../diagnostics/files.js';
import { library } from '../embedded.js';

/** Every source read so far, by the name that diagnostics know it by. */
const texts = new Map<string, string>(library.map(({ file, text }) => [file, text]));

/** The text of a file that a diagnostic names. */
export function textOf(file: string): string | undefined {
  return texts.get(file);
}

/** Reads a source by the name the user gave. */
export function readSource(file: string): Source {
  const name = file === '-' ? 'standard input' : file;
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8');
    texts.set(name, text);
    return { file: name, text };
  } catch (error) {
    throw new Fault(fileUnreadable({ file: name, reason: reasonOf(error) }));
  }
}

/** Reads an imported file; undefined where there is none. */
export function readImport(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    texts.set(path, text);
    return text;
  } catch {
    return undefined;
  }
}

export interface OutputFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Writes files whole: first all of them beside their places, then all into place. */
export function writeFiles(files: readonly OutputFile[]): void {
  const beside = files.map((file) => ({ ...file, temporary: `${file.path}.${process.pid}.tmp` }));
  try {
    for (const { path, temporary, content } of beside) {
      refuseFolder(path);
      attempt(path, () => writeFileSync(temporary, content));
    }
    for (const { path, temporary } of beside) attempt(path, () => renameSync(temporary, path));
  } finally {
    for (const { temporary } of beside) rmSync(temporary, { force: true });
  }
}

/** A folder would only be noticed by the rename, after another file is in place. */
function refuseFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Fault(fileUnwritable({ file: path, reason: 'it is a folder' }));
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Fault(fileUnwritable({ file: path, reason: missing ? 'its folder does not exist' : reasonOf(error) }));
  }
}
